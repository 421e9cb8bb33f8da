/// Something wrong in a policy, or to think about.
public struct PolicyFinding: Sendable, Hashable, Encodable {
    /// How bad it is.
    public enum Severity: String, Sendable, Encodable {
        /// Whoever wants to gets in: everybody may assume the role.
        case danger
        /// AWS refuses the policy, or it doesn't do what it is for, or it lets too much in.
        case problem
        /// It works, but could be better.
        case advice
    }

    /// What kind of finding, for programs: a short name that stays, as `external-id-missing`.
    public var rule: String
    /// How bad it is.
    public var severity: Severity
    /// From 1, in the text that was given.
    public var line: Int
    /// From 1, in characters.
    public var column: Int
    /// From the document's root, as `Statement[0].Principal.AWS`; empty: the document itself.
    public var path: String
    /// What is there.
    public var message: String
    /// What to write instead.
    public var advice: String
}

/// What a policy is for, which decides what it must have.
public enum PolicyKind: String, Sendable, Encodable, CaseIterable {
    /// Who may assume a role.
    case trust
    /// What an identity or a session may do.
    case permissions
    /// Who may do what with a bucket.
    case bucket
    /// Who may use a KMS key.
    case kms
}
