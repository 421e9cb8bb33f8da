public import Dredge
public import DredgeAWS
public import DredgeService

/// What a config of `dredge serve` says.
public struct ServerConfig: Sendable {
    /// The data directory, relative to the current directory; nil: the config names none.
    public var data: String?
    /// Where to listen; nil: the config does not say.
    public var listen: ListenAddress?
    /// What TLS is spoken with; nil: plain HTTP is.
    public var tls: TLSFiles?
    /// What chunks are made by, of collections that are new.
    public var settings = IndexSettings()
    /// What all jobs together may use of this machine.
    public var limits = Limits.default
    /// What signs the assumption of customers' roles.
    public var base = BaseCredentials.defaultChain()
    /// What the operator decides.
    public var service = ServiceConfiguration()
    /// What works, but should be thought about, in the order of the file.
    public var warnings: [ConfigProblem] = []

    /// All defaults.
    public init() {}

    /// Reads a config file's bytes: UTF-8, in YAML or JSON, at most 1 MiB. Looks at nothing but these and
    /// `environment`.
    /// - Parameters:
    ///   - fileName: goes before every problem. No file is opened.
    ///   - environment: what `${NAME}` stands for.
    /// - Throws: a `ConfigError` with all that is wrong, in the order of the text. It repeats no secret.
    public init(bytes: [UInt8], fileName: String, environment: [String: String]) throws(ConfigError) {
        let text = try ConfigDocument.text(of: bytes, fileName: fileName)
        var warnings: [ConfigProblem] = []
        self = try ConfigDocument.decode(text, fileName: fileName, environment: environment, &warnings) {
            ServerConfigDecoding($0).config()
        }
        self.warnings = warnings
    }
}

/// Where a server listens.
public struct ListenAddress: Sendable, Hashable {
    /// A name or an address, without brackets.
    public var host: String
    /// 0: a free one.
    public var port: Int

    /// `127.0.0.1:8080`.
    public static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

    /// An address of its parts.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT` or `[IPv6]:PORT`; nil: it is neither.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether only this machine gets there.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
