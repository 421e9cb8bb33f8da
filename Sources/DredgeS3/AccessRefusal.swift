package import DredgeAWS

/// Why S3 denies a listing or a read, as far as its answer and the source's settings tell, for all who tell of it.
package enum AccessRefusal: Sendable, Hashable {
    /// `AllAccessDisabled`
    case shutForEverybody
    /// A statement forbids it.
    case denied(by: Denial.PolicyKind)
    /// A policy that sets a limit leaves it out.
    case limited(by: Denial.PolicyKind)
    /// Nobody signed, and the bucket is not for everybody.
    case notPublic
    /// No policy of who reads allows it.
    case readerMayNot
    /// A condition of the policy that allows listings leaves the prefix out.
    case prefixNotAllowed
    case bucketPolicy
    case bucketOfOtherAccount
    /// By a policy that no message names.
    case deniedAbove

    /// The likeliest first; one that stands alone is certain.
    /// - Parameters:
    ///   - isListing: a listing was asked for, else an object.
    ///   - isAnonymous: whether nobody signs.
    ///   - isRole: whether the session of a role that the source names signs.
    ///   - namesOwner: whether S3 was told which account owns the bucket.
    package static func ranked(
        isListing: Bool, serviceCode: String?, denial: Denial, isAnonymous: Bool, isRole: Bool, namesOwner: Bool
    ) -> [AccessRefusal] {
        if serviceCode == "AllAccessDisabled" { return [.shutForEverybody] }
        switch denial.decision {
        case .denied(let kind): return [.denied(by: kind)]
        case .notAllowed(by: .identity): return [.readerMayNot]
        case .notAllowed(by: .resource): return [.bucketPolicy]
        case .notAllowed(let kind): return [.limited(by: kind)]
        case .unknown: break
        }
        if isAnonymous { return [.notPublic] }
        let own: [AccessRefusal] = isListing ? [.readerMayNot, .prefixNotAllowed] : [.readerMayNot]
        let other: [AccessRefusal] = isListing && isRole && !namesOwner ? [.bucketOfOtherAccount] : []
        // Without a role it is most often the bucket of another account, whose policy has to let the reader in.
        return (isRole ? own + [.bucketPolicy] : [.bucketPolicy] + own) + other + [.deniedAbove]
    }
}

/// Why the KMS key of an object keeps it from being read, for all who tell of it.
package enum KeyRefusal: Sendable, Hashable {
    /// Disabled.
    case disabled
    /// Deleted, or never there.
    case gone
    /// In another state in which it can't be used, most often because its deletion is pending.
    case unusable
    /// A statement forbids it.
    case denied(by: Denial.PolicyKind)
    /// A policy that sets a limit leaves it out.
    case limited(by: Denial.PolicyKind)
    /// No policy of who reads allows `kms:Decrypt`.
    case readerMayNotDecrypt
    case keyPolicy
    /// Other accounts can never use the key `aws/s3`.
    case managedByAWS

    /// The likeliest first; one that stands alone is certain.
    /// - Parameter isForeign: whether the key is known to belong to another account than who reads.
    package static func ranked(serviceCode: String?, denial: Denial, isForeign: Bool) -> [KeyRefusal] {
        switch serviceCode {
        case "KMS.DisabledException": return [.disabled]
        case "KMS.NotFoundException": return [.gone]
        case "KMS.KMSInvalidStateException", "KMS.InvalidStateException": return [.unusable]
        default: break
        }
        switch denial.decision {
        case .denied(let kind): return [.denied(by: kind)]
        case .notAllowed(by: .identity): return [.readerMayNotDecrypt]
        case .notAllowed(by: .resource): return isForeign ? [.keyPolicy, .managedByAWS] : [.keyPolicy]
        case .notAllowed(let kind): return [.limited(by: kind)]
        case .unknown:
            return isForeign
                ? [.managedByAWS, .keyPolicy, .readerMayNotDecrypt] : [.readerMayNotDecrypt, .keyPolicy]
        }
    }

    /// Whether a refusal with this code and message is about a key. S3 passes on what KMS says, by codes that begin
    /// with `KMS.`, or by the message of an `AccessDenied`.
    package static func isMeant(serviceCode: String?, message: String?) -> Bool {
        if serviceCode?.hasPrefix("KMS.") == true { return true }
        guard let message = message?.lowercased() else { return false }
        return message.contains("kms:") || message.contains("kms key") || message.contains("ciphertext")
    }

    /// AWS KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
    package static let bothMustAllow =
        "Across accounts both must allow kms:Decrypt: the key's own policy, and a policy of the role or user that "
        + "reads."
}
