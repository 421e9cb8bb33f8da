public import DredgeBase

/// An object that waits to be fetched.
public struct PendingObject: Sendable {
    /// How the ledger knows it.
    public var id: ObjectID
    /// Its place in the run's queue, from 1.
    public var position: Int64
    /// The key's bytes.
    public var key: [UInt8]
    /// Bytes, as listed.
    public var size: UInt64
    /// The listed ETag.
    public var eTag: ETag
    /// Attempts to read it that failed, when it was postponed.
    public var attemptCount: Int
    /// What was read of this version before; nil: nothing is kept.
    public var progress: ObjectProgress?

    /// All parts.
    public init(
        id: ObjectID, position: Int64, key: [UInt8], size: UInt64, eTag: ETag, attemptCount: Int = 0,
        progress: ObjectProgress? = nil
    ) {
        self.id = id
        self.position = position
        self.key = key
        self.size = size
        self.eTag = eTag
        self.attemptCount = attemptCount
        self.progress = progress
    }
}

/// Why an object of a run was not indexed.
public struct ObjectOutcome: Sendable {
    /// The ways.
    public enum Cause: Sendable, Hashable {
        /// Not to be indexed. `readETag`: of the version whose bytes say so (binary); what was stored goes, and that
        /// version isn't fetched again. nil: it could not be read at the moment (archived); what was stored of an older
        /// version stays, and the next run tries again.
        case skipped(SkipReason, readETag: ETag?)
        /// What was stored of an older version stays, and shows as stale.
        case failed(reason: String)
        /// Deleted since it was listed. What was stored of it stays until the next listing has come to its end without
        /// the object: only then is it known how many are gone, and the `RemovalRule` decides.
        case vanished
        /// It kept changing under the read. What was stored of an older version stays, and shows as stale.
        case changed
        /// It could not be read now. It goes to the end of the run's queue.
        case postponed
    }
    /// The object.
    public var object: ObjectID
    /// What became of it.
    public var cause: Cause
    /// Attempts that it took, of all visits.
    public var attemptCount: Int
    /// Of the last error.
    public var requestID: String?

    /// All parts.
    public init(object: ObjectID, cause: Cause, attemptCount: Int = 1, requestID: String? = nil) {
        self.object = object
        self.cause = cause
        self.attemptCount = attemptCount
        self.requestID = requestID
    }
}

/// Which chunks of an object stand in which batch: chunks `firstOrdinal ..< firstOrdinal + chunkCount` are the entries
/// `firstEntry ..< firstEntry + chunkCount` of the batch.
public struct ChunkSpan: Sendable, Hashable {
    /// The batch.
    public var batch: BatchID
    /// Index of the first of them in the batch's directory.
    public var firstEntry: Int
    /// Its ordinal in the object.
    public var firstOrdinal: Int
    /// How many; they follow one another in the directory.
    public var chunkCount: Int

    /// All parts.
    public init(batch: BatchID, firstEntry: Int, firstOrdinal: Int, chunkCount: Int) {
        self.batch = batch
        self.firstEntry = firstEntry
        self.firstOrdinal = firstOrdinal
        self.chunkCount = chunkCount
    }
}

/// What was read of a large object so far: its first chunks, all of them in sealed batches of its own.
public struct ObjectProgress: Sendable, Hashable {
    /// The object.
    public var object: ObjectID
    /// Of the version that is being read.
    public var eTag: ETag
    /// Bytes of the object, of that version.
    public var size: UInt64
    /// Where in the document the next chunk begins: the end of the last one, less an overlap.
    public var byteOffset: UInt64
    /// Chunks.
    public var chunkCount: Int
    /// Their tokens.
    public var tokenCount: Int
    /// Where they are, in order of their ordinals. In `ChunkSink.mark`, those of chunks that were marked before may be
    /// left out, so that a large object costs no more for each mark. `Ledger.pending` gives all of them.
    public var spans: [ChunkSpan]

    /// All parts.
    public init(
        object: ObjectID, eTag: ETag, size: UInt64, byteOffset: UInt64, chunkCount: Int, tokenCount: Int,
        spans: [ChunkSpan]
    ) {
        self.object = object
        self.eTag = eTag
        self.size = size
        self.byteOffset = byteOffset
        self.chunkCount = chunkCount
        self.tokenCount = tokenCount
        self.spans = spans
    }
}

/// An object whose chunks are all handed over.
public struct IndexedObject: Sendable {
    /// The object.
    public var id: ObjectID
    /// Where its chunks are, in order of their ordinals.
    public var spans: [ChunkSpan]
    /// Of the version that was read.
    public var eTag: ETag
    /// Bytes of the object, of the version that was read.
    public var size: UInt64
    /// Of the version that was read, in a versioned bucket.
    public var versionID: String?
    /// Chunks.
    public var chunkCount: Int
    /// Their tokens.
    public var tokenCount: Int
    /// Bytes of the document: of its decoded text, where chunk offsets count from.
    public var documentByteCount: UInt64
    /// Attempts that it took.
    public var attemptCount: Int

    /// All parts.
    public init(
        id: ObjectID, spans: [ChunkSpan], eTag: ETag, size: UInt64, versionID: String? = nil, chunkCount: Int,
        tokenCount: Int, documentByteCount: UInt64, attemptCount: Int = 1
    ) {
        self.id = id
        self.spans = spans
        self.eTag = eTag
        self.size = size
        self.versionID = versionID
        self.chunkCount = chunkCount
        self.tokenCount = tokenCount
        self.documentByteCount = documentByteCount
        self.attemptCount = attemptCount
    }

    /// Whether the spans are the chunks 0..<chunkCount, once each and in order.
    public var isWellFormed: Bool {
        var next = 0
        for span in spans {
            guard span.firstOrdinal == next, span.chunkCount > 0, span.firstEntry >= 0 else { return false }
            next += span.chunkCount
        }
        return next == chunkCount && tokenCount >= 0
    }
}
