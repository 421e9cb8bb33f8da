#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// One SQLite file with the chunks of many objects. Thread-safe. One process writes at a time.
public final class ChunkStore: Sendable {
    /// Opens for writing; creates the file (mode 0600) where there is none. `settings` are names and values that the content is
    /// a function of; a store made with others is refused with a message that says which differ.
    public static func open(at path: String, settings: [String: String]) throws(StoreError) -> ChunkStore { fatalError() }
    /// Opens for reading whatever the settings are; never creates, never writes.
    public static func open(reading path: String) throws(StoreError) -> ChunkStore { fatalError() }
    public var path: String { fatalError() }
    public var settings: [String: String] { fatalError() }
    public func close() throws(StoreError) {}

    // MARK: A run: the listing is the queue

    /// Goes on with the last run when it was not finished and had the same sources, else begins a new one. Batches that no
    /// object refers to (a crash left them) are removed. What failed or was pending in a resumed run is pending again.
    public func beginRun(id: String, version: String, sources: [SourceRecord]) throws(StoreError) -> RunState { fatalError() }
    /// A page of the listing, in one transaction: each object becomes `pending`, or `unchanged` (its content is that of this ETag and
    /// size already), or `skipped` for the reason that the caller gives (then stored content of it is dropped).
    public func recordListing(run: Int64, source: Int64, objects: [ListedRecord]) async throws(StoreError) -> ListingCount { fatalError() }
    /// The listing of `source` is complete: objects of the store that were not in it are removed. Returns how many.
    public func completeListing(run: Int64, source: Int64) async throws(StoreError) -> Int { fatalError() }
    /// The next pending objects, in the order in which they were listed, behind queue position `after`.
    public func pending(run: Int64, after position: Int64, limit: Int) async throws(StoreError) -> [PendingObject] { fatalError() }
    public func finishRun(run: Int64, outcome: RunOutcome) async throws(StoreError) { fatalError() }
    /// Objects by state, and their bytes, chunks and tokens, of a run: what a report adds up.
    public func totals(run: Int64) async throws(StoreError) -> RunTotals { fatalError() }

    // MARK: Writing

    /// A builder for one worker's batches.
    public func makeBatchBuilder() -> BatchBuilder { fatalError() }
    /// Hands a batch or an outcome to the writer, in order. Blocks the calling thread while the writer's queue is full
    /// (so only for threads that may block). Throws what ended the writer, if something did (disk full).
    public func write(_ batch: SealedBatch) throws(StoreError) {}
    /// An object's outcome. It becomes visible in the same transaction as this, which comes after all batches handed over before by this thread.
    public func write(_ outcome: ObjectOutcome) throws(StoreError) {}
    /// The same for a caller that must not block: waits without holding a thread.
    public func enqueue(_ outcome: ObjectOutcome) async throws(StoreError) {}
    /// Waits until everything handed over is committed.
    public func flush() async throws(StoreError) {}
}

public struct SourceRecord: Sendable, Hashable {
    public var name: String
    public var bucket: String
    public var prefix: String
    /// nil: AWS
    public var endpointURL: String?
    public init(name: String, bucket: String, prefix: String, endpointURL: String?) {
        self.name = name
        self.bucket = bucket
        self.prefix = prefix
        self.endpointURL = endpointURL
    }
}

public struct RunState: Sendable {
    public var run: Int64
    /// The id that the run was begun with: the caller's, or that of the run that is resumed.
    public var id: String
    public var isResumed: Bool
    /// In the order of the sources given.
    public var sources: [SourceState]
}

public struct SourceState: Sendable {
    public var source: Int64
    /// Where the listing of this run stands: the last key recorded (nil: not begun).
    public var lastListedKey: [UInt8]?
    public var isListingComplete: Bool
}

public struct ListedRecord: Sendable {
    public var key: [UInt8]
    public var size: UInt64
    public var eTag: String
    public var lastModified: Date?
    public var storageClass: String?
    /// Set: not to be fetched, and why (`filtered`, `archived`, `folderMarker`, `empty`).
    public var skipReason: String?
    public init(key: [UInt8], size: UInt64, eTag: String, lastModified: Date?, storageClass: String?, skipReason: String?) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
        self.skipReason = skipReason
    }
}

public struct PendingObject: Sendable {
    public var object: Int64
    public var source: Int64
    public var position: Int64
    public var key: [UInt8]
    public var size: UInt64
    public var eTag: String
    public init(object: Int64, source: Int64, position: Int64, key: [UInt8], size: UInt64, eTag: String) {
        self.object = object
        self.source = source
        self.position = position
        self.key = key
        self.size = size
        self.eTag = eTag
    }
}

/// Which chunks of an object stand in which batch.
public struct Span: Sendable, Hashable {
    public var batch: Int64
    public var firstEntry: Int
    public var firstOrdinal: Int
    public var chunkCount: Int
    public init(batch: Int64, firstEntry: Int, firstOrdinal: Int, chunkCount: Int) {
        self.batch = batch
        self.firstEntry = firstEntry
        self.firstOrdinal = firstOrdinal
        self.chunkCount = chunkCount
    }
}

public struct ObjectOutcome: Sendable {
    public enum State: Sendable {
        /// `spans` in order of their ordinals; `eTag`, `size`, `versionID` of the version that was read.
        case indexed(spans: [Span], eTag: String, size: UInt64, versionID: String?, chunkCount: Int, tokenCount: Int)
        case skipped(reason: String)
        case failed(reason: String)
        case vanished
        /// It kept changing under the read.
        case changed
    }
    public var object: Int64
    public var state: State
    public var attemptCount: Int
    /// Of the last error.
    public var requestID: String?
    public init(object: Int64, state: State, attemptCount: Int = 1, requestID: String? = nil) {
        self.object = object
        self.state = state
        self.attemptCount = attemptCount
        self.requestID = requestID
    }
}

public enum RunOutcome: String, Sendable { case complete, stopped, fatal }

public struct RunTotals: Sendable {
    public struct Count: Sendable {
        public var objects: Int
        public var bytes: UInt64
    }
    /// By state (`pending`, `indexed`, `unchanged`, `skipped`, `failed`, `vanished`, `changed`).
    public var states: [String: Count]
    /// Skipped and failed by reason.
    public var skippedReasons: [String: Int]
    public var failedReasons: [String: Int]
    /// Of the objects that this run indexed.
    public var chunkCount: Int
    public var tokenCount: Int
}

/// Packs chunks; one worker's.
public final class BatchBuilder {
    /// The id that the batch in hand will have.
    public var batch: Int64 { fatalError() }
    public var entryCount: Int { fatalError() }
    public var rawByteCount: Int { fatalError() }
    public func append(object: Int64, ordinal: Int, byteOffset: UInt64, tokenCount: Int, text: UnsafeRawBufferPointer) {}
    /// Compresses what is in hand (nil: nothing is) and begins a new batch.
    public func seal() -> SealedBatch? { nil }
}

/// A compressed batch on its way to the writer.
public struct SealedBatch: Sendable {}

public struct StoreError: Error, Sendable {
    public enum Code: String, Sendable {
        case notAStore, newerSchema, otherSettings, inUse, cannotOpen, diskFull, readOnly, corrupt, noSuchObject, closed, sqlite
    }
    public var code: Code
    public var path: String
    public var message: String
    public var advice: String
    public init(code: Code, path: String, message: String, advice: String) {
        self.code = code
        self.path = path
        self.message = message
        self.advice = advice
    }
}

public struct ListingCount: Sendable {
    public var pendingCount: Int
    public var pendingByteCount: UInt64
}
