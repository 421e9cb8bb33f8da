import DredgeAWS
import DredgeIAM
import Foundation
import Yams

/// Decodes the `session_policy` of a hop.
extension AuthDecoding {
    private static let policyAdvice = "write narrowed, none, or a policy document"

    /// nil where something is wrong, which has been reported.
    func sessionPolicy(_ value: ConfigValue) -> SessionPolicy? {
        if case .mapping = value.node {
            guard let document = json(value)?.compactText else { return nil }
            if let complaint = RoleHopRules.sessionPolicy(document) { value.report(complaint) }
            return .document(document)
        }
        guard let text = value.checked(Self.policyAdvice, by: Self.complaint) else { return nil }
        switch text {
        case "none": return SessionPolicy.none
        case "narrowed": return .narrowed
        default: return .document(text)
        }
    }

    private static func complaint(_ text: String) -> String? {
        if text == "none" || text == "narrowed" { return nil }
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        guard object is [String: Any] else { return "is not narrowed, none, or a policy document in JSON" }
        return RoleHopRules.sessionPolicy(text)
    }

    /// A policy document that stands in the config as YAML. Every scalar becomes a string: IAM takes numbers and
    /// booleans as strings too.
    private func json(_ value: ConfigValue) -> JSONValue? {
        switch value.node {
        case .mapping(let mapping):
            guard document.visit(value) else { return nil }
            var members: [JSONValue.Member] = []
            for (key, node) in mapping {
                guard let name = key.scalar?.string else {
                    document.report("a key must be a name", path: value.path, mark: key.mark)
                    return nil
                }
                if let name = document.repeatedName(at: key.mark) {
                    document.reportRepeat(
                        of: name, path: "\(value.path).\(Quoting.escaped(name))", at: key.mark, again: nil)
                    return nil
                }
                let path = "\(value.path).\(Quoting.escaped(name))"
                let field = ConfigValue(node: node, path: path, document: document, keyMark: key.mark)
                guard let content = json(field) else { return nil }
                members.append(.init(name: name, value: content))
            }
            return JSONValue(.object(members))
        case .sequence:
            guard let items = value.items("[…]") else { return nil }
            let contents = items.compactMap(json)
            return contents.count == items.count ? .array(contents) : nil
        case .scalar, .alias:
            return value.text(Self.policyAdvice).map { .string($0.value) }
        }
    }
}
