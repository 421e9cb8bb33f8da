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

    /// What such a policy is looked at for, each as words in a list.
    public var subjects: [String] {
        let conditions = [
            "conditions that a machine can't meet (MFA, private addresses, a VPC)", "dates that are past",
        ]
        return switch kind {
        case .trust:
            ["the language", "who may assume the role", "the external ID", "session tags"] + conditions
        case .permissions:
            [
                "the language", "actions and resources that fit each other", "more than a reader needs",
                "listing and reading of one bucket and prefix",
            ] + conditions
        case .bucket:
            [
                "the language", "who is let in", "actions and resources that fit each other",
                "more than a reader needs", "listing and reading of one bucket and prefix",
            ] + conditions
        case .kms: ["the language", "who may use the key", "actions", "resources"] + conditions
        }
    }
}
