import DredgeIAM

/// A policy that was looked at.
public struct CheckedPolicy: Sendable {
    /// What it is for.
    public var kind: PolicyKind
    /// From the text's root, as `Resources.Role.Properties.AssumeRolePolicyDocument`; empty: the text itself.
    public var path: String
    /// From 1, in the text that was given.
    public var line: Int
    /// From 1, in characters.
    public var column: Int
    /// How many statements it has.
    public var statementCount: Int
    let document: JSONValue

    init(kind: PolicyKind, path: String, document: JSONValue) {
        self.kind = kind
        self.path = path
        (line, column) = (document.place.line, document.place.column)
        statementCount = document["Statement"].map { $0.array?.count ?? 1 } ?? 0
        self.document = document
    }
}

extension PolicyKind {
    /// What a policy of this kind is looked at for, as the items of a list.
    public var subjects: [String] {
        let own =
            switch self {
            case .trust: ["who may assume the role", "the external ID", "session tags"]
            case .permissions, .bucket:
                (self == .bucket ? ["who is let in"] : []) + [
                    "resources that fit the actions", "more than a reader needs",
                    "listing and reading of one bucket and prefix",
                ]
            case .kms: ["who may use the key", "actions and resources"]
            }
        return ["the language of policies"] + own + [
            "what a machine can't meet (MFA, private addresses, a VPC)", "dates that are past",
        ]
    }
}
