#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A source, as far as the store knows it. Its identity is all of `name`, `bucket`, `prefix` and `endpointURL`: one that changes in
/// any of these is a new source, and the objects of the old one go when the new one's listing is complete.
public struct SourceRecord: Sendable, Hashable {
    /// The config's name of it.
    public var name: String
    /// The bucket.
    public var bucket: String
    /// The key prefix, byte for byte.
    public var prefix: String
    /// The service; nil: AWS.
    public var endpointURL: String?
    /// The caller's filters in a text of its own making. An unfinished run is only gone on with when it had the same.
    public var filters: String?

    /// A source.
    public init(name: String, bucket: String, prefix: String, endpointURL: String?, filters: String? = nil) {
        self.name = name
        self.bucket = bucket
        self.prefix = prefix
        self.endpointURL = endpointURL
        self.filters = filters
    }
}

/// The run that a caller works on.
public struct RunState: Sendable {
    /// Its row.
    public var run: Int64
    /// The id that the run was begun with: the caller's, or that of the run that is resumed.
    public var id: String
    /// Whether it was begun by an earlier process.
    public var isResumed: Bool
    /// In the order of the sources given.
    public var sources: [SourceState]

    /// All parts.
    public init(run: Int64, id: String, isResumed: Bool, sources: [SourceState]) {
        self.run = run
        self.id = id
        self.isResumed = isResumed
        self.sources = sources
    }
}

/// How far a source's listing is.
public struct SourceState: Sendable {
    /// Its row.
    public var source: Int64
    /// Where the listing of this run stands: the last key recorded (nil: not begun).
    public var lastListedKey: [UInt8]?
    /// Whether the whole listing was recorded.
    public var isListingComplete: Bool

    /// All parts.
    public init(source: Int64, lastListedKey: [UInt8]?, isListingComplete: Bool) {
        self.source = source
        self.lastListedKey = lastListedKey
        self.isListingComplete = isListingComplete
    }
}

/// One object of a listing.
public struct ListedRecord: Sendable {
    /// The key's bytes.
    public var key: [UInt8]
    /// Bytes of the object.
    public var size: UInt64
    /// As S3 gives it, with or without quotes: the comparison with what is stored ignores them.
    public var eTag: String
    /// When it was last modified.
    public var lastModified: Date?
    /// S3's storage class (nil: not given).
    public var storageClass: String?
    /// Set: not to be fetched, and why (`filtered`, `archived`, `folderMarker`, `empty`).
    public var skipReason: String?
    /// With a `skipReason`: what is stored of the object stays, and where it is of this version, the object counts as unchanged.
    public var keepsContent: Bool

    /// All parts.
    public init(
        key: [UInt8], size: UInt64, eTag: String, lastModified: Date?, storageClass: String?, skipReason: String?,
        keepsContent: Bool = false
    ) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
        self.skipReason = skipReason
        self.keepsContent = keepsContent
    }
}

/// What a page of a listing brought.
public struct ListingCount: Sendable, Hashable {
    /// Objects of the page that wait to be fetched.
    public var pendingCount: Int
    /// Their bytes, as listed.
    public var pendingByteCount: UInt64

    /// Both.
    public init(pendingCount: Int = 0, pendingByteCount: UInt64 = 0) {
        self.pendingCount = pendingCount
        self.pendingByteCount = pendingByteCount
    }
}

/// An object that waits to be fetched.
public struct PendingObject: Sendable {
    /// Its row: what `ObjectOutcome` and `BatchBuilder.append` want.
    public var object: Int64
    /// The source's row.
    public var source: Int64
    /// Place in the queue of the run, from 1.
    public var position: Int64
    /// The key's bytes.
    public var key: [UInt8]
    /// Bytes, as listed.
    public var size: UInt64
    /// The listed ETag.
    public var eTag: String

    /// All parts.
    public init(object: Int64, source: Int64, position: Int64, key: [UInt8], size: UInt64, eTag: String) {
        self.object = object
        self.source = source
        self.position = position
        self.key = key
        self.size = size
        self.eTag = eTag
    }
}

/// How a run ended. All but a complete one is gone on with by the next run.
public enum RunOutcome: String, Sendable, Codable {
    /// Every listed object was dealt with (some may have failed).
    case complete
    /// The user stopped it.
    case stopped
    /// It could not go on.
    case fatal
}

/// What a report adds up. The objects of all states together are the listing.
public struct RunTotals: Sendable, Codable, Hashable {
    /// Objects, and their bytes as listed.
    public struct Count: Sendable, Codable, Hashable {
        /// How many.
        public var objects: Int
        /// Their listed sizes together.
        public var bytes: UInt64
        /// Both.
        public init(objects: Int, bytes: UInt64) {
            self.objects = objects
            self.bytes = bytes
        }
    }
    /// By state (`pending`, `indexed`, `unchanged`, `skipped`, `failed`, `vanished`, `changed`); a state without objects is absent.
    public var states: [String: Count]
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int]
    /// Failed objects by reason.
    public var failedReasons: [String: Int]
    /// Chunks of the objects that this run indexed.
    public var chunkCount: Int
    /// Tokens of these chunks.
    public var tokenCount: Int

    /// All parts.
    public init(
        states: [String: Count] = [:], skippedReasons: [String: Int] = [:], failedReasons: [String: Int] = [:],
        chunkCount: Int = 0, tokenCount: Int = 0
    ) {
        self.states = states
        self.skippedReasons = skippedReasons
        self.failedReasons = failedReasons
        self.chunkCount = chunkCount
        self.tokenCount = tokenCount
    }
}
