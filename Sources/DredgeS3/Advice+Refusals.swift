import DredgeAWS
import DredgeBase

/// What to do about a listing or a read that a policy refuses.
extension Advice {
    /// About what `operation` asks for.
    func refusedRead(_ fault: ServiceFault?) -> String {
        let denial = Denial(fault?.message ?? "")
        let causes = AccessRefusal.ranked(
            isListing: operation.key == nil, serviceCode: fault?.code, denial: denial, isAnonymous: !context.isSigned,
            isRole: context.isReadByRole, namesOwner: context.expectedBucketOwner != nil)
        return list(causes.map { clause($0, denial) })
            + (operation.key == nil || causes.count == 1
                ? ""
                : " If a KMS key encrypts the object, reading it needs kms:Decrypt on that key, too. Without "
                    + "s3:ListBucket a deleted object is refused like this as well.")
            + otherReasons(fault)
    }

    /// About the KMS key of an object.
    func refusedKey(_ fault: ServiceFault?) -> String {
        let message = fault?.message ?? ""
        let denial = Denial(message)
        let key = denial.resource.flatMap { ARN($0)?.service == "kms" ? $0 : nil } ?? Denial.keyARN(in: message)
        let keyAccount = key.flatMap { ARN($0)?.account }
        let readerAccount = denial.caller.flatMap { ARN($0)?.account }
        let isForeign = keyAccount != nil && readerAccount != nil && keyAccount != readerAccount
        let name = key.map { "the KMS key \(printable($0.utf8, scalarCountMax: 300))" } ?? "the object's KMS key"
        let causes = KeyRefusal.ranked(serviceCode: fault?.code, denial: denial, isForeign: isForeign)
        return list(causes.map { clause($0, of: name, denial) }) + " Reading the object needs kms:Decrypt on \(name). "
            + KeyRefusal.bothMustAllow
    }

    private func list(_ clauses: [String]) -> String {
        if clauses.count == 1 { return "S3 says that \(clauses[0])." }
        let list = clauses.enumerated().map { "(\($0 + 1)) \($1)" }.joined(separator: "; ")
        return "S3 gives the same answer for all of these, likely ones first: \(list)."
    }

    /// What a listing is of; empty: the whole bucket, or no listing.
    private var prefix: [UInt8] { if case .list(let prefix) = operation.action { Array(prefix.bytes) } else { [] } }

    private var permission: String { operation.key == nil ? "s3:ListBucket" : "s3:GetObject" }

    /// For the middle of a sentence.
    private func clause(_ cause: AccessRefusal, _ denial: Denial) -> String {
        let what = "\(permission) on \(resourceName)"
        let reader = readerName(denial)
        return switch cause {
        case .shutForEverybody: "access to the bucket is shut for everybody: its owner must open it again"
        case .denied(let kind):
            "a statement forbids it, in \(kind.name(.bucket)): find the one with \"Effect\": \"Deny\" that covers "
                + "\(what), and except \(reader) from it"
        case .limited(let kind): "\(kind.name(.bucket)) doesn't allow it: allow \(what) there, too"
        case .notPublic:
            "the bucket is not public (the request was anonymous, auth: anonymous): use another kind of auth, or have "
                + "its owner allow \(what) to everybody"
        case .readerMayNot: "no policy of \(reader) allows it: allow \(what) there"
        case .prefixNotAllowed:
            prefix.isEmpty
                ? "a condition on s3:prefix allows a part of the bucket only: set the source's prefix to that part"
                : "a condition on s3:prefix leaves out the prefix "
                    + "\"\(printable(prefix, scalarCountMax: 120))\""
        case .bucketPolicy:
            context.isReadByRole
                ? "a statement of the bucket's policy refuses \(reader)"
                : "the bucket's policy doesn't let \(reader) in: allow \(what) there, which the owner of a bucket of "
                    + "another account must"
        case .bucketOfOtherAccount:
            "the bucket belongs to another account than the role: then its own policy must let the role in"
        case .deniedAbove:
            "a policy above both sides forbids it: a service control policy, a permissions boundary, the policy of a "
                + "VPC endpoint"
        }
    }

    private func clause(_ cause: KeyRefusal, of key: String, _ denial: Denial) -> String {
        let reader = readerName(denial)
        return switch cause {
        case .disabled: "\(key) is disabled: its owner must enable it"
        case .gone: "\(key) does not exist any more: without it nobody can decrypt the object"
        case .unusable:
            "\(key) can't be used now, most often because its deletion is pending: its owner must cancel that and "
                + "enable the key"
        case .denied(let kind):
            "a statement forbids kms:Decrypt, in \(kind.name(.key)): find the one with \"Effect\": \"Deny\", and "
                + "except \(reader) from it"
        case .limited(let kind): "\(kind.name(.key)) doesn't allow kms:Decrypt: allow it there, too"
        case .readerMayNotDecrypt: "no policy of \(reader) allows kms:Decrypt on \(key)"
        case .keyPolicy: "the key's own policy does not let \(reader) in"
        case .managedByAWS:
            "the key is the one that AWS manages (aws/s3), which other accounts can never use: read with a role of "
                + "its account, or have the objects encrypted anew"
        }
    }

    private func readerName(_ denial: Denial) -> String {
        guard context.isSigned else { return "everybody (the request was anonymous)" }
        return denial.caller.map { printable($0.utf8, scalarCountMax: 300) } ?? "the identity that signs"
    }
}
