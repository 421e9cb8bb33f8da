import DredgeAWS
import DredgeIAM

/// The external ID, which keeps a third party's other customers out ("The confused deputy problem", IAM User Guide).
extension LintRun {
    private static let right = #""Condition": {"StringEquals": {"sts:ExternalId": "…"}}"#

    /// A statement that lets another account assume the role demands one.
    mutating func externalIDMissing(_ isThere: Bool, _ statement: JSONValue, _ path: String) {
        guard kind == .trust, !isThere, statement["Effect"]?.string == "Allow",
            statement["Principal"]?["AWS"] != nil || statement["Principal"]?.string == "*",
            let action = statement["Action"]
        else { return }
        let actions = (action.array ?? [action]).compactMap(\.string)
        guard actions.contains(where: { PolicyMatch.matches("sts:assumerole", pattern: $0.lowercased()) }) else {
            return
        }
        problem(
            "external-id-missing", statement, path,
            "no external ID is demanded, so that whoever can act as the principal gets in", "Add \(Self.right).")
    }

    mutating func externalID(
        _ key: JSONValue.Member, _ values: [(text: String, value: JSONValue, path: String)], operator name: String,
        statement: JSONValue, _ path: String
    ) {
        guard statement["Effect"]?.string != "Deny" else { return }
        externalIDOperator(key, values.map(\.text), operator: name, path)
        for (text, value, path) in values where name != "Null" { externalIDValue(text, value, path, operator: name) }
    }

    private mutating func externalIDOperator(
        _ key: JSONValue.Member, _ values: [String], operator name: String, _ path: String
    ) {
        let advice = "Write StringEquals."
        func report(_ severity: PolicyFinding.Severity, _ message: String) {
            self.report("external-id-operator", severity, key.place, path, message, advice)
        }
        switch name {
        case "StringEquals": return
        case "StringEqualsIgnoreCase": report(.advice, "capitals of the external ID don't count here")
        case "StringLike":
            if !values.contains(where: { $0.contains { "*?".contains($0) } }) {
                report(.advice, "StringLike compares with a pattern, and this is none")
            }
        case _ where name.hasSuffix("IfExists"):
            report(.problem, "\(name.printable) lets in who sends no external ID at all")
        case _ where name.hasPrefix("ForAllValues:"):
            report(.problem, "ForAllValues also holds where no external ID is sent")
        case _ where name.hasPrefix("ForAnyValue:"): report(.advice, "an external ID is a single value")
        case "Null": report(.problem, "Null says only whether an external ID is sent, not which")
        case _ where name.contains("Not"): report(.problem, "\(name.printable) lets in every other external ID")
        case _ where Self.isOperator(name): report(.problem, "\(name.printable) doesn't compare strings")
        default: return  // reported as no operator
        }
    }

    private static func isOperator(_ name: String) -> Bool {
        ["Arn", "Numeric", "Date", "Bool", "Binary", "Ip"].contains { name.hasPrefix($0) }
    }

    private mutating func externalIDValue(_ text: String, _ value: JSONValue, _ path: String, operator name: String) {
        if name.contains("Like"), text.contains(where: { "*?".contains($0) }) {
            problem(
                "external-id-pattern", value, path, "\(shown(text)) is a pattern, which other external IDs match, too",
                "Write the whole ID, with StringEquals.")
            return
        }
        if text.contains("${") { return }
        if text.contains(where: { $0.isWhitespace || "\"'“”‘’`".contains($0) }) {
            problem(
                "external-id-characters", value, path,
                "the external ID \(shown(text)) has a blank or a quotation mark in it, which counts", "Remove it.")
        } else if let complaint = RoleHopRules.externalID(text) {
            problem(
                "external-id-characters", value, path, "the external ID \(shown(text)) \(complaint)",
                "Copy it again from who gave it.")
        }
    }
}
