import DredgeBase
import DredgeLedger
import DredgeText
import DredgeTransfer

/// One run, as the engine's workers see it: documents to work on, and where their chunks go.
///
/// `@unchecked Sendable`: `queue` is only touched under the lock of the `WorkQueue`.
final class RunWork: @unchecked Sendable {
    let sink: any ChunkSink
    let settings: IndexSettings
    let counters: RunCounters
    let failure: FirstFailure
    /// Bytes of a large object after which is marked how far it is read.
    let markedByteCount: Int
    private let workQueue: WorkQueue
    private let closed = Monitor(false)

    /// What the `WorkQueue` knows.
    struct Queue {
        /// Documents that have their next part in hand and no worker on them.
        var ready = FIFO<Document>()
        /// Jobs that workers are at.
        var activeCount = 0
        /// Batches that no worker is at.
        var idleBatches: [SharedBatch] = []
        /// How long workers have worked for the run, in all.
        var workedTime: Duration = .zero
        /// The sink is full.
        var isBlocked = false
        var isFinished = false
        var isCancelled = false
        /// No worker will do anything for it any more.
        var isClosed = false

        /// Whether nothing is left but to write what is in the batches.
        var isToBeClosed: Bool { (isFinished || isCancelled) && activeCount == 0 && ready.isEmpty }
    }
    var queue = Queue()

    /// A run's work, which begins at once.
    init(
        sink: any ChunkSink, settings: IndexSettings, counters: RunCounters, failure: FirstFailure,
        markedByteCount: Int = Limits.default.markedByteCount, on queue: WorkQueue
    ) {
        self.sink = sink
        self.settings = settings
        self.counters = counters
        self.failure = failure
        self.markedByteCount = markedByteCount
        workQueue = queue
        queue.add(self)
    }

    /// Hands a part over, with what its answer told of the object.
    func deliver(
        _ buffer: OwnedBuffer, part: Int, of document: Document, versionID: String? = nil, attemptCount: Int = 1
    ) {
        workQueue.deliver(buffer, part: part, of: document, to: self) { arrival in
            if let versionID { arrival.versionID = versionID }
            arrival.attemptCount = max(arrival.attemptCount, attemptCount)
        }
    }

    /// Drops what has arrived of a document of several parts and what is still to come. Returns when a worker has done
    /// with it what `ending` says, also when the task is cancelled.
    func abandon(_ document: Document, _ ending: Document.Ending) async {
        await withCheckedContinuation { workQueue.abandon(document, of: self, ending, $0) }
    }

    /// No document will come any more.
    func finish() { workQueue.finish(self) }

    /// What is in hand is done and written, the rest is dropped; what is decided of large objects is kept.
    func cancel() { workQueue.cancel(self) }

    /// Returns when workers have done everything and handed it to the sink, also when the task is cancelled: then less
    /// is left to do. After `finish` or `cancel`.
    func end() async {
        await withTaskCancellationHandler {
            // In a task of its own, which nobody cancels: what the workers hold must be handed over before the run's
            // last transaction.
            await Task { [closed] in try? await closed.wait { $0 ? () : nil } }.value
        } onCancel: {
            cancel()
        }
    }

    /// By a worker: all is done.
    func close() { closed.update { $0 = true } }
}

/// A batch that the chunks of objects of one part share, and the objects that are complete with it.
///
/// `@unchecked Sendable`: it is with one worker, or idle and under the lock of the `WorkQueue`.
final class SharedBatch: @unchecked Sendable {
    let batch: any ChunkBatch
    private var objects: [IndexedObject] = []
    /// When what is in hand must be written at the latest; nil: no complete object is in hand.
    private(set) var deadline: Deadline?

    init(_ batch: any ChunkBatch) { self.batch = batch }

    /// The chunks of `object` are all in this batch, or in batches before it.
    func add(_ object: IndexedObject) {
        objects.append(object)
        if deadline == nil { deadline = Deadline(Limits.batchDelay) }
    }

    /// Hands over the batch, and then the objects that are complete with it: those before the one in work, which has
    /// more chunks to come.
    func write(for run: RunWork) throws(StoreError) {
        // Also when the sink has failed: the batch would be due again and again, and its run never closed.
        defer {
            objects.removeAll(keepingCapacity: true)
            deadline = nil
        }
        try run.counters.compressing { () throws(StoreError) in try batch.seal() }
        for object in objects { try run.sink.finish(object) }
    }
}
