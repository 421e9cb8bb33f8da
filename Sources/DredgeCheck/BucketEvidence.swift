import Dredge
import DredgeAWS
import DredgeS3

/// What is known of a listing or a read that S3 refused, and what follows from it.
struct BucketEvidence {
    let source: Source
    /// Who asked; nil: nobody signs, or it is not known.
    let reader: CallerPrincipal?
    /// `s3:ListBucket` or `s3:GetObject`.
    let action: String
    let denial: Denial
    let error: S3Error
    /// What became of the same request with a session that isn't narrowed to the source.
    var wide = SourceWalk.Trial.notTried
    /// A prefix near the source's that may be listed.
    var allowedPrefix: String?
    /// What became of the listing with a request that says that the reader pays.
    var payingReader = SourceWalk.Trial.notTried
    /// Whether something else can be read: an object, where the listing was refused; other objects of the listing,
    /// where one was refused.
    var objectRead = SourceWalk.Trial.notTried
    var objectKey: ObjectKey?

    var isAnonymous: Bool { if case .anonymous = source.auth { true } else { false } }
    var isRole: Bool { if case .assumeRole = source.auth { true } else { false } }
    var readerName: String { reader?.arn ?? denial.caller ?? "the identity that signs" }
    var owner: String? { source.expectedBucketOwnerAccount }
    var arn: String { CheckDocuments.bucketARN(source, partition: reader?.partition) }

    var commonCause: CheckCause? {
        if wide == .allowed {
            return CheckCause(
                .sessionTooNarrow, isCertain: true, "The policy that narrows the session to this source refuses it.",
                because: "With a session of the same role that isn't narrowed, AWS allows it.",
                change: RequiredChange(
                    .you,
                    "Write session_policy: none under this role_arn in the config, and tell Dredge's makers: "
                        + "its own policy should allow this."
                ))
        }
        if error.code == .requesterPays || payingReader == .allowed || error.words.contains("equester Pays") {
            return CheckCause(
                .requesterPays, isCertain: true, "The bucket charges who reads it (requester pays).",
                because: payingReader == .allowed
                    ? "The same listing is allowed when the request says that you pay." : "S3 says so.",
                change: RequiredChange(
                    .you,
                    "If you agree to be charged for requests and transfer, write request_payer: requester in the "
                        + "config. Else ask the bucket's owner to switch Requester Pays off."
                ))
        }
        return nil
    }

    /// What the refusal itself tells, with the sentences for each.
    func refusals(isListing: Bool) -> [AccessRefusal] {
        AccessRefusal.ranked(
            isListing: isListing, serviceCode: error.serviceCode, denial: denial, isAnonymous: isAnonymous,
            isRole: isRole, namesOwner: owner != nil)
    }

    func cause(_ refusal: AccessRefusal, isListing: Bool) -> CheckCause {
        switch refusal {
        case .shutForEverybody:
            CheckCause(
                .bucketPolicy, isCertain: true, "The bucket is shut for everybody.",
                because: "S3 says so (AllAccessDisabled).",
                change: RequiredChange(.bucketOwner(owner), "Open the bucket again; AWS support says why it was shut."))
        case .denied(let kind):
            CheckCause(
                .deniedExplicitly, isCertain: true, "A statement forbids it, in \(kind.name(.bucket)).",
                because: "AWS says so: an explicit deny. It outweighs whatever allows \(action).",
                change: RequiredChange(
                    Denial.party(for: kind, caller: reader?.account, owner: owner, owns: .bucket),
                    "Find the statement with \"Effect\": \"Deny\" in \(kind.name(.bucket)) that covers \(action) on "
                        + "\(arn), and except \(readerName) from it."
                ))
        case .limited(let kind):
            CheckCause(
                .deniedAbove, isCertain: true, "It is not allowed by \(kind.name(.bucket)).",
                because:
                    "AWS says so. Such a policy sets a limit: what it does not allow is "
                    + "refused, whatever others allow.",
                change: RequiredChange(
                    Denial.party(for: kind, caller: reader?.account, owner: owner, owns: .bucket),
                    "Add \(action) on \(arn) to what \(kind.name(.bucket)) allows."))
        case .notPublic: notPublic
        case .readerMayNot: isListing ? listNotAllowed : getNotAllowed
        case .prefixNotAllowed: source.prefix.isEmpty ? wholeBucketNotAllowed : prefixNotAllowed(nil)
        case .bucketPolicy: bucketPolicy
        case .bucketOfOtherAccount: bucketOfOtherAccount
        case .deniedAbove: deniedAbove
        }
    }

    /// One that stands alone is certain.
    func causes(_ refusals: [AccessRefusal], isListing: Bool) -> [CheckCause] {
        let causes = refusals.map { cause($0, isListing: isListing) }
        guard causes.count == 1, !causes[0].isCertain else { return causes }
        return [certain(causes[0])]
    }

    var bucketPolicy: CheckCause {
        if isRole {
            return CheckCause(
                .bucketPolicy, "The bucket's own policy refuses the role.",
                because:
                    "A deny in the bucket policy (for other networks, accounts or roles) outweighs "
                    + "what the role's policy allows.",
                change: RequiredChange(
                    .bucketOwner(owner),
                    "Read the bucket's policy (S3 console, \(source.bucket), Permissions) and except "
                        + "\(readerName) from its denies. If the bucket belongs to another account than the role, "
                        + "add the statements below to it.",
                    CheckDocuments.bucket(source, reader: reader)))
        }
        return CheckCause(
            .bucketPolicy, "The bucket's policy does not let you in.",
            because:
                "Without a role, the owner of a bucket of another account lets you in by its bucket policy, "
                + "which must name \(readerName).",
            change: RequiredChange(
                .bucketOwner(owner),
                "Add the statements below to the bucket's policy (S3 console, \(source.bucket), Permissions).",
                CheckDocuments.bucket(source, reader: reader)))
    }

    var deniedAbove: CheckCause {
        CheckCause(
            .deniedAbove, "A policy above both sides forbids it.",
            because:
                "A service control policy of an AWS organization, a permissions boundary, or the policy of a VPC "
                + "endpoint on the way to S3 can refuse what both sides allow.",
            change: RequiredChange(
                .organization(reader?.account), "Look for \(action) on \(arn) in those policies."))
    }

    var readingChange: RequiredChange {
        let place = "Give \(holder) this policy (\(reader?.policyPlace ?? "IAM console"))."
        let who = isRole ? ResponsibleParty.roleAccount(reader?.account) : .callerAccount(reader?.account)
        return RequiredChange(who, place, CheckDocuments.reading(source, partition: reader?.partition, holder: holder))
    }

    var holder: String { reader?.words ?? "the identity that signs" }

    func certain(_ cause: CheckCause) -> CheckCause {
        var cause = cause
        cause.isCertain = true
        cause.evidence = "AWS says that it is this kind of policy that does not allow it. " + cause.evidence
        return cause
    }

    /// What to look for in CloudTrail.
    func trail(event: String) -> String {
        "In CloudTrail of the bucket's account, if it records data events of S3: event \(event), error AccessDenied, "
            + "by \(readerName), with the request ID above."
    }
}
