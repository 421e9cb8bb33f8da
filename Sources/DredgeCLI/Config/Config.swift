import Dredge
import DredgeAWS
import Foundation

/// A config file, read and found right.
struct Config: Sendable {
    /// Relative to the current directory, not to the config file. Empty where none is named because none is needed.
    var store: String
    var settings: IndexSettings
    var limits: Limits
    /// What signs the first hop of `assume_role`, and the requests of `auth: ambient`.
    var base: BaseCredentials
    /// At least one; no two have the same name.
    var sources: [Source]
    /// What works, but should be thought about. For standard error.
    var warnings: [ConfigProblem]
}

extension Config {
    /// Reads the config file at `path`.
    /// - Parameters:
    ///   - storeOverride: the store's path when it is given on the command line; then the file needs none.
    ///   - needsStore: false for what only looks at the sources.
    static func read(
        path: String, storeOverride: String? = nil, needsStore: Bool = true,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Config {
        let text = try ConfigFile.text(at: path)
        return try decode(
            text, fileName: path, storeOverride: storeOverride, needsStore: needsStore, environment: environment)
    }

    /// Decodes `text`. Throws a `ConfigError` with all that is wrong, in the order of the file.
    static func decode(
        _ text: String, fileName: String, storeOverride: String? = nil, needsStore: Bool = true,
        environment: [String: String]
    ) throws(ConfigError) -> Config {
        let parsed = try ConfigParser.parse(text, fileName: fileName)
        let document = ConfigDocument(parsed, fileName: fileName, environment: environment)
        let config = ConfigDecoding(document).config(storeOverride: storeOverride, needsStore: needsStore)
        document.reportOtherRepeats()
        guard document.problems.isEmpty, var config else {
            // An alias can bring the same mistake in twice.
            throw ConfigError(problems: Set(document.problems).sorted())
        }
        config.warnings = Set(document.warnings).sorted()
        return config
    }
}

enum ConfigFile {
    /// The text of the file at `path`: UTF-8, at most `ConfigLimits.fileByteCountMax` bytes.
    static func text(at path: String) throws -> String {
        func refusal(_ message: String) -> ConfigError {
            ConfigError(problems: [
                ConfigProblem(fileName: Quoting.escaped(path), line: 0, column: 0, keyPath: "", message: message)
            ])
        }
        let bytes: [UInt8]
        do {
            bytes = try InputFile.read(path, byteCountMax: ConfigLimits.fileByteCountMax + 1)
        } catch {
            throw refusal("cannot be read: \(error.reason)")
        }
        guard bytes.count <= ConfigLimits.fileByteCountMax else {
            throw refusal(
                "is larger than \(Quantities.spelledByteCount(ConfigLimits.fileByteCountMax)); is it a config file?")
        }
        // Editors of Windows put a byte order mark first.
        let content = bytes.dropFirst(bytes.starts(with: "\u{FEFF}".utf8) ? 3 : 0)
        guard let text = String(validating: content, as: UTF8.self) else { throw refusal("is not UTF-8 text") }
        return text
    }
}
