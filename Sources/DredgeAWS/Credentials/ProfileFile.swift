#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A shared config or credentials file (AWS SDKs and Tools Reference Guide, "Format of the config and credential files").
struct ProfileFile: Sendable {
    /// What it is, which decides how its sections name profiles.
    enum Kind: Sendable {
        /// `[profile x]`, and `[default]`.
        case config
        /// `[x]`
        case credentials
    }

    /// A value and where it stands.
    struct Setting: Sendable {
        var text: String
        var line: Int
    }

    let path: String
    let kind: Kind
    /// Profile to setting to value. Names of settings are in lowercase.
    private(set) var profiles: [String: [String: Setting]] = [:]
    /// Sections of a config file that look like profiles but lack the word: a common mistake.
    private(set) var bareSections: Set<String> = []

    /// Parses `text`. Later settings win over earlier ones; `[profile default]` wins over `[default]`.
    init(_ text: String, path: String, kind: Kind) throws(AWSError) {
        self.path = path
        self.kind = kind
        var section: String?
        var ignoresSection = false
        var hasParent = false
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
                (section, ignoresSection, hasParent) = (nil, false, false)
                switch (kind, name.count) {
                case (.credentials, 1): section = name[0]
                case (.config, 2) where name[0] == "profile":
                    if name[1] == "default", !hasPrefixedDefault {
                        hasPrefixedDefault = true
                        profiles["default"] = nil
                    }
                    section = name[1]
                case (.config, 1) where name[0] == "default":
                    if hasPrefixedDefault { ignoresSection = true } else { section = "default" }
                default:
                    if kind == .config, name.count == 1 { bareSections.insert(name[0]) }
                    ignoresSection = true  // sso-session, services and what is to come
                }
                if let section, profiles[section] == nil { profiles[section] = [:] }
                continue
            }
            if isIndented, hasParent { continue }  // a nested setting, of s3 for example: none that matters here
            guard let equals = line.firstIndex(of: "=") else {
                throw malformed("neither a section nor a setting", line: number)
            }
            let name = Self.trimmed(line[..<equals]).lowercased()
            guard !name.isEmpty else { throw malformed("a setting without a name", line: number) }
            hasParent = true
            if ignoresSection { continue }
            guard let section else { throw malformed("a setting outside of a section", line: number) }
            profiles[section]?[name] = Setting(
                text: Self.withoutComment(line[line.index(after: equals)...]), line: number)
        }
    }

    /// The file at `path`; nil: there is none.
    static func read(_ path: String, kind: Kind) throws(AWSError) -> ProfileFile? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let step = "read \(path.printable)"
        guard var data = FileManager.default.contents(atPath: path) else {
            throw AWSError(
                code: .malformedConfigFile, step: step, message: "the file can't be read",
                advice: "Check its owner and its mode.")
        }
        defer { data.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        guard data.count <= AWSLimits.configFileByteCountMax, let text = String(validating: data, as: UTF8.self) else {
            throw AWSError(
                code: .malformedConfigFile, step: step, message: "the file is too large, or not UTF-8",
                advice: "Is it the right file?")
        }
        return try ProfileFile(text, path: path, kind: kind)
    }

    /// The line's content isn't part of the message: it may be a key.
    private func malformed(_ message: String, line: Int) -> AWSError {
        AWSError(
            code: .malformedConfigFile, step: "read \(path.printable)", message: "line \(line) is \(message)",
            advice:
                "A file has sections such as \(kind == .config ? "[profile name]" : "[name]") and below them lines such as name = value."
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
    private static func withoutComment(_ value: Substring) -> String {
        var end = value.endIndex
        var previous: Character = " "
        for index in value.indices {
            if value[index] == "#" || value[index] == ";", isBlank(previous) {
                end = index
                break
            }
            previous = value[index]
        }
        return String(trimmed(value[..<end]))
    }
}

/// Both files together.
struct ProfileFiles: Sendable {
    let config: ProfileFile?
    let credentials: ProfileFile?
    /// Where they are, or would be; nil: there is no home directory to look in.
    let configPath: String?
    let credentialsPath: String?

    init(environment: [String: String]) throws(AWSError) {
        configPath = Self.path("AWS_CONFIG_FILE", else: "config", environment)
        credentialsPath = Self.path("AWS_SHARED_CREDENTIALS_FILE", else: "credentials", environment)
        if let configPath { config = try .read(configPath, kind: .config) } else { config = nil }
        if let credentialsPath {
            credentials = try .read(credentialsPath, kind: .credentials)
        } else {
            credentials = nil
        }
    }

    /// AWS_PROFILE, else `default`.
    static func profileName(_ environment: [String: String]) -> String {
        environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    }

    func has(_ profile: String) -> Bool { config?.profiles[profile] != nil || credentials?.profiles[profile] != nil }

    /// A setting that is not empty, and the file that it stands in. The credentials file wins.
    func value(_ name: String, profile: String) -> (text: String, path: String, line: Int)? {
        for file in [credentials, config].compactMap({ $0 }) {
            if let setting = file.profiles[profile]?[name], !setting.text.isEmpty {
                return (setting.text, file.path, setting.line)
            }
        }
        return nil
    }

    private static func path(_ variable: String, else name: String, _ environment: [String: String]) -> String? {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let named = environment[variable], !named.isEmpty else { return home.map { "\($0)/.aws/\(name)" } }
        guard named == "~" || named.hasPrefix("~/"), let home else { return named }
        return home + named.dropFirst()
    }
}
