/// One AssumeRole of a chain. The values are checked before the first request (limits: STS API reference, AssumeRole).
public struct RoleHop: Sendable, Hashable {
    /// `arn:partition:iam::account:role/path/name`, at most 2,048 characters.
    public var roleARN: String
    /// What the role's trust policy demands as `sts:ExternalId`; 2 to 1,224 of `A-Z a-z 0-9 _ + = , . @ : / -`. Not a secret.
    public var externalID: String?
    /// 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`; nil: the chain's default, `dredge-<run id>`.
    public var sessionName: String?
    /// 15 minutes to 12 hours, and at most the role's own maximum; nil: one hour. Behind the first hop at most one hour.
    public var duration: Duration?
    /// Whose STS endpoint is asked; nil: the chain's.
    public var region: String?
    /// An IAM policy in JSON that narrows the session, at most 2,048 characters.
    public var sessionPolicy: String?
    /// Who is behind the whole chain: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`, not beginning with `aws:`. Trust needs `sts:SetSourceIdentity`.
    public var sourceIdentity: String?
    /// Session tags, at most 50. Trust needs `sts:TagSession`.
    public var tags: [String: String] = [:]

    /// A hop with what most of them need.
    public init(
        roleARN: String, externalID: String? = nil, sessionName: String? = nil, duration: Duration? = nil,
        region: String? = nil
    ) {
        self.roleARN = roleARN
        self.externalID = externalID
        self.sessionName = sessionName
        self.duration = duration
        self.region = region
    }
}
