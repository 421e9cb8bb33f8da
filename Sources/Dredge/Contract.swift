public import DredgeAWS
public import DredgeText

/// One bucket + prefix + filters + auth.
public struct Source: Sendable {
    public var name: String
    public var bucket: String
    /// Used as a key prefix, byte for byte.
    public var prefix: String
    public var region: String?
    public var endpointURL: String?
    public var stsEndpointURL: String?
    public var pathStyle: Bool?
    public var auth: SourceAuth
    /// Globs on the whole key: `*` within a segment, `**` over segments, `?`, `[a-z]`, `{a,b}`. Empty: everything.
    public var include: [String]
    public var exclude: [String]
    /// For checks and policies only.
    public var kmsKeyARN: String?
    public init(
        name: String? = nil, bucket: String, prefix: String = "", region: String? = nil, endpointURL: String? = nil,
        stsEndpointURL: String? = nil, pathStyle: Bool? = nil, auth: SourceAuth = .ambient, include: [String] = [],
        exclude: [String] = [], kmsKeyARN: String? = nil
    ) {
        self.name = name ?? bucket
        self.bucket = bucket
        self.prefix = prefix
        self.region = region
        self.endpointURL = endpointURL
        self.stsEndpointURL = stsEndpointURL
        self.pathStyle = pathStyle
        self.auth = auth
        self.include = include
        self.exclude = exclude
        self.kmsKeyARN = kmsKeyARN
    }
}

public enum SourceAuth: Sendable {
    case assumeRole([RoleHop])
    case accessKey(Credentials)
    case ambient
    case anonymous
}

/// What a store's content is a function of, beside the objects' bytes.
public struct IndexSettings: Sendable, Hashable {
    public var tokenizer: Tokenizer
    public var chunking: ChunkingSettings
    public init(tokenizer: Tokenizer = .o200kBase, chunking: ChunkingSettings = .lines()) {
        self.tokenizer = tokenizer
        self.chunking = chunking
    }
}

/// All limits of a run. Defaults with their reasons.
public struct Limits: Sendable, Hashable {
    /// Bytes of fetched parts, waiting or in work.
    public var memoryByteCount = 1 << 30
    /// GETs in flight, at the most.
    public var requestCount = 128
    public var partByteCount = 8 << 20
    public var workerCount = 0
    public init() {}
    public static let `default` = Limits()
}
