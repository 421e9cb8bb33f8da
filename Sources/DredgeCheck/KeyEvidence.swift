import Dredge
import DredgeAWS
import DredgeS3

/// What is known of a key that keeps an object from being read, and what follows from it.
struct KeyEvidence {
    let source: Source
    let reader: CallerPrincipal?
    let denial: Denial
    let error: S3Error
    /// Whether a session that isn't narrowed to the source may read.
    let isRefusedBySession: Bool
    /// nil: S3 told none.
    let keyARN: String?

    private var keyAccount: String? { keyARN.flatMap { ARN($0)?.account } }
    private var isForeign: Bool { keyAccount != nil && reader != nil && keyAccount != reader?.account }
    private var readerName: String { reader?.arn ?? denial.caller ?? "the identity that signs" }
    private var holder: String { reader?.words ?? "who reads" }
    private var keyName: String { keyARN ?? "the object's key" }

    /// The likeliest first. A certain one stands alone.
    func causes() -> [CheckCause] {
        let refusals = KeyRefusal.ranked(serviceCode: error.serviceCode, denial: denial, isForeign: isForeign)
        if isRefusedBySession, ![[.disabled], [.gone], [.unusable]].contains(refusals) { return [sessionTooNarrow] }
        let causes = refusals.map { cause($0) }
        guard causes.count == 1, !causes[0].isCertain else { return causes }
        return [certain(causes[0])]
    }

    private func cause(_ refusal: KeyRefusal) -> CheckCause {
        switch refusal {
        case .disabled: unusable("is disabled", "Enable it (KMS console, Customer managed keys).")
        case .gone:
            unusable(
                "does not exist any more",
                "Without it the objects can't be decrypted by anybody. Restore them from a copy.")
        case .unusable:
            unusable(
                "can't be used now: most often because its deletion is pending",
                "Cancel its deletion and enable it (KMS console, Customer managed keys).")
        case .denied(let kind):
            CheckCause(
                .deniedExplicitly, isCertain: true, "A statement forbids kms:Decrypt, in \(kind.name(.key)).",
                because: "AWS says so: an explicit deny. It outweighs whatever allows it.",
                change: RequiredChange(
                    Denial.party(for: kind, caller: reader?.account, owner: keyAccount, owns: .key),
                    "Find the statement with \"Effect\": \"Deny\" in \(kind.name(.key)) that covers kms:Decrypt on "
                        + "\(keyName), and except \(readerName) from it."
                ))
        case .limited(let kind):
            CheckCause(
                .deniedAbove, isCertain: true, "kms:Decrypt is not allowed by \(kind.name(.key)).",
                because:
                    "AWS says so. Such a policy sets a limit: what it does not allow is "
                    + "refused, whatever others allow.",
                change: RequiredChange(
                    Denial.party(for: kind, caller: reader?.account, owner: keyAccount, owns: .key),
                    "Add kms:Decrypt on \(keyName) to what \(kind.name(.key)) allows."))
        case .readerMayNotDecrypt: decryptNotAllowed
        case .keyPolicy: keyPolicy
        case .managedByAWS: keyManagedByAWS
        }
    }

    /// What to look for in CloudTrail.
    var trail: String {
        let account = keyAccount.map { "account \($0)" } ?? "the key's account"
        return "In CloudTrail of \(account): event Decrypt of kms.amazonaws.com, by \(readerName)."
    }

    private func unusable(_ state: String, _ change: String) -> CheckCause {
        CheckCause(
            .keyUnusable, isCertain: true, "The key \(state).", because: "S3 says so (\(error.serviceCode ?? "")).",
            change: RequiredChange(.keyOwner(keyAccount), change))
    }

    /// A run's session may decrypt with the key of the config only.
    private var sessionTooNarrow: CheckCause {
        let isOther = source.kmsKeyARN != nil && keyARN != nil && source.kmsKeyARN != keyARN
        return CheckCause(
            .sessionTooNarrow, isCertain: true,
            isOther
                ? "The config names another key than the one that encrypts the object."
                : "The policy that narrows the session to this source refuses the key.",
            because:
                "A run's session may decrypt with \(source.kmsKeyARN ?? "the role's keys") only. A session of the same "
                + "role that isn't narrowed can read the object.",
            change: RequiredChange(
                .you,
                isOther
                    ? "Write kms_key_arn: \(keyName) in the config, or take kms_key_arn out of it."
                    : "Write session_policy: none under this role_arn in the config, and tell Dredge's makers: "
                        + "its own policy should allow this."
            ))
    }

    private var decryptNotAllowed: CheckCause {
        let isRole = if case .assumeRole = source.auth { true } else { false }
        return CheckCause(
            .decryptNotAllowed, "\(holder.asSentence.dropLast()) may not use the key.",
            because:
                "The object is encrypted with \(keyName). Reading it needs kms:Decrypt "
                + "on that key beside s3:GetObject. \(KeyRefusal.bothMustAllow)",
            change: RequiredChange(
                isRole ? .roleAccount(reader?.account) : .callerAccount(reader?.account),
                "Give \(holder) this policy (\(reader?.policyPlace ?? "IAM console")). Its "
                    + "last statement is the missing one.",
                CheckDocuments.reading(source, partition: reader?.partition, holder: holder, keyARN: keyARN)))
    }

    private var keyPolicy: CheckCause {
        CheckCause(
            .keyPolicyNotAllowing, "The key's own policy does not let \(holder) in.",
            because: isForeign
                ? "The key belongs to account \(keyAccount ?? ""), \(holder) to another one. "
                    + KeyRefusal.bothMustAllow
                : "A key's policy decides whether policies of identities count for it at all.",
            change: RequiredChange(
                .keyOwner(keyAccount),
                "Add the statement below to the key's policy (KMS console, Customer managed keys, Key policy).",
                CheckDocuments.key(keyARN, reader: reader)))
    }

    private var keyManagedByAWS: CheckCause {
        CheckCause(
            .keyManagedByAWS, "The key is the one that AWS manages (aws/s3), which other accounts can never use.",
            because:
                "The key belongs to account \(keyAccount ?? "…"), you read as \(holder) of account "
                + "\(reader?.account ?? "…"). The policy of aws/s3 can't be changed.",
            change: RequiredChange(
                .bucketOwner(keyAccount),
                "Let Dredge read by way of a role in account \(keyAccount ?? "…") (assume_role in the "
                    + "config): the account's own roles may use aws/s3. Or encrypt the objects anew, with a "
                    + "customer managed key or with SSE-S3."
            ))
    }

    private func certain(_ cause: CheckCause) -> CheckCause {
        var cause = cause
        cause.isCertain = true
        cause.evidence += " AWS says that it is this kind of policy that does not allow it."
        return cause
    }
}
