/// One AssumeRole of a chain. The values are checked before the first request (`RoleHopRules`).
public struct RoleHop: Sendable, Hashable {
    /// `arn:partition:iam::account:role/path/name`, at most 2,048 characters.
    public var roleARN: String
    /// What the role's trust policy demands as `sts:ExternalId`; 2 to 1,224 of `A-Z a-z 0-9 _ + = , . @ : / -`. Not a
    /// secret.
    public var externalID: String?
    /// 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`, once `{run_id}` and `{source}` in it stand for what they name
    /// (`SessionName`); nil: `dredge-{run_id}`.
    public var sessionName: String?
    /// 15 minutes to 12 hours, and at most the role's own maximum; nil: one hour. Where a role's session signs the
    /// call, one hour is asked for at most.
    public var duration: Duration?
    /// Whose STS endpoint is asked; nil: the chain's.
    public var region: String?
    /// What narrows the session.
    public var sessionPolicy = SessionPolicy.narrowed
    /// Who is behind the whole chain: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`, not beginning with `aws:`. Trust needs
    /// `sts:SetSourceIdentity`.
    public var sourceIdentity: String?
    /// Session tags, at most 50. Trust needs `sts:TagSession`.
    public var tags: [String: String] = [:]
    /// Keys of `tags` that the sessions of all further hops have too.
    public var transitiveTagKeys: [String] = []

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

/// What narrows a role's session: it may do what both the role's policies and this allow ("Session policies", IAM User
/// Guide).
public enum SessionPolicy: Sendable, Hashable {
    /// To what a run does: list the source's prefix, read its objects, decrypt them through S3. For the last hop of a
    /// source's chain; a hop before it isn't narrowed. Left out, with a warning, where STS finds it too large.
    case narrowed
    /// Nothing: the session may do whatever the role may.
    case none
    /// This IAM policy, in JSON: at most 2,048 characters of U+0020 to U+00FF, tab and line breaks.
    case document(String)
}
