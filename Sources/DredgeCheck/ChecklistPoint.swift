/// The twelve points that a person goes through when a role of another account doesn't work (the checklist of a
/// vendor's guide on chained roles), and the steps of a check that answer them. A step that passes settles its points;
/// one that fails names the point by the cause.
public enum ChecklistPoint: String, Sendable, CaseIterable {
    /// The trust policy names the right principal, and that principal may assume the role.
    case principal
    /// The role's policies have the actions of S3 and KMS.
    case actions
    /// The external ID is the same, character for character.
    case externalID
    /// The role and the bucket of those ARNs exist.
    case arnExists
    /// The account IDs are right.
    case accountIDs
    /// The region is right, and STS is active in it.
    case region
    /// The base credentials are good.
    case baseCredentials
    /// No condition and no policy above stands in the way.
    case conditions
    /// The role and the principal that it trusts were not deleted and made anew.
    case roleNotDeleted
    /// The bucket's policy lets the reader in.
    case bucketPolicy
    /// The key's policy lets the reader decrypt.
    case keyPolicy
    /// CloudTrail was read: a refused step says what to look for (`CheckStep.trail`).
    case cloudTrail

    /// The steps that answer it.
    public var steps: [CheckStep.Kind] {
        switch self {
        case .principal, .roleNotDeleted: [.hop]
        case .externalID: [.config, .hop]
        case .actions: [.hop, .list, .read, .kms]
        case .arnExists: [.hop, .bucket, .list]
        case .accountIDs: [.config, .bucket, .list, .read]
        case .region: [.hop, .bucket, .list]
        case .baseCredentials: [.baseCredentials, .hop, .bucket, .list, .read, .clock]
        case .conditions: [.hop, .list, .read, .kms]
        case .bucketPolicy: [.bucket, .list, .read]
        case .keyPolicy: [.kms]
        case .cloudTrail: [.hop, .list, .read, .kms]
        }
    }
}

extension CheckCause.Code {
    /// The point of the checklist that it is a case of; nil: none of the twelve (networks, archives, empty listings).
    public var checklistPoint: ChecklistPoint? {
        switch self {
        case .callerMayNotAssume, .callerNotTrusted, .trustedElsewhere, .callerIsRootUser: .principal
        case .listNotAllowed, .getNotAllowed, .decryptNotAllowed, .tagsNotTrusted, .sourceIdentityNotTrusted: .actions
        case .externalIDWrong, .externalIDMissing, .externalIDHasBlanks: .externalID
        case .roleMissing, .bucketMissing: .arnExists
        case .roleOfOtherPartition, .bucketOfOtherAccount, .objectOfOtherAccount: .accountIDs
        case .regionNotActive, .bucketElsewhere: .region
        case .noCredentials, .credentialsExpired, .accessKeyUnknown, .secretKeyWrong, .clockIsWrong: .baseCredentials
        case .prefixNotAllowed, .deniedExplicitly, .deniedAbove, .sessionTooLong, .sessionTooNarrow: .conditions
        case .roleMadeAnew: .roleNotDeleted
        case .bucketPolicy, .requesterPays: .bucketPolicy
        case .keyPolicyNotAllowing, .keyManagedByAWS, .keyUnusable, .keyOtherThanNamed: .keyPolicy
        case .invalidSource, .tookTooLong, .nameNotFound, .notReachable, .tlsFailed, .notTheService, .requestChanged,
            .throttled, .serviceFailed, .sessionPolicyRefused, .nothingUnderPrefix, .nothingToRead, .objectArchived,
            .customerKeyNeeded:
            nil
        }
    }
}
