import DredgeBase
import DredgeLedger
import DredgeText
import DredgeTransfer

/// One object on its way through the workers. Its parts arrive in any order and are worked on in theirs, by one worker
/// at a time.
///
/// `@unchecked Sendable`: `arrival` is only touched under the lock of the `WorkQueue`, `work` only by the worker that
/// the queue gave the document to.
final class Document: @unchecked Sendable {
    let object: PendingObject
    /// The version that is read: the listed one, or the one that a reread found.
    let eTag: ETag
    let size: UInt64
    let partCount: Int
    /// Bytes of every part but the last.
    let partByteCount: Int
    /// Where the first part begins, in bytes of the object: what comes before it is in the sink from an earlier read.
    let start: UInt64
    /// Of an object of several parts.
    let progress: ReadProgress?
    /// Of an object whose bytes are verified.
    let check: ChecksumCheck?
    /// Those of its source.
    let counters: SourceCounters
    /// Whether it has batches of its own, because its read may end half-way.
    let isLarge: Bool

    /// What the queue knows.
    struct Arrival {
        var parts: [Int: OwnedBuffer] = [:]
        var nextPart = 0
        /// In the queue's ready list, or with a worker.
        var isTaken = false
        /// What is to be done with it, because it is not read to its end; nil: it is.
        var ending: Ending?
        /// Waits until that is done.
        var waiter: CheckedContinuation<Void, Never>?
        var versionID: String?
        /// The most attempts that one of its parts took.
        var attemptCount = 1
    }
    var arrival = Arrival()

    /// What becomes of a document of several parts whose read ends early.
    enum Ending: Sendable {
        /// What is decided of it is kept for the next read.
        case kept
        /// Its version is gone, and so is what was read of it.
        case dropped
    }

    /// What the worker knows.
    struct Work {
        let decoder: any TextDecoder
        /// Of an object of several parts, whose batches are its own: they are worthless if it fails half-way.
        let ownBatch: (any ChunkBatch)?
        /// What the window before left undecided: it begins at `offset`.
        var carry: [UInt8] = []
        /// Where the next window begins, in bytes from the start of the document.
        var offset: UInt64 = 0
        var chunkCount = 0
        var tokenCount = 0
        var spans: [ChunkSpan] = []
        /// `offset` and the number of `spans` when they were marked last, so that they need not be read again.
        var marked: (offset: UInt64, spanCount: Int) = (0, 0)

        /// The chunk that is about to be appended as `entry` of `batch` belongs to this document.
        mutating func note(batch: BatchID, entry: Int) {
            if let last = spans.indices.last, spans[last].batch == batch {
                spans[last].chunkCount += 1
            } else {
                spans.append(ChunkSpan(batch: batch, firstEntry: entry, firstOrdinal: chunkCount, chunkCount: 1))
            }
        }
    }
    var work: Work

    /// - Parameter kept: what an earlier read left: this one goes on behind it.
    init(
        object: PendingObject, eTag: ETag, size: UInt64, partByteCount: Int, partCount: Int,
        progress: ReadProgress? = nil, decoder: any TextDecoder, ownBatch: (any ChunkBatch)?,
        counters: SourceCounters, check: ChecksumCheck? = nil, kept: ObjectProgress? = nil
    ) {
        self.object = object
        self.eTag = eTag
        self.size = size
        self.partByteCount = partByteCount
        self.partCount = partCount
        self.progress = progress
        self.check = check
        self.counters = counters
        isLarge = ownBatch != nil
        start = kept?.byteOffset ?? 0
        work = Work(decoder: decoder, ownBatch: ownBatch)
        guard let kept else { return }
        work.offset = kept.byteOffset
        work.chunkCount = kept.chunkCount
        work.tokenCount = kept.tokenCount
        work.spans = kept.spans
        work.marked = (kept.byteOffset, kept.spans.count)
    }
}
