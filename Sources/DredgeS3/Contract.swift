public import DredgeAWS
public import DredgeTransfer

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A key: bytes, compared as bytes (not by Unicode equivalence, as String would).
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ string: String) { bytes = Array(string.utf8) }
    /// For people: not reversible. Control characters are escaped, so that a key can't drive a terminal.
    public var description: String { fatalError() }
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// One entry of a listing.
public struct ListedObject: Sendable {
    public var key: ObjectKey
    public var size: UInt64
    /// With its quotes, as the service gave it.
    public var eTag: String
    public var lastModified: Date?
    /// nil: STANDARD
    public var storageClass: String?
    public init(key: ObjectKey, size: UInt64, eTag: String, lastModified: Date? = nil, storageClass: String? = nil) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }
}

public struct ListPage: Sendable {
    public var objects: [ListedObject]
    /// nil: the last page
    public var continuationToken: String?
    public init(objects: [ListedObject], continuationToken: String?) {
        self.objects = objects
        self.continuationToken = continuationToken
    }
}

/// What a GET told about the object.
public struct ObjectHead: Sendable {
    public var eTag: String?
    public var versionID: String?
    public var contentEncoding: String?
    /// The whole object's size (from Content-Range, else Content-Length).
    public var size: UInt64
    public init(eTag: String?, versionID: String?, contentEncoding: String?, size: UInt64) {
        self.eTag = eTag
        self.versionID = versionID
        self.contentEncoding = contentEncoding
        self.size = size
    }
}

public struct S3ClientSettings: Sendable {
    public var bucket: String
    /// nil: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1; corrected from the service's answers.
    public var region: String?
    /// nil: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS's own.
    public var endpointURL: String?
    /// nil: path style for custom endpoints and for bucket names that DNS or TLS can't carry, else virtual-host style.
    public var pathStyle: Bool?
    public var retry: RetryPolicy
    public init(bucket: String, region: String? = nil, endpointURL: String? = nil, pathStyle: Bool? = nil, retry: RetryPolicy = .init()) {
        self.bucket = bucket
        self.region = region
        self.endpointURL = endpointURL
        self.pathStyle = pathStyle
        self.retry = retry
    }
}

public struct RetryPolicy: Sendable {
    public var attemptCountMax = 10
    public var delayMin: Duration = .milliseconds(50)
    public var delayMax: Duration = .seconds(20)
    public init() {}
}

/// One bucket.
public final class S3Client: Sendable {
    /// `onThrottle` is called for each 503 SlowDown (and its kin) that is retried.
    public init(
        settings: S3ClientSettings, credentials: any CredentialSource, transfer: TransferLoop, environment: [String: String],
        onThrottle: @escaping @Sendable () -> Void = {}
    ) {}
    /// The region that the bucket turned out to be in.
    public var region: String { fatalError() }
    /// A page of at most 1,000 objects in key order. `startAfter` begins behind a key; a token goes on from a page.
    public func listPage(prefix: ObjectKey, continuationToken: String? = nil, startAfter: ObjectKey? = nil) async throws(S3Error) -> ListPage { fatalError() }
    /// Reads `range` of the version `eTag` into `body`, which has room for all of it. Retries, and resumes at the byte where an answer broke.
    public func getObject(_ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: String?, into body: OwnedBuffer) async throws(S3Error) -> ObjectHead { fatalError() }
    /// Size, ETag, storage class as they are now.
    public func headObject(_ key: ObjectKey) async throws(S3Error) -> ListedObject { fatalError() }
}

public struct S3Error: Error, Sendable {
    public enum Code: String, Sendable {
        case accessDenied, noSuchBucket, noSuchKey, preconditionFailed, archived, invalidRange, wrongRegion, methodNotAllowed
        case invalidCredentials, expiredCredentials, clockSkewed, kms, keyTooLong, requesterPays
        case throttled, serviceFailure, unreachable, shortBody, malformedAnswer, credentials, cancelled, other
    }
    public var code: Code
    public var bucket: String
    public var key: ObjectKey?
    public var range: Range<UInt64>?
    public var attemptCount: Int
    public var status: Int?
    public var serviceCode: String?
    public var requestID: String?
    public var message: String
    public var advice: String
    /// Set when `code` is `.credentials`: why there was nothing to sign with.
    public var cause: AWSError?
    /// True for what concerns the whole source (bucket, credentials, endpoint), not one object.
    public var isFatalForSource: Bool { fatalError() }
    public init(code: Code, bucket: String, key: ObjectKey? = nil, range: Range<UInt64>? = nil, attemptCount: Int = 1, status: Int? = nil,
        serviceCode: String? = nil, requestID: String? = nil, message: String, advice: String, cause: AWSError? = nil) {
        self.code = code
        self.bucket = bucket
        self.key = key
        self.range = range
        self.attemptCount = attemptCount
        self.status = status
        self.serviceCode = serviceCode
        self.requestID = requestID
        self.message = message
        self.advice = advice
        self.cause = cause
    }
}
