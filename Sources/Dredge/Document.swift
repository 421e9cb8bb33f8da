import DredgeStore
import DredgeTransfer

/// One object on its way through the workers. Its parts arrive in any order and are worked on in theirs, by one worker at a time.
///
/// `@unchecked Sendable`: `arrival` is only touched under the lock of the `DocumentQueue`, `work` only by the worker that the
/// queue gave the document to.
final class Document: @unchecked Sendable {
    let object: PendingObject
    /// The version that is read: the listed one, or the one that a reread found.
    let eTag: String
    let size: UInt64
    let partCount: Int

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
        /// What the part before left undecided: it begins at `offset`.
        var carry: [UInt8] = []
        /// Where the next window begins, in bytes from the start of the document.
        var offset: UInt64 = 0
        var chunkCount = 0
        var tokenCount = 0
        var spans: [Span] = []
        /// Of an object of several parts, whose batches are its own: they are worthless if it fails half-way.
        var builder: BatchBuilder?
    }
    var work = Work()

    init(object: PendingObject, eTag: String, size: UInt64, partCount: Int, builder: BatchBuilder?) {
        self.object = object
        self.eTag = eTag
        self.size = size
        self.partCount = partCount
        work.builder = builder
    }
}
