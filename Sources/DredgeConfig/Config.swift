public import Dredge
public import DredgeAWS

/// What a config says: the sources to index, and the settings, limits and credentials of the run.
///
/// ```swift
/// let config = try Config(text, fileName: "acme.yaml", environment: ProcessInfo.processInfo.environment)
/// for warning in config.warnings { print(warning) }
/// ```
public struct Config: Sendable {
    /// The path of the store's file as it is written, relative to the current directory and not to the config file;
    /// nil: the config names none, and need not (`StoreRule.optional`).
    public var store: String?
    /// What the store's content depends on, beside the objects' bytes.
    public var settings: IndexSettings
    /// What the run may use of this machine.
    public var limits: Limits
    /// What signs the first hop of `assume_role`, and the requests of `auth: ambient`.
    public var base: BaseCredentials
    /// At least one; no two have the same name.
    public var sources: [Source]
    /// What works, but should be thought about, in the order of the file.
    public var warnings: [ConfigProblem]

    /// A config of its parts, which are not checked.
    public init(
        store: String?, settings: IndexSettings, limits: Limits, base: BaseCredentials, sources: [Source],
        warnings: [ConfigProblem] = []
    ) {
        self.store = store
        self.settings = settings
        self.limits = limits
        self.base = base
        self.sources = sources
        self.warnings = warnings
    }

    /// Whether the store's path is taken from the config.
    public enum StoreRule: Sendable, Hashable {
        /// The config must name the store.
        case required
        /// The config may name the store, for whoever looks at its sources only.
        case optional
        /// The store has this path, whatever the config says.
        case replaced(by: String)
    }
}

extension Config {
    /// Reads the text of a config, in YAML or JSON.
    ///
    /// Nothing but the text and `environment` is looked at: no file, no network. The text is parsed on a thread of its
    /// own while the caller's thread waits, as a rule a few milliseconds. After 5 seconds that is given up, with an
    /// error; the parser's thread then ends when the parser does. Only a text made to be slow comes near that.
    /// - Parameters:
    ///   - text: at most 1 MiB.
    ///   - fileName: goes before every problem. No file is opened.
    ///   - sources: the names of those that are wanted; empty: all. What is wrong with others does not matter, as a
    ///     variable that is not set.
    ///   - environment: what `${NAME}` stands for, and the variables of AWS that decide on endpoints and regions.
    /// - Throws: a `ConfigError` with all that is wrong, in the order of the text. It repeats no secret.
    public init(
        _ text: String, fileName: String, store: StoreRule = .required, only sources: [String] = [],
        environment: [String: String]
    ) throws(ConfigError) {
        var warnings: [ConfigProblem] = []
        self = try ConfigDocument.decode(text, fileName: fileName, environment: environment, &warnings) {
            ConfigDecoding($0).config(store: store, only: sources)
        }
        self.warnings = warnings
    }

    /// Reads a config file's bytes: UTF-8, with or without a byte order mark. All else as with a text.
    public init(
        bytes: [UInt8], fileName: String, store: StoreRule = .required, only sources: [String] = [],
        environment: [String: String]
    ) throws(ConfigError) {
        try self.init(
            ConfigDocument.text(of: bytes, fileName: fileName), fileName: fileName, store: store, only: sources,
            environment: environment)
    }
}
