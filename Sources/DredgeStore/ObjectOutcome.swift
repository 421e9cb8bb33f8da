/// Which chunks of an object stand in which batch.
public struct Span: Sendable, Hashable {
    /// The batch.
    public var batch: Int64
    /// Index of the first of them in the batch's directory.
    public var firstEntry: Int
    /// Its ordinal in the object.
    public var firstOrdinal: Int
    /// How many; they follow one another in the directory.
    public var chunkCount: Int

    /// All parts.
    public init(batch: Int64, firstEntry: Int, firstOrdinal: Int, chunkCount: Int) {
        self.batch = batch
        self.firstEntry = firstEntry
        self.firstOrdinal = firstOrdinal
        self.chunkCount = chunkCount
    }
}

/// What became of one object of a run.
public struct ObjectOutcome: Sendable {
    /// The ways.
    public enum State: Sendable {
        /// `spans` in order of their ordinals; `eTag`, `size`, `versionID` of the version that was read. `documentByteCount`: bytes of the
        /// decoded text, where chunk offsets count from; nil: as many as the object has.
        case indexed(
            spans: [Span], eTag: String, size: UInt64, versionID: String?, chunkCount: Int, tokenCount: Int,
            documentByteCount: UInt64? = nil)
        /// Not to be indexed. `readETag`: of the version whose bytes say so (binary); what was stored goes, and that version isn't
        /// fetched again. nil: it could not be read at the moment (archived); what was stored of an older version stays, and the next run
        /// tries again.
        case skipped(reason: String, readETag: String?)
        /// What was stored of an older version stays, and shows as stale.
        case failed(reason: String)
        /// Deleted since it was listed. What was stored of it goes.
        case vanished
        /// It kept changing under the read. What was stored of an older version stays, and shows as stale.
        case changed
    }
    /// The object's row.
    public var object: Int64
    /// What became of it.
    public var state: State
    /// Attempts that it took.
    public var attemptCount: Int
    /// Of the last error.
    public var requestID: String?

    /// All parts.
    public init(object: Int64, state: State, attemptCount: Int = 1, requestID: String? = nil) {
        self.object = object
        self.state = state
        self.attemptCount = attemptCount
        self.requestID = requestID
    }

    /// What it takes of the writer's queue.
    var byteCount: Int {
        guard case .indexed(let spans, _, _, _, _, _, _) = state else { return 256 }
        return 256 + spans.count * MemoryLayout<Span>.stride
    }

    /// Whether the spans are the chunks 0..<chunkCount, once each and in order.
    var isWellFormed: Bool {
        guard case .indexed(let spans, _, _, _, let chunkCount, let tokenCount, _) = state else { return true }
        var next = 0
        for span in spans {
            guard span.firstOrdinal == next, span.chunkCount > 0, span.firstEntry >= 0 else { return false }
            next += span.chunkCount
        }
        return next == chunkCount && tokenCount >= 0
    }
}
