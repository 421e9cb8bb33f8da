/// A shared config or credentials file (AWS SDKs and Tools Reference Guide, "Format of the config and credential
/// files").
struct ProfileFile: Sendable {
    /// What it is, which decides how its sections name profiles.
    enum Kind: Sendable {
        /// `[profile x]`, and `[default]`; beside them `[sso-session x]` and `[services x]`.
        case config
        /// `[x]`
        case credentials
    }

    /// A value and where it stands.
    struct Setting: Sendable {
        var text: String
        var line: Int
        /// Whether a comment follows it on its line.
        var hasComment = false
    }

    /// What a section that matters is the settings of.
    private enum Section: String {
        case profile
        case ssoSession = "sso-session"
        case services
    }

    let path: String
    let kind: Kind
    private var sections: [Section: [String: [String: Setting]]] = [:]
    /// Profile to setting to value. Names of settings are in lowercase.
    var profiles: [String: [String: Setting]] { sections[.profile] ?? [:] }
    /// The same of `[sso-session x]`.
    var ssoSessions: [String: [String: Setting]] { sections[.ssoSession] ?? [:] }
    /// The same of `[services x]`, whose settings are nested: `sts.endpoint_url`.
    var services: [String: [String: Setting]] { sections[.services] ?? [:] }
    /// Sections of a config file that look like profiles but lack the word: a common mistake.
    private(set) var bareSections: Set<String> = []

    /// Parses `text`. Later settings win over earlier ones; `[profile default]` wins over `[default]`.
    init(_ text: String, path: String, kind: Kind) throws(AWSError) {
        self.path = path
        self.kind = kind
        var section: (kind: Section, name: String)?
        var ignoresSection = false
        var parent: String?
        var hasPrefixedDefault = false
        for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            let isIndented = rawLine.first.map(Self.isBlank) ?? false
            let line = Self.trimmed(rawLine)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                guard let end = line.firstIndex(of: "]") else {
                    throw malformed("a section without its closing bracket", line: number)
                }
                let name = Self.words(line[line.index(after: line.startIndex)..<end])
                (section, ignoresSection, parent) = (nil, false, nil)
                switch (kind, name.count) {
                case (.credentials, 1): section = (.profile, name[0])
                case (.config, 2) where name[0] == "profile":
                    if name[1] == "default", !hasPrefixedDefault {
                        hasPrefixedDefault = true
                        sections[.profile]?["default"] = nil
                    }
                    section = (.profile, name[1])
                case (.config, 1) where name[0] == "default":
                    if hasPrefixedDefault { ignoresSection = true } else { section = (.profile, "default") }
                case (.config, 2):
                    section = Section(rawValue: name[0]).map { ($0, name[1]) }
                    ignoresSection = section == nil
                default:
                    if kind == .config, name.count == 1 { bareSections.insert(name[0]) }
                    ignoresSection = true  // plugins and what is to come
                }
                if let section { sections[section.kind, default: [:]][section.name, default: [:]] = settings(section) }
                continue
            }
            if isIndented, let parent {
                guard let section else { continue }
                extend(parent, of: section, with: line, line: number)
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw malformed("neither a section nor a setting", line: number)
            }
            let name = Self.trimmed(line[..<equals]).lowercased()
            guard !name.isEmpty else { throw malformed("a setting without a name", line: number) }
            parent = name
            if ignoresSection { continue }
            guard let section else { throw malformed("a setting outside of a section", line: number) }
            sections[section.kind]?[section.name]?[name] = Self.setting(
                line[line.index(after: equals)...], line: number)
        }
    }

    private func settings(_ section: (kind: Section, name: String)) -> [String: Setting] {
        sections[section.kind]?[section.name] ?? [:]
    }

    /// An indented line is a nested setting where its parent has no value, else the next line of that value.
    private mutating func extend(
        _ parent: String, of section: (kind: Section, name: String), with line: Substring, line number: Int
    ) {
        guard let value = sections[section.kind]?[section.name]?[parent] else { return }
        guard value.text.isEmpty else {
            let more = Self.setting(line, line: number)
            sections[section.kind]?[section.name]?[parent]?.text = "\(value.text)\n\(more.text)"
            if more.hasComment { sections[section.kind]?[section.name]?[parent]?.hasComment = true }
            return
        }
        // In profiles there are such for s3, which say nothing of what matters here.
        guard section.kind == .services, let equals = line.firstIndex(of: "=") else { return }
        let name = "\(parent).\(Self.trimmed(line[..<equals]).lowercased())"
        sections[section.kind]?[section.name]?[name] = Self.setting(line[line.index(after: equals)...], line: number)
    }

    /// The file at `path`; nil: there is none.
    static func read(_ path: String, kind: Kind, files: FileAccess) throws(AWSError) -> ProfileFile? {
        let step = "read \(path.printable)"
        var bytes: [UInt8]?
        do throws(FileAccess.Problem) {
            bytes = try files.contents(path, AWSLimits.configFileByteCountMax)
        } catch {
            guard case .unreadable(let reason) = error else {
                throw AWSError(
                    code: .malformedConfigFile, step: step,
                    message: "the file has more than \(AWSLimits.configFileByteCountMax >> 20) MiB",
                    advice: "Is it the right file?")
            }
            throw AWSError(
                code: .malformedConfigFile, step: step, message: "the file can't be read: \(reason)",
                advice: "Check its owner and its mode.")
        }
        guard var bytes else { return nil }
        defer { bytes.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AWSError(
                code: .malformedConfigFile, step: step, message: "the file is not UTF-8",
                advice: "Is it the right file?")
        }
        return try ProfileFile(text, path: path, kind: kind)
    }

    /// The line's content isn't part of the message: it may be a key.
    private func malformed(_ message: String, line: Int) -> AWSError {
        AWSError(
            code: .malformedConfigFile, step: "read \(path.printable)", message: "line \(line) is \(message)",
            advice:
                "A file has sections such as \(kind == .config ? "[profile name]" : "[name]") and below them lines "
                + "such as name = value."
        )
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        var text = Substring(text)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text.drop(while: isBlank)
    }

    /// `profile "a b"` are two words, as in a shell.
    private static func words(_ text: Substring) -> [String] {
        let text = trimmed(text)
        guard let blank = text.firstIndex(where: isBlank) else { return text.isEmpty ? [] : [unquoted(text)] }
        return [String(text[..<blank]), unquoted(trimmed(text[blank...]))]
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, first == "\"" || first == "'" else {
            return String(text)
        }
        return String(text.dropFirst().dropLast())
    }

    /// A `#` or `;` begins a comment where a blank stands before it.
    private static func setting(_ value: Substring, line: Int) -> Setting {
        var previous: Character = " "
        for index in value.indices {
            if value[index] == "#" || value[index] == ";", isBlank(previous) {
                return Setting(text: String(trimmed(value[..<index])), line: line, hasComment: true)
            }
            previous = value[index]
        }
        return Setting(text: String(trimmed(value)), line: line)
    }
}
