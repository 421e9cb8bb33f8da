public import DredgeAWS
public import DredgeIAM

/// A policy together with what it belongs to (a role, a bucket, a key): enough to put it into place.
public struct PolicySetup: Sendable, Hashable {
    /// What the policy belongs to.
    public enum Holder: Sendable, Hashable {
        /// A role that is to be made, as its trust policy.
        case newRole(RoleTemplate)
        /// A role that is there already, as its inline policy of that name.
        case role(name: String, policyName: String)
        /// A user that is there already, likewise.
        case user(name: String, policyName: String)
        /// A bucket or an access point, as statements of its policy.
        case bucket(BucketScope)
        /// A KMS key, as statements of its policy, or as a grant for the reader.
        case key(EncryptionKey, reader: TrustedPrincipal)
    }

    /// The policy itself.
    public var document: PolicyDocument
    /// What it belongs to.
    public var holder: Holder

    /// A policy for what it belongs to.
    public init(document: PolicyDocument, holder: Holder) {
        self.document = document
        self.holder = holder
    }
}

/// A role that is to be made.
public struct RoleTemplate: Sendable, Hashable {
    /// `arn:partition:iam::account:role/path/name`.
    public let arn: ARN
    /// The longest session that it gives, 3,600 to 43,200 seconds. (With a role's session it is assumed for an hour at
    /// most, whatever stands here.)
    public let sessionSecondsMax: Int
    /// What it may do; nil: nothing yet.
    public let permissions: PolicyDocument?

    /// Throws for an ARN that is not a role's. `sessionSecondsMax` is brought into its range.
    public init(roleARN: String, sessionSecondsMax: Int = 3600, permissions: PolicyDocument? = nil) throws(AWSError) {
        guard RoleARN(roleARN) != nil, let arn = ARN(roleARN) else {
            throw AWSError(
                code: .invalidParameter, step: "describe the role",
                message: "'\(roleARN.printable)' is not the ARN of a role",
                advice: "It looks like arn:aws:iam::123456789012:role/Name.")
        }
        self.arn = arn
        self.sessionSecondsMax = min(max(sessionSecondsMax, 3600), 43_200)
        self.permissions = permissions
    }

    /// What follows the last slash.
    public var name: String { String(arn.resource.split(separator: "/").last ?? "") }

    /// With slashes at both ends; `/` where there is none.
    public var path: String { String(arn.resource.dropFirst("role".count).dropLast(name.count)) }

    /// Of the inline policy with its permissions.
    static let permissionsName = "DredgeAccess"
}
