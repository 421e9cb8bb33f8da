public import DredgeAWS
public import DredgeLedger
public import Foundation

/// What to index: one bucket, or the part of it under a prefix, with its filters and how to get in.
public struct Source: Sendable {
    /// Names the source in the store, in reports and in errors. Unique within a run.
    public var name: String
    /// The bucket's name, or the ARN of an access point (`arn:aws:s3:region:account:accesspoint/name`), or its alias.
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
    /// `GlobPattern`s; an object must match one of them. Empty: every object.
    public var include: [String]
    /// `GlobPattern`s; an object that matches one is skipped, included or not.
    public var exclude: [String]
    /// Only objects of so many bytes or more; nil: of any size.
    public var minSizeByteCount: UInt64?
    /// Only objects of so many bytes or fewer; nil: of any size.
    public var maxSizeByteCount: UInt64?
    /// Only objects that the listing says were modified after this; nil: whenever.
    public var modifiedAfter: Date?
    /// The key that encrypts the bucket. A role's session is narrowed to it (`SessionPolicy.narrowed`), so that objects
    /// under another key are refused; nil: any key that the role may use.
    public var kmsKeyARN: String?
    /// Who must own the bucket: S3 refuses everything where somebody else does, as when a bucket was deleted and a
    /// stranger took its name.
    public var expectedBucketOwner: ExpectedBucketOwner
    /// Whether the reader agrees to be charged, as a requester-pays bucket demands.
    public var requestPayer: Bool
    /// Whether a run refuses the source when a role of it can be assumed without its external ID. For `.assumeRole`
    /// only.
    public var requireExternalID: Bool
    /// Whether S3 and STS are asked at their FIPS 140 endpoints; nil: `AWS_USE_FIPS_ENDPOINT`, else no. Not with an
    /// endpoint of one's own.
    public var useFIPS: Bool?
    /// Whether S3 and STS are asked at endpoints that IPv6 reaches too; nil: `AWS_USE_DUALSTACK_ENDPOINT`, else no. Not
    /// with an endpoint of one's own.
    public var useDualStack: Bool?
    /// Whether the bytes of each object that is read are held against the checksum that the service keeps of it, if it
    /// keeps one of the whole object. Costs a HEAD for each.
    public var verifiesChecksums: Bool
    /// What becomes of stored documents that the source's listing no longer shows, or that its filters leave out.
    public var removal: RemovalRule
    /// The prefix by which the store knows the source: one that `prefix` begins with; nil: `prefix` itself. Runs that
    /// read parts of one bucket at different times share its documents when they have the same name, bucket and stored
    /// prefix. A source that lists a part only can't tell what is gone: `removal.mode` must be `keep`.
    public var storedPrefix: String?
    /// The listing ends behind so many objects that the filters let through; nil: at the bucket's end. Needs a
    /// `removal.mode` of `keep`.
    public var objectCountMax: Int?
    /// Whether `prefix` is the whole key of the one object that is read. Needs a `removal.mode` of `keep`.
    public var isOneObject = false
    /// Whether S3 is asked at addresses of the public internet only, whatever name leads to others, and through no
    /// proxy: for a bucket or an endpoint that others may choose.
    public var refusesPrivateAddresses = false
    /// Whether objects are read again whose present version is stored.
    public var rereads = false

    /// A source that is named after its bucket and prefix unless `name` says otherwise.
    public init(
        name: String? = nil, bucket: String, prefix: String = "", region: String? = nil, endpointURL: String? = nil,
        stsEndpointURL: String? = nil, pathStyle: Bool? = nil, auth: SourceAuth = .ambient, include: [String] = [],
        exclude: [String] = [], kmsKeyARN: String? = nil, expectedBucketOwner: ExpectedBucketOwner = .ofRole,
        requestPayer: Bool = false, requireExternalID: Bool = false, useFIPS: Bool? = nil, useDualStack: Bool? = nil,
        verifiesChecksums: Bool = false, removal: RemovalRule = RemovalRule()
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
        self.expectedBucketOwner = expectedBucketOwner
        self.requestPayer = requestPayer
        self.requireExternalID = requireExternalID
        self.useFIPS = useFIPS
        self.useDualStack = useDualStack
        self.verifiesChecksums = verifiesChecksums
        self.removal = removal
    }
}

/// Who must own a source's bucket.
public enum ExpectedBucketOwner: Sendable, Hashable {
    /// The account of the last role. Where no role is assumed, or the bucket is named by an access point's ARN or
    /// alias, anybody.
    case ofRole
    /// This account: twelve digits.
    case account(String)
    /// Anybody.
    case anyone
}

/// Who signs a source's requests.
public enum SourceAuth: Sendable {
    /// A session of the last of these roles, each assumed with the session of the one before it, the first with the
    /// base credentials.
    case assumeRole([RoleHop])
    /// These keys.
    case accessKey(Credentials)
    /// Those that the program gives when it is asked.
    case callback(CredentialCallback)
    /// The base credentials themselves (a bucket policy lets them in).
    case ambient
    /// Nobody: requests are not signed.
    case anonymous
}
