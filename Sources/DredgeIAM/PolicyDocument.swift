/// An IAM policy: of an identity, a resource, a role's trust, a session (IAM User Guide, "IAM JSON policy element
/// reference").
///
/// Equal documents give the same text, byte for byte, in the order of AWS's own examples.
public struct PolicyDocument: Sendable, Hashable {
    /// The version of the language, not of the document. Policy variables and `${*}` need this one.
    public static let version = "2012-10-17"

    /// Names the document; nil: it has no name.
    public var id: String?
    /// At least one.
    public var statements: [PolicyStatement]

    /// A policy of statements.
    public init(statements: [PolicyStatement], id: String? = nil) {
        self.statements = statements
        self.id = id
    }

    /// On one line without blanks, in ASCII: what counts against AWS's limits.
    public var compactJSON: String { json.compactText }

    /// A line for each member, in ASCII, without a newline at the end.
    public var prettyJSON: String { json.prettyText }

    package var json: JSONValue {
        .object([
            "Version": .string(Self.version), "Id": id.map(JSONValue.string),
            "Statement": .array(statements.map(\.json)),
        ])
    }
}

/// Allows or denies actions.
public struct PolicyStatement: Sendable, Hashable {
    /// What the statement does.
    public enum Effect: String, Sendable {
        /// Allows.
        case allow = "Allow"
        /// Denies, whatever others allow.
        case deny = "Deny"
    }

    /// Names the statement, in letters and digits; nil: it has no name.
    public var sid: String?
    /// What it does.
    public var effect: Effect
    /// Whom the statement is about; nil in the policies of identities and sessions, which are about their holder.
    public var principal: Principal?
    /// As `s3:GetObject`; at least one.
    public var actions: [String]
    /// Patterns of ARNs (`PolicyPattern`); empty in trust policies, which are about their role.
    public var resources: [String]
    /// All of them must hold. Written grouped by operator, in the order of the first of each.
    public var conditions: [PolicyCondition]

    /// A statement.
    public init(
        sid: String? = nil, effect: Effect = .allow, principal: Principal? = nil, actions: [String],
        resources: [String] = [], conditions: [PolicyCondition] = []
    ) {
        self.sid = sid
        self.effect = effect
        self.principal = principal
        self.actions = actions
        self.resources = resources
        self.conditions = conditions
    }

    package var json: JSONValue {
        .object([
            "Sid": sid.map(JSONValue.string), "Effect": .string(effect.rawValue), "Principal": principal?.json,
            "Action": .oneOrMore(actions), "Resource": resources.isEmpty ? nil : .oneOrMore(resources),
            "Condition": conditions.isEmpty ? nil : PolicyCondition.json(conditions),
        ])
    }
}

/// Whom a statement of a trust or resource policy is about.
public enum Principal: Sendable, Hashable {
    /// ARNs of roles, users, or of accounts (`arn:aws:iam::123456789012:root`: every identity there that its account
    /// allows it).
    case aws([String])
    /// Services, as `ec2.amazonaws.com`.
    case service([String])

    package var json: JSONValue {
        switch self {
        case .aws(let arns): .object(["AWS": .oneOrMore(arns)])
        case .service(let names): .object(["Service": .oneOrMore(names)])
        }
    }
}

/// Something that must hold of a request: one of `values` for `key`, as `operator` compares them.
public struct PolicyCondition: Sendable, Hashable {
    /// As `StringEquals`.
    public var `operator`: String
    /// As `sts:ExternalId`.
    public var key: String
    /// One of them is enough.
    public var values: [String]

    /// A condition.
    public init(_ operator: String, _ key: String, _ values: [String]) {
        self.operator = `operator`
        self.key = key
        self.values = values
    }

    fileprivate static func json(_ conditions: [PolicyCondition]) -> JSONValue {
        var operators: [JSONValue.Member] = []
        for condition in conditions {
            let member = JSONValue.Member(name: condition.key, place: .none, value: .oneOrMore(condition.values))
            if let index = operators.firstIndex(where: { $0.name == condition.operator }) {
                let others = operators[index].value.members ?? []
                operators[index].value = JSONValue(.object(others + [member]))
            } else {
                operators.append(.init(name: condition.operator, place: .none, value: JSONValue(.object([member]))))
            }
        }
        return JSONValue(.object(operators))
    }
}
