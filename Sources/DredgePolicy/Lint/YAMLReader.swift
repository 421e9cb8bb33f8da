import DredgeAWS
import DredgeIAM
import Yams

/// Reads YAML, as CloudFormation takes it, into the JSON that it stands for: `!Sub x` is `{"Fn::Sub": x}`.
enum YAMLReader {
    /// Whether `text` is rather YAML than JSON, which begins with a bracket.
    static func isYAML(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first(where: { !$0.properties.isWhitespace && $0 != "\u{FEFF}" }) else {
            return false
        }
        return first.properties.isAlphabetic || first == "#" || first == "-" && text.contains("\n")
    }

    static func value(of text: String) throws(JSONReader.Problem) -> JSONValue {
        if let name = aliasedName(text) {
            throw problem(
                nil, "the alias *\(name.printable) stands for what is written elsewhere",
                "CloudFormation reads no aliases: write it out.")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch YamlError.duplicatedKeysInMapping(let names, let context) {
            var problem = problem(
                context.mark, "'\((names.first ?? "").printable)' stands here a second time",
                "Put both into one, values as an array.")
            problem.rule = "duplicate-key"
            throw problem
        } catch let error as YamlError {
            throw syntaxProblem(error, text)
        } catch {
            throw problem(nil, "this is neither JSON nor YAML", "Paste the whole policy or template.")
        }
        guard let root else { throw problem(nil, "the document is empty", "Paste the whole policy.") }
        if root.scalar != nil {
            throw problem(root.mark, "this is neither a policy nor a template", advice(text))
        }
        return try value(root, depth: 0)
    }

    /// A name that is both given to a value and used elsewhere. A few of them within each other would make a value that
    /// no memory holds.
    private static func aliasedName(_ text: String) -> String? {
        let words = text.split { $0.isWhitespace || ",[]{}".contains($0) }
        let anchors = Set(words.lazy.filter { $0.hasPrefix("&") }.map { $0.dropFirst() })
        return words.first { $0.count > 1 && $0.hasPrefix("*") && anchors.contains($0.dropFirst()) }
            .map { String($0.dropFirst()) }
    }

    private static func value(_ node: Node, depth: Int) throws(JSONReader.Problem) -> JSONValue {
        guard depth < JSONReader.depthMax else {
            throw problem(node.mark, "values are nested too deep", "A policy needs no more than ten levels.")
        }
        let place = place(node.mark)
        var content: JSONValue.Content
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            content =
                switch (scalar.string, isPlain) {
                case ("true", true): .boolean(true)
                case ("false", true): .boolean(false)
                case ("", true), ("~", true), ("null", true): .null
                default: .string(scalar.string)
                }
        case .sequence(let sequence):
            var items: [JSONValue] = []
            for item in sequence { items.append(try value(item, depth: depth + 1)) }
            content = .array(items)
        case .mapping(let mapping):
            var members: [JSONValue.Member] = []
            for (key, item) in mapping {
                members.append(
                    .init(
                        name: key.scalar?.string ?? "", place: self.place(key.mark),
                        value: try value(item, depth: depth + 1)))
            }
            content = .object(members)
        case .alias:
            throw problem(node.mark, "there is an alias", "CloudFormation reads no aliases: write it out.")
        }
        if let function = function("\(node.tag)") {
            // `!Ref ""` and `!Sub true` are texts, too.
            if let scalar = node.scalar { content = .string(scalar.string) }
            return JSONValue(
                .object([.init(name: function, place: place, value: JSONValue(content, at: place))]), at: place)
        }
        return JSONValue(content, at: place)
    }

    /// What a short form stands for; nil: the tag is none of CloudFormation's.
    private static func function(_ tag: String) -> String? {
        guard tag.hasPrefix("!"), tag.count > 1 else { return nil }
        return tag == "!Ref" || tag == "!Condition" ? String(tag.dropFirst()) : "Fn::\(tag.dropFirst())"
    }

    private static func syntaxProblem(_ error: YamlError, _ text: String) -> JSONReader.Problem {
        let advice = advice(text)
        switch error {
        case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _), .composer(_, let text, let mark, _):
            return problem(mark, "this is no YAML: \(text.printable)", advice)
        default: return problem(nil, "this is neither JSON nor YAML", advice)
        }
    }

    private static func advice(_ text: String) -> String {
        text.contains("resource \"aws_") || text.contains("data \"aws_")
            ? "Terraform's language is not read; give what terraform show -json PLAN prints."
            : "Quote what begins with * or has a colon and a blank in it; indent with blanks."
    }

    private static func problem(_ mark: Mark?, _ message: String, _ advice: String) -> JSONReader.Problem {
        .init(rule: "yaml-syntax", place: place(mark), message: message, advice: advice)
    }

    private static func place(_ mark: Mark?) -> JSONPlace {
        JSONPlace(line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1))
    }
}
