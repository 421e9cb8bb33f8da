import Yams

/// A config file while it is being decoded: the place where its problems are collected.
///
/// Decoding goes on after a mistake, with nil for the value in question, so that all mistakes are found at once.
final class ConfigDocument {
    let fileName: String
    let environment: [String: String]
    private let parsed: ParsedConfig
    private(set) var problems: [ConfigProblem] = []
    /// What works, but should be thought about.
    private(set) var warnings: [ConfigProblem] = []
    private var valueCount = 0
    private var reportedRepeats: Set<ParsedConfig.Place> = []

    init(_ parsed: ParsedConfig, fileName: String, environment: [String: String]) {
        self.parsed = parsed
        self.fileName = fileName
        self.environment = environment
    }

    var root: ConfigValue? { parsed.root.map { ConfigValue(node: $0, path: "", document: self) } }

    func report(_ message: String, path: String, mark: Mark?) {
        problems.append(make(message, path: path, mark: mark))
    }

    func warn(_ message: String, path: String, mark: Mark?) {
        warnings.append(make(message, path: path, mark: mark))
    }

    private func make(_ message: String, path: String, mark: Mark?) -> ConfigProblem {
        ConfigProblem(
            fileName: fileName, line: mark?.line ?? 0, column: mark?.column ?? 0, keyPath: path, message: message)
    }

    /// The name of the key at `mark` if the same key stands again further down in its mapping; nil: it does not.
    func repeatedName(at mark: Mark?) -> String? { parsed.repeatedKeys[.init(mark)]?.name }

    func reportRepeat(of name: String, path: String, at mark: Mark?, again: Mark?) {
        guard reportedRepeats.insert(.init(mark)).inserted else { return }
        let place = again.map { "again at \($0.line):\($0.column)" } ?? "more than once"
        report("is given \(place); keep one of them", path: path, mark: mark)
    }

    /// Repeated keys in parts of the file that decoding did not reach.
    func reportOtherRepeats() {
        for (place, key) in parsed.repeatedKeys where !reportedRepeats.contains(place) {
            problems.append(
                ConfigProblem(
                    fileName: fileName, line: place.line, column: place.column, keyPath: "",
                    message: "\(Quoting.quoted(key.name)) stands more than once in this mapping; keep one"))
        }
    }

    /// Counts a value that is looked at. False: there are too many, which has been reported.
    func visit(_ value: ConfigValue) -> Bool {
        valueCount += 1
        if valueCount == ConfigLimits.valueCountMax {
            report(
                "the file holds more than \(ConfigLimits.valueCountMax) values with its aliases (*name) expanded",
                path: value.path, mark: value.node.mark)
        }
        return valueCount < ConfigLimits.valueCountMax
    }
}
