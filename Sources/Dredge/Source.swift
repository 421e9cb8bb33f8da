public import DredgeAWS

/// What to index: one bucket, or the part of it under a prefix, with its filters and how to get in.
public struct Source: Sendable {
    /// Names the source in the store, in reports and in errors. Unique within a run.
    public var name: String
    /// The bucket's name.
    public var bucket: String
    /// Only keys that begin with these bytes are listed: a key prefix, not a folder (`2025` also matches `2025-old/…`).
    public var prefix: String
    /// The bucket's region; found out when nil, corrected when wrong.
    public var region: String?
    /// The S3 endpoint; nil: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else AWS.
    public var endpointURL: String?
    /// The STS endpoint; nil: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, else AWS's regional one.
    public var stsEndpointURL: String?
    /// Whether the bucket is named in the path instead of the host; nil: as the endpoint and the bucket's name need it.
    public var pathStyle: Bool?
    /// Who signs.
    public var auth: SourceAuth
    /// `GlobPattern`s on the whole key; an object must match one of them. Empty: every object.
    public var include: [String]
    /// `GlobPattern`s on the whole key; an object that matches one is skipped, included or not.
    public var exclude: [String]
    /// The key that encrypts the bucket: for checks and policies, a run does not need it.
    public var kmsKeyARN: String?

    /// A source that is named after its bucket and prefix unless `name` says otherwise.
    public init(
        name: String? = nil, bucket: String, prefix: String = "", region: String? = nil, endpointURL: String? = nil,
        stsEndpointURL: String? = nil, pathStyle: Bool? = nil, auth: SourceAuth = .ambient, include: [String] = [],
        exclude: [String] = [], kmsKeyARN: String? = nil
    ) {
        self.name = name ?? (prefix.isEmpty ? bucket : "\(bucket)/\(prefix)")
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

/// Who signs a source's requests.
public enum SourceAuth: Sendable {
    /// A session of the last of these roles, each assumed with the session of the one before it, the first with the base credentials.
    case assumeRole([RoleHop])
    /// These keys.
    case accessKey(Credentials)
    /// The base credentials themselves (a bucket policy lets them in).
    case ambient
    /// Nobody: requests are not signed.
    case anonymous
}
