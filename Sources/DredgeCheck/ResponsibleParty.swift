import DredgeAWS

/// Who can make a change.
public struct ResponsibleParty: Sendable, Hashable, Codable {
    /// In which capacity.
    public enum Role: String, Sendable, Hashable, Codable {
        /// Who runs Dredge.
        case you
        /// Who administers the account of the identity that signs.
        case callerAccount
        /// Who administers the account that a role belongs to.
        case roleAccount
        /// Who owns the bucket.
        case bucketOwner
        /// Who administers the account of a KMS key.
        case keyOwner
        /// Who runs the service that failed: nobody else can change anything.
        case service
        /// Who administers the AWS organization that an account is in.
        case organization
    }

    /// In which capacity.
    public var role: Role
    /// The AWS account, where it is known.
    public var account: String?

    static let service = ResponsibleParty(role: .service, account: nil)
    static let you = ResponsibleParty(role: .you, account: nil)

    static func callerAccount(_ account: String?) -> ResponsibleParty {
        ResponsibleParty(role: .callerAccount, account: account)
    }
    static func roleAccount(_ account: String?) -> ResponsibleParty {
        ResponsibleParty(role: .roleAccount, account: account)
    }
    static func bucketOwner(_ account: String?) -> ResponsibleParty {
        ResponsibleParty(role: .bucketOwner, account: account)
    }
    static func keyOwner(_ account: String?) -> ResponsibleParty { ResponsibleParty(role: .keyOwner, account: account) }
    static func organization(_ account: String?) -> ResponsibleParty {
        ResponsibleParty(role: .organization, account: account)
    }
}

extension Denial {
    /// Who can change a policy of that kind.
    static func party(for kind: PolicyKind, caller: String?, owner: String?, owns: Owned) -> ResponsibleParty {
        switch kind {
        case .identity, .permissionsBoundary: .callerAccount(caller)
        case .session, .endpoint: .you
        case .serviceControl: .organization(caller)
        case .resourceControl: .organization(owner)
        case .trust: .roleAccount(owner)
        case .resource:
            switch owns {
            case .role: .roleAccount(owner)
            case .bucket: .bucketOwner(owner)
            case .key: .keyOwner(owner)
            }
        }
    }
}
