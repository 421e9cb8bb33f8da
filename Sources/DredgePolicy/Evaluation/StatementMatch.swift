import DredgeAWS
import DredgeIAM
import Foundation

/// A statement held against a request ("Policy evaluation logic", IAM User Guide).
struct StatementMatch {
    /// Whether the statement is about the request.
    private(set) var truth = Truth.yes
    /// The first thing that isn't so or can't be told, as the end of a sentence that begins with the statement's place.
    private(set) var reason: String?
    /// How much of the statement fits: the statement that fits best is likely the one that was meant.
    private(set) var rank = 0
    /// Whether it names the caller's account, which leaves to that account who may.
    private(set) var isByAccount = false

    private let statement: JSONValue
    private let request: PolicyRequest

    init(_ statement: JSONValue, _ request: PolicyRequest, hasPrincipal: Bool) {
        self.statement = statement
        self.request = request
        action()
        if truth != .no { resource() }
        if truth != .no, hasPrincipal { principal() }
        if truth != .no { conditions() }
    }

    private mutating func note(_ found: Truth, _ reason: String) {
        if found == .yes {
            rank += 1
            return
        }
        if truth == .yes || found == .no { self.reason = reason }
        truth = found
    }

    private mutating func action() {
        let wanted = request.action.lowercased()
        func matches(_ value: JSONValue) -> Truth {
            .any(
                Self.items(value).map { text in
                    text.map { Truth(PolicyMatch.matches(wanted, pattern: $0.lowercased())) } ?? .unknown
                })
        }
        if let action = statement["Action"] {
            note(matches(action), "it is about other actions")
        } else if let not = statement["NotAction"] {
            note(!matches(not), "its NotAction has \(request.action)")
        } else {
            note(.no, "it names no action")
        }
    }

    private mutating func resource() {
        guard let wanted = request.resource else { return }
        func matches(_ value: JSONValue) -> Truth {
            .any(
                Self.items(value).map { text in
                    guard let text, !PolicyMatch.hasVariable(text) else { return .unknown }
                    return Truth(PolicyMatch.matches(wanted, pattern: text))
                })
        }
        if let resource = statement["Resource"] {
            note(matches(resource), "its Resource is \(Self.list(resource))")
        } else if let not = statement["NotResource"] {
            note(!matches(not), "its NotResource has \(wanted)")
        } else {
            note(.no, "it names no resource")
        }
    }

    private mutating func principal() {
        guard let principal = statement["Principal"] else {
            return note(statement["NotPrincipal"] == nil ? .no : .unknown, "it doesn't say whom it is about")
        }
        if principal.string == "*" { return note(.yes, "") }
        guard let names = principal["AWS"] else {
            return note(PolicyEnvelope.isFunction(principal) ? .unknown : .no, "it is about no role or user")
        }
        guard let caller = request.caller else { return note(.yes, "") }
        var isByAccount = false
        let found = Truth.any(
            Self.items(names).map { text in
                guard let text else { return .unknown }
                if text == "\(caller)" || text == "*" { return .yes }
                let isAccount = ARN(text).map { $0.service == "iam" && $0.resource == "root" } ?? false
                guard isAccount || ARN.isAccountID(text) else { return .no }
                let isSame = text == caller.account || ARN(text)?.account == caller.account
                isByAccount = isByAccount || isSame
                return Truth(isSame)
            })
        self.isByAccount = isByAccount && !Self.items(names).contains("\(caller)")
        note(found, "its Principal is \(Self.list(names)), not \(caller)")
    }

    private mutating func conditions() {
        guard let condition = statement["Condition"] else { return }
        guard let operators = condition.members, !PolicyEnvelope.isFunction(condition) else {
            return note(.unknown, "its Condition can't be read")
        }
        for item in operators {
            for key in item.value.members ?? [] {
                let test = ConditionTest(item.name, Self.items(key.value))
                let actual = request.context[key.name.lowercased()]
                let found = actual.map { test.holds(for: $0) } ?? .unknown
                let has = actual.map { $0.isEmpty ? "the request has none" : "the request has \(Self.list($0))" }
                note(
                    found,
                    "its condition is \(item.name.printable) \(key.name.printable) \(Self.list(key.value)), and "
                        + (has ?? "what the request has, only AWS sees"))
                if truth == .no { return }
            }
        }
    }

    /// The texts of a value that may be one or an array of them; nil: only AWS knows.
    private static func items(_ value: JSONValue) -> [String?] {
        (value.array ?? [value]).map { item in
            switch item.content {
            case .string(let text), .number(let text): text
            case .boolean(let truth): String(truth)
            default: nil
            }
        }
    }

    private static func list(_ value: JSONValue) -> String { list(items(value).map { $0 ?? "…" }) }

    private static func list(_ texts: [String]) -> String {
        texts.prefix(3).map(shown).joined(separator: ", ") + (texts.count > 3 ? ", …" : "")
    }
}

/// An operator of a condition, and what it compares with.
struct ConditionTest {
    private let name: String
    private let values: [String?]

    init(_ name: String, _ values: [String?]) {
        self.name = name
        self.values = values
    }

    /// - Parameter actual: empty: the request doesn't have the key.
    func holds(for actual: [String]) -> Truth {
        var test = name[...]
        if test == "Null" {
            return values.count == 1
                ? values[0].map { Truth(($0.lowercased() == "true") == actual.isEmpty) } ?? .unknown
                : .unknown
        }
        if test.hasSuffix("IfExists") {
            if actual.isEmpty { return .yes }
            test = test.dropLast("IfExists".count)
        }
        if test.hasPrefix("ForAllValues:") {
            test = test.dropFirst("ForAllValues:".count)
            return .all(actual.map { one($0, test) })
        }
        if test.hasPrefix("ForAnyValue:") { test = test.dropFirst("ForAnyValue:".count) }
        // A key that is absent meets the operators that negate.
        if actual.isEmpty { return Truth(test.contains("Not")) }
        return .any(actual.map { one($0, test) })
    }

    private func one(_ actual: String, _ test: Substring) -> Truth {
        let isNegated = test.contains("Not")
        let found = Truth.any(
            values.map { value in
                guard let value, !PolicyMatch.hasVariable(value) else { return .unknown }
                return Self.compares(actual, value, String(test.replacing("Not", with: "")))
            })
        return isNegated ? !found : found
    }

    private static func compares(_ actual: String, _ value: String, _ test: String) -> Truth {
        switch test {
        case "StringEquals": return Truth(actual == value)
        case "StringEqualsIgnoreCase": return Truth(actual.lowercased() == value.lowercased())
        case "StringLike", "ArnEquals", "ArnLike": return Truth(PolicyMatch.matches(actual, pattern: value))
        case "Bool": return Truth(actual.lowercased() == value.lowercased())
        case _ where test.hasPrefix("Date") || test.hasPrefix("Numeric"):
            let limit = test.hasPrefix("Date") ? LintRun.moment(value)?.timeIntervalSince1970 : Double(value)
            guard let left = Double(actual), let right = limit else {
                return .unknown
            }
            return switch test.drop(while: { $0 != "L" && $0 != "G" && $0 != "E" }) {
            case "LessThan": Truth(left < right)
            case "LessThanEquals": Truth(left <= right)
            case "GreaterThan": Truth(left > right)
            case "GreaterThanEquals": Truth(left >= right)
            default: Truth(left == right)
            }
        default: return .unknown
        }
    }
}
