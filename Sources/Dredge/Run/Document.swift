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
    /// Of an object of several parts, whose read may be abandoned half-way.
    let progress: ReadProgress?

    /// What the queue knows.
    struct Arrival {
        var parts: [Int: OwnedBuffer] = [:]
        var nextPart = 0
        /// In the queue's ready list, or with a worker.
        var isTaken = false
        /// Nobody wants it any more: its object changed, vanished or failed under the read.
        var isAbandoned = false
        var versionID: String?
        /// The most attempts that one of its parts took.
        var attemptCount = 1
    }
    var arrival = Arrival()

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

    init(
        object: PendingObject, eTag: ETag, size: UInt64, partByteCount: Int, partCount: Int,
        progress: ReadProgress? = nil, decoder: any TextDecoder, ownBatch: (any ChunkBatch)?
    ) {
        self.object = object
        self.eTag = eTag
        self.size = size
        self.partByteCount = partByteCount
        self.partCount = partCount
        self.progress = progress
        work = Work(decoder: decoder, ownBatch: ownBatch)
    }
}
