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

    /// Reads a text. Throws with all that is wrong; appends to `warnings` what should be thought about.
    static func decode<T>(
        _ text: String, fileName: String, environment: [String: String], _ warnings: inout [ConfigProblem],
        _ decode: (ConfigDocument) -> T?
    ) throws(ConfigError) -> T {
        let fileName = Quoting.escaped(fileName)
        try checkSize(text.utf8.count, fileName: fileName)
        let document = ConfigDocument(
            try ConfigParser.parse(text, fileName: fileName), fileName: fileName, environment: environment)
        let decoded = decode(document)
        document.reportOtherRepeats()
        guard document.problems.isEmpty, let decoded else {
            // An alias can bring the same mistake in twice.
            throw ConfigError(problems: Set(document.problems).sorted())
        }
        warnings += Set(document.warnings).sorted()
        return decoded
    }

    /// The text of a file: UTF-8, with or without a byte order mark, which editors of Windows put first.
    static func text(of bytes: [UInt8], fileName: String) throws(ConfigError) -> String {
        let fileName = Quoting.escaped(fileName)
        try checkSize(bytes.count, fileName: fileName)
        let content = bytes.dropFirst(bytes.starts(with: "\u{FEFF}".utf8) ? 3 : 0)
        guard let text = String(validating: content, as: UTF8.self) else {
            throw ConfigError("is not UTF-8 text", fileName: fileName)
        }
        return text
    }

    private static func checkSize(_ byteCount: Int, fileName: String) throws(ConfigError) {
        guard byteCount > ConfigLimits.fileByteCountMax else { return }
        let limit = Quantities.spelledByteCount(ConfigLimits.fileByteCountMax)
        throw ConfigError("is larger than \(limit); is it a config file?", fileName: fileName)
    }

    var root: ConfigValue? { parsed.root.map { ConfigValue(node: $0, path: "", document: self) } }

    /// Of a part of the file that does not matter.
    func forgetProblems(after count: Int) { problems.removeSubrange(count...) }

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
