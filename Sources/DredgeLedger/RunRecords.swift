/// A source, as far as a ledger knows it. Its identity is all of `name`, `bucket`, `prefix` and `endpointURL`: one that
/// changes in any of these is a new source, and the objects of the old one may go when the new one's listing is
/// complete.
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

    /// Byte for byte, as S3 tells keys apart: Swift takes texts for equal that only look the same ("é" in one or two
    /// characters).
    public static func == (left: Self, right: Self) -> Bool {
        func isSame(_ left: String?, _ right: String?) -> Bool {
            left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
        }
        return isSame(left.name, right.name) && isSame(left.bucket, right.bucket)
            && isSame(left.prefix, right.prefix) && isSame(left.endpointURL, right.endpointURL)
            && isSame(left.filters, right.filters)
    }

    /// What makes it one and the same source: filters may change.
    public var identity: SourceRecord {
        var copy = self
        copy.filters = nil
        return copy
    }
}

/// A run that has begun, new or resumed.
public struct OpenRun: Sendable {
    /// How the ledger knows it.
    public var id: RunID
    /// The name that the run was begun with: the caller's, or that of the run that is resumed.
    public var name: String
    /// Whether it was begun by an earlier process.
    public var isResumed: Bool
    /// In the order of the sources given.
    public var sources: [OpenListing]

    /// All parts.
    public init(id: RunID, name: String, isResumed: Bool, sources: [OpenListing]) {
        self.id = id
        self.name = name
        self.isResumed = isResumed
        self.sources = sources
    }
}

/// How far the listing of a run's source is.
public struct OpenListing: Sendable {
    /// The source.
    public var source: SourceID
    /// What of the listing is not recorded yet.
    public var left: [KeyRange]
    /// Whether the whole listing was recorded.
    public var isComplete: Bool

    /// All parts.
    public init(source: SourceID, left: [KeyRange] = [KeyRange()], isComplete: Bool = false) {
        self.source = source
        self.left = left
        self.isComplete = isComplete
    }
}

/// What a page of a listing brought.
public struct ListingCount: Sendable, Hashable {
    /// Objects of the page that the run had not recorded before.
    public var objectCount: Int
    /// Of these, those that wait to be fetched.
    public var pendingCount: Int
    /// Their bytes, as listed.
    public var pendingByteCount: UInt64

    /// All parts.
    public init(objectCount: Int = 0, pendingCount: Int = 0, pendingByteCount: UInt64 = 0) {
        self.objectCount = objectCount
        self.pendingCount = pendingCount
        self.pendingByteCount = pendingByteCount
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
        public init(objects: Int = 0, bytes: UInt64 = 0) {
            self.objects = objects
            self.bytes = bytes
        }
    }
    /// By state; a state without objects is absent.
    public var states: [ObjectState: Count]
    /// The same of each source; nil: the run is of a version that did not keep it.
    public var sources: [SourceID: [ObjectState: Count]]?
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
        states: [ObjectState: Count] = [:], skippedReasons: [String: Int] = [:], failedReasons: [String: Int] = [:],
        chunkCount: Int = 0, tokenCount: Int = 0, sources: [SourceID: [ObjectState: Count]]? = nil
    ) {
        self.states = states
        self.sources = sources
        self.skippedReasons = skippedReasons
        self.failedReasons = failedReasons
        self.chunkCount = chunkCount
        self.tokenCount = tokenCount
    }
}
