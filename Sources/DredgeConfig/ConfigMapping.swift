import DredgeAWS
import Yams

/// A mapping of a config file whose keys are known names.
struct ConfigMapping {
    let value: ConfigValue
    private let fields: [String: ConfigValue]

    var path: String { value.path }

    /// Reports keys that are not among `known` or `unlisted`. nil where `value` is no mapping, which is reported.
    /// - Parameter unlisted: keys that are right too, but are not named where a message lists what there is.
    init?(_ value: ConfigValue, known: [String], unlisted: [String] = [], advice: String) {
        guard value.document.visit(value) else { return nil }
        guard case .mapping(let mapping) = value.node, value.hasOrdinaryTag else {
            value.report("is \(value.kind), but a mapping belongs here: \(advice)")
            return nil
        }
        self.value = value
        var marks: [String: Mark?] = [:]
        for (key, _) in mapping { if let name = key.scalar?.string { marks[name] = key.mark } }
        var fields: [String: ConfigValue] = [:]
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key else {
                value.document.report(
                    "a key must be a name: \(Self.list(known))", path: value.path, mark: key.mark ?? value.node.mark)
                continue
            }
            let repeated = value.document.repeatedName(at: key.mark)
            let name = repeated ?? scalar.string
            let path = value.path.isEmpty ? name : "\(value.path).\(name)"
            if repeated != nil {
                let again = marks[name] ?? nil
                value.document.reportRepeat(of: name, path: Quoting.escaped(path), at: key.mark, again: again)
                continue
            }
            guard known.contains(name) || unlisted.contains(name) else {
                value.document.report(
                    Self.unknownKeyMessage(name, known: known, unlisted: unlisted), path: Quoting.escaped(path),
                    mark: key.mark)
                continue
            }
            fields[name] = ConfigValue(node: node, path: path, document: value.document, keyMark: key.mark)
        }
        self.fields = fields
    }

    /// nil: the key is absent.
    subscript(_ name: String) -> ConfigValue? { fields[name] }

    /// Reports an absent key.
    func required(_ name: String, _ advice: String) -> ConfigValue? {
        if let field = fields[name] { return field }
        value.document.report("\(name) is missing: \(advice)", path: value.path, mark: value.node.mark)
        return nil
    }

    /// Reports a problem at the place where the mapping begins.
    func report(_ message: String) { value.document.report(message, path: value.path, mark: value.node.mark) }

    /// Those of `names` that are there, in the order of the file.
    func present(_ names: [String]) -> [ConfigValue] {
        names.compactMap { fields[$0] }.sorted {
            ($0.keyMark?.line ?? 0, $0.keyMark?.column ?? 0) < ($1.keyMark?.line ?? 0, $1.keyMark?.column ?? 0)
        }
    }

    static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    private static func unknownKeyMessage(_ name: String, known: [String], unlisted: [String]) -> String {
        if name == "<<" {
            return "merge keys are not supported; write the keys out, or give a whole value a name with & and *"
        }
        if let nearest = NameSuggestion.nearest(to: name, among: known + unlisted) {
            return "unknown key; did you mean \(nearest)?"
        }
        return "unknown key; known here: \(list(known))"
    }
}
