import DredgeBase
import DredgeLedger
import DredgeTransfer
import Foundation

/// What there is to do for an engine's workers: parts of documents that are there, of all runs.
///
/// A worker never waits for one document's next part: it takes whichever document has one. So what is in memory is
/// always being used up, and the memory budget can't lock up however many large objects are open. Of the runs that have
/// something to do, the one that workers have spent the least time on comes first; one whose sink is full waits until
/// it has room.
///
/// `@unchecked Sendable`: everything below, and what the `RunWork`s say so of, is only touched under `condition`.
final class WorkQueue: @unchecked Sendable {
    private let condition = NSCondition()
    /// Called when a worker finds nothing that has arrived.
    private let onStarved: @Sendable () -> Void
    /// Parts that have arrived and that nobody works on yet.
    private var arrivedCount = 0
    private var runs: [RunWork] = []
    private var isShutDown = false
    /// The working time of the run that was served last. A run that had nothing to do begins here, so that it has no
    /// advance.
    private var servedTime: Duration = .zero

    init(onStarved: @escaping @Sendable () -> Void = {}) { self.onStarved = onStarved }

    /// What a worker does next.
    enum Job {
        /// Work on this part of a document.
        case part(RunWork, Document, OwnedBuffer, index: Int, batch: SharedBatch)
        /// Do with a document of several parts what the ending says: it is not read to its end.
        case end(RunWork, Document, Document.Ending)
        /// Write what waits in a batch that is not full: it is due.
        case write(RunWork, SharedBatch)
        /// All is done for the run: write what is in its batches.
        case close(RunWork)
    }

    /// Parts that have arrived and that nobody works on yet.
    var waitingCount: Int { condition.withLock { arrivedCount } }

    // MARK: For runs

    func add(_ run: RunWork) {
        condition.withLock {
            guard isShutDown else { return runs.append(run) }
            // The workers may have ended: what is delivered is dropped.
            run.queue.isCancelled = true
            run.queue.isClosed = true
            run.close()
        }
    }

    /// Hands a part over; `note` writes down what came with it.
    func deliver(
        _ buffer: OwnedBuffer, part: Int, of document: Document, to run: RunWork,
        _ note: (inout Document.Arrival) -> Void
    ) {
        condition.withLock {
            precondition(part >= document.arrival.nextPart, "part \(part) of a document was delivered twice")
            guard !run.queue.isCancelled, document.arrival.ending == nil else { return }
            note(&document.arrival)
            document.arrival.parts[part] = buffer
            arrivedCount += 1
            offer(document, of: run)
        }
    }

    /// Drops what has arrived of a document and what is still to come. `waiter` goes on when a worker has done with it
    /// what `ending` says.
    func abandon(
        _ document: Document, of run: RunWork, _ ending: Document.Ending, _ waiter: CheckedContinuation<Void, Never>
    ) {
        condition.withLock {
            guard !run.queue.isClosed else { return waiter.resume() }
            drop(document)
            document.arrival.waiter = waiter
            putAway(document, of: run, ending)
        }
    }

    /// No document of the run will come any more: it is closed when what is there is done.
    func finish(_ run: RunWork) {
        condition.withLock {
            run.queue.isFinished = true
            condition.broadcast()
        }
    }

    /// The run is closed when the parts in hand are done.
    func cancel(_ run: RunWork) {
        condition.withLock {
            run.queue.isCancelled = true
            var documents = run.queue.ready
            run.queue.ready = FIFO()
            while let document = documents.popFirst() {
                document.arrival.isTaken = false
                offer(document, of: run)
            }
            condition.broadcast()
        }
    }

    /// The workers end when no run is left.
    func shutDown() {
        condition.withLock {
            isShutDown = true
            condition.broadcast()
        }
    }

    // MARK: For workers

    /// Waits for something to do. nil: the worker ends.
    func next() -> Job? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let job = dueBatch() ?? closing() ?? part() { return job }
            if isShutDown, runs.isEmpty { return nil }
            if arrivedCount == 0, !runs.isEmpty { onStarved() }
            if let deadline = nextDeadline() {
                _ = condition.wait(until: Date(timeIntervalSinceNow: deadline.remaining() / .seconds(1)))
            } else {
                condition.wait()
            }
        }
    }

    /// The worker has done a job of `.part` or `.write`, in `time`. The document's next part may be taken from here on.
    func done(_ document: Document?, of run: RunWork, in time: Duration, _ batch: SharedBatch) {
        condition.withLock {
            run.queue.activeCount -= 1
            run.queue.workedTime += time
            run.counters.workedNanoseconds.add(time.nanosecondCount)
            // One empty batch is enough: with many runs there would be one for each of them and each worker.
            if run.queue.idleBatches.isEmpty || batch.deadline != nil || batch.batch.entryCount > 0 {
                run.queue.idleBatches.append(batch)
            }
            if let document {
                document.arrival.nextPart += 1
                document.arrival.isTaken = false
                offer(document, of: run)
            }
        }
    }

    /// The worker has done a job of `.end`, in `time`.
    func ended(_ document: Document, of run: RunWork, in time: Duration) {
        condition.withLock {
            run.queue.activeCount -= 1
            run.queue.workedTime += time
            run.counters.workedNanoseconds.add(time.nanosecondCount)
            document.arrival.waiter?.resume()
            document.arrival.waiter = nil
            if run.queue.isToBeClosed { condition.signal() }
        }
    }

    /// What is known of a document that the worker has done; nil: nobody wants it any more.
    func arrival(of document: Document) -> (versionID: String?, attemptCount: Int)? {
        condition.withLock {
            document.arrival.ending != nil ? nil : (document.arrival.versionID, document.arrival.attemptCount)
        }
    }

    // MARK: With the lock held

    /// Puts a document into the ready list when there is something to do for it and nobody is at it.
    private func offer(_ document: Document, of run: RunWork) {
        guard !document.arrival.isTaken else { return }
        if let ending = document.arrival.ending { return putAway(document, of: run, ending) }
        if run.queue.isCancelled {
            drop(document)
            // A document that was read to its end before is done.
            if document.isLarge, document.arrival.nextPart < document.partCount { putAway(document, of: run, .kept) }
        } else if document.arrival.parts[document.arrival.nextPart] != nil {
            makeReady(document, of: run)
        }
    }

    private func drop(_ document: Document) {
        arrivedCount -= document.arrival.parts.count
        document.arrival.parts.removeAll()
    }

    private func putAway(_ document: Document, of run: RunWork, _ ending: Document.Ending) {
        document.arrival.ending = ending
        if !document.arrival.isTaken { makeReady(document, of: run) }
    }

    private func makeReady(_ document: Document, of run: RunWork) {
        document.arrival.isTaken = true
        if run.queue.ready.isEmpty { run.queue.workedTime = max(run.queue.workedTime, servedTime) }
        run.queue.ready.append(document)
        condition.signal()
    }

    private func nextDeadline() -> Deadline? {
        var next: Deadline?
        for run in runs {
            for batch in run.queue.idleBatches {
                guard let deadline = batch.deadline else { continue }
                next = next.map { min($0, deadline) } ?? deadline
            }
        }
        return next
    }

    private func dueBatch() -> Job? {
        // The clock is read only where something may be due: this comes before each part.
        guard let deadline = nextDeadline(), deadline.hasPassed() else { return nil }
        for run in runs {
            guard let index = run.queue.idleBatches.firstIndex(where: { $0.deadline == deadline }) else { continue }
            run.queue.activeCount += 1
            return .write(run, run.queue.idleBatches.remove(at: index))
        }
        return nil
    }

    private func closing() -> Job? {
        guard let index = runs.firstIndex(where: { $0.queue.isToBeClosed }) else { return nil }
        // A worker that waits may be here to see the last run go.
        defer { if isShutDown { condition.broadcast() } }
        let run = runs.remove(at: index)
        run.queue.isClosed = true
        return .close(run)
    }

    /// Of the runs that have something to do, the one that had the least time.
    private func nextRun() -> RunWork? {
        var next: RunWork?
        for run in runs where !run.queue.ready.isEmpty && !run.queue.isBlocked {
            if let chosen = next, chosen.queue.workedTime <= run.queue.workedTime { continue }
            next = run
        }
        return next
    }

    private func part() -> Job? {
        while true {
            guard let run = nextRun() else { return nil }
            guard run.sink.hasRoom else {
                block(run)
                continue
            }
            guard let document = run.queue.ready.popFirst() else { preconditionFailure("a document was ready") }
            servedTime = run.queue.workedTime
            run.queue.activeCount += 1
            if let ending = document.arrival.ending { return .end(run, document, ending) }
            let index = document.arrival.nextPart
            guard let buffer = document.arrival.parts.removeValue(forKey: index) else {
                preconditionFailure("a document that is ready has its next part")
            }
            arrivedCount -= 1
            let batch = run.queue.idleBatches.popLast() ?? SharedBatch(run.sink.makeBatch())
            return .part(run, document, buffer, index: index, batch: batch)
        }
    }

    /// Passes over a run until its sink has room.
    private func block(_ run: RunWork) {
        run.queue.isBlocked = true
        let begin = ContinuousClock.now
        Task {
            // Nothing cancels this task; and if something did, the next look at the sink would block the run again.
            try? await run.sink.waitForRoom()
            run.counters.blockedNanoseconds.add((ContinuousClock.now - begin).nanosecondCount)
            condition.withLock {
                run.queue.isBlocked = false
                condition.broadcast()
            }
        }
    }
}
