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
    private var runs: [RunWork] = []
    private var isShutDown = false
    /// The working time of the run that was served last. A run that had nothing to do begins here, so that it has no
    /// advance.
    private var servedTime: Duration = .zero

    /// What a worker does next.
    enum Job {
        /// Work on this part of a document.
        case part(RunWork, Document, OwnedBuffer, index: Int, batch: SharedBatch)
        /// Write what waits in a batch that is not full: it is due.
        case write(RunWork, SharedBatch)
        /// All is done for the run: write what is in its batches.
        case close(RunWork)
    }

    // MARK: For runs

    func add(_ run: RunWork) {
        condition.withLock {
            guard isShutDown else { return runs.append(run) }
            // The workers may have ended: what is delivered is dropped.
            run.queue.isCancelled = true
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
            guard !run.queue.isCancelled, !document.arrival.isAbandoned else { return }
            note(&document.arrival)
            document.arrival.parts[part] = buffer
            offer(document, of: run)
        }
    }

    /// Drops what has arrived of a document and what is still to come.
    func abandon(_ document: Document) {
        condition.withLock {
            document.arrival.isAbandoned = true
            document.arrival.parts.removeAll()
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
            while let document = run.queue.ready.popFirst() { document.arrival.parts.removeAll() }
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
            // Abandoned documents are passed over on the way to a part: then a run may have become ready to be closed.
            if let job = dueBatch() ?? closing() ?? part() ?? closing() { return job }
            if isShutDown, runs.isEmpty { return nil }
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
            // One empty batch is enough: with many runs there would be one for each of them and each worker.
            if run.queue.idleBatches.isEmpty || batch.deadline != nil || batch.batch.entryCount > 0 {
                run.queue.idleBatches.append(batch)
            }
            if let document {
                document.arrival.nextPart += 1
                document.arrival.isTaken = false
                if !document.arrival.isAbandoned { offer(document, of: run) }
            }
        }
    }

    /// What is known of a document that the worker has done; nil: nobody wants it any more.
    func arrival(of document: Document) -> (versionID: String?, attemptCount: Int)? {
        condition.withLock {
            document.arrival.isAbandoned ? nil : (document.arrival.versionID, document.arrival.attemptCount)
        }
    }

    // MARK: With the lock held

    private func offer(_ document: Document, of run: RunWork) {
        guard !document.arrival.isTaken, document.arrival.parts[document.arrival.nextPart] != nil else { return }
        guard !run.queue.isCancelled else { return document.arrival.parts.removeAll() }
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
        return .close(runs.remove(at: index))
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
            let index = document.arrival.nextPart
            guard !document.arrival.isAbandoned, let buffer = document.arrival.parts.removeValue(forKey: index) else {
                document.arrival.isTaken = false
                continue
            }
            servedTime = run.queue.workedTime
            run.queue.activeCount += 1
            let batch = run.queue.idleBatches.popLast() ?? SharedBatch(run.sink.makeBatch())
            return .part(run, document, buffer, index: index, batch: batch)
        }
    }

    /// Passes over a run until its sink has room.
    private func block(_ run: RunWork) {
        run.queue.isBlocked = true
        Task {
            // Nothing cancels this task; and if something did, the next look at the sink would block the run again.
            try? await run.sink.waitForRoom()
            condition.withLock {
                run.queue.isBlocked = false
                condition.broadcast()
            }
        }
    }
}
