import Yams

/// One value of a config file, with its place and key path.
struct ConfigValue {
    let node: Node
    let path: String
    let document: ConfigDocument
    /// The place of its key.
    var keyMark: Mark?

    func report(_ message: String) { document.report(message, path: path, mark: node.mark ?? keyMark) }
    func warn(_ message: String) { document.warn(message, path: path, mark: node.mark ?? keyMark) }

    /// The last part of the path.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// What it is, in words that never show its content.
    var kind: String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            if isEmpty { return "empty" }
            return scalar.style == .plain && Int(scalar.string) != nil ? "a number" : "text"
        }
    }

    /// `key:`, `key: ~` and `key: null`.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Whether it has no tag (`!!name`), or the one that YAML itself gives to such a value.
    var hasOrdinaryTag: Bool {
        let tag = node.tag.description
        return switch node {
        case .mapping: tag == Tag.Name.map.rawValue
        case .sequence: tag == Tag.Name.seq.rawValue
        case .scalar, .alias: Self.scalarTags.contains(tag)
        }
    }
    private static let scalarTags: Set<String> = Set(
        [Tag.Name.str, .int, .float, .bool, .null, .implicit, .nonSpecific].map(\.rawValue))

    // MARK: Reading a value as what is expected

    /// The values of a list; an empty list is reported.
    func items(_ advice: String) -> [ConfigValue]? {
        guard document.visit(self) else { return nil }
        guard case .sequence(let sequence) = node, hasOrdinaryTag else {
            report("is \(kind), but a list belongs here: \(advice)")
            return nil
        }
        if sequence.isEmpty {
            report("is an empty list: \(advice)")
            return nil
        }
        return sequence.enumerated().map { index, node in
            ConfigValue(node: node, path: "\(path)[\(index)]", document: document, keyMark: keyMark)
        }
    }

    /// Text with its variables put in.
    struct Text {
        var value: String
        /// As the file has it.
        var written: String
        var usesVariable: Bool
    }

    /// A scalar, quoted or not, with its variables put in. A number is text as it is written.
    func text(_ advice: String) -> Text? {
        guard document.visit(self) else { return nil }
        guard case .scalar(let scalar) = node, !isEmpty else {
            report(isEmpty ? "has no value: \(advice)" : "is \(kind), but text belongs here: \(advice)")
            return nil
        }
        guard hasOrdinaryTag else {
            report("has a tag that means nothing here; write the value without it")
            return nil
        }
        let outcome = VariableSubstitution.resolve(scalar.string, environment: document.environment)
        outcome.problems.forEach(report)
        guard outcome.problems.isEmpty else { return nil }
        return Text(value: outcome.text, written: scalar.string, usesVariable: outcome.usesVariable)
    }

    /// Text in which `rule` finds nothing wrong. Else the rule returns the end of a sentence (what is wrong, and what
    /// would be right), and that is reported behind the text as the file has it.
    func checked(_ advice: String, by rule: (String) -> String?) -> String? {
        guard let text = text(advice) else { return nil }
        guard let complaint = rule(text.value) else { return text.value }
        report("\(Quoting.quoted(text.written)) \(complaint)")
        return nil
    }

    /// Text that is never shown in a message, and should come from an environment variable such as `variable`.
    func secret(from variable: String) -> String? {
        let advice = "take it from the environment, as ${\(variable)}"
        guard let text = text(advice) else { return nil }
        if text.value.isEmpty {
            report("is empty: \(advice)")
            return nil
        }
        if !text.usesVariable {
            warn("\(ConfigProblem.secretStandsInFile); take it from the environment instead, as in ${\(variable)}")
        }
        return text.value
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        quantity("a whole number from \(range.lowerBound) to \(range.upperBound)", in: range) {
            Int($0.filter { $0 != "_" })
        }
    }

    /// `10%` or `0.1`: 0.1.
    func share() -> Double? {
        let what = "a share from 0 to 1, as in 10% or 0.1"
        guard let text = text("write \(what)") else { return nil }
        let number = text.value.hasSuffix("%") ? Double(text.value.dropLast()).map { $0 / 100 } : Double(text.value)
        if let number, (0...1).contains(number) { return number }
        report("\(Quoting.quoted(text.written)) is not \(what)")
        return nil
    }

    func byteCount(in range: ClosedRange<Int>) -> Int? {
        let low = Quantities.spelledByteCount(range.lowerBound), high = Quantities.spelledByteCount(range.upperBound)
        return quantity("a size from \(low) to \(high), as in 512MiB or 1GiB", in: range, Quantities.byteCount)
    }

    func seconds(in range: ClosedRange<Int>, note: String = "") -> Int? {
        let low = Quantities.spelledSeconds(range.lowerBound), high = Quantities.spelledSeconds(range.upperBound)
        return quantity("a duration from \(low) to \(high)\(note), as in 45m or 1h", in: range, Quantities.seconds)
    }

    func boolean() -> Bool? {
        guard let text = text("write true or false") else { return nil }
        switch text.value {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            report("\(Quoting.quoted(text.written)) is not true or false")
            return nil
        }
    }

    private func quantity(_ what: String, in range: ClosedRange<Int>, _ read: (String) -> Int?) -> Int? {
        guard let text = text("write \(what)") else { return nil }
        if let number = read(text.value), range.contains(number) { return number }
        report("\(Quoting.quoted(text.written)) is not \(what)")
        return nil
    }
}
