import DredgeBase
import DredgeLedger
import DredgeText
import Foundation

/// The threads that compute, for all runs of an engine.
final class WorkerPool: Sendable {
    private let queue: WorkQueue
    private let runningCount: Monitor<Int>
    private let clocks: [ThreadClock]

    /// Starts `count` threads that do what is in `queue`, until it is shut down.
    init(count: Int, queue: WorkQueue) {
        self.queue = queue
        let runningCount = Monitor(count)
        self.runningCount = runningCount
        clocks = (0..<count).map { _ in ThreadClock() }
        for (index, clock) in clocks.enumerated() {
            let thread = Thread {
                clock.begin()
                var worker = Worker(queue: queue)
                worker.run()
                clock.end()
                runningCount.update { $0 -= 1 }
            }
            thread.name = "dredge-worker-\(index)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit { queue.shutDown() }

    /// Processor time of each thread so far, in seconds.
    var processorSeconds: [Double] { clocks.map(\.seconds) }

    /// Returns when every thread has ended.
    func shutDown() async {
        queue.shutDown()
        await Task { [runningCount] in try? await runningCount.wait { $0 == 0 ? () : nil } }.value
    }
}

/// What one thread does.
private struct Worker {
    let queue: WorkQueue
    /// One for each tokenizer in use: 8 MiB of caches at the most, which stay warm from run to run.
    private var counters: [Tokenizer: TokenCounter] = [:]

    init(queue: WorkQueue) { self.queue = queue }

    mutating func run() {
        while let job = queue.next() {
            switch job {
            case .part(let run, let document, let buffer, let index, let batch):
                let start = ContinuousClock.now
                let chunking = Chunking(run, counter: counter(of: run.settings.tokenizer))
                report(to: run) { () throws(StoreError) in
                    try chunking.work(on: document, part: buffer, index: index, batch: batch)
                    if index == document.partCount - 1, let arrival = queue.arrival(of: document) {
                        try chunking.finish(
                            document, versionID: arrival.versionID, attemptCount: arrival.attemptCount, batch: batch)
                    }
                    if batch.deadline?.hasPassed() ?? false { try batch.write(for: run) }
                }
                queue.done(document, of: run, in: ContinuousClock.now - start, batch)
            case .end(let run, let document, let ending):
                let start = ContinuousClock.now
                let chunking = Chunking(run, counter: counter(of: run.settings.tokenizer))
                report(to: run) { () throws(StoreError) in try chunking.end(document, ending) }
                queue.ended(document, of: run, in: ContinuousClock.now - start)
            case .write(let run, let batch):
                let start = ContinuousClock.now
                report(to: run) { () throws(StoreError) in try batch.write(for: run) }
                queue.done(nil, of: run, in: ContinuousClock.now - start, batch)
            case .close(let run):
                report(to: run) { () throws(StoreError) in
                    // The queue has let go of the run: nobody else touches it.
                    for batch in run.queue.idleBatches { try batch.write(for: run) }
                }
                run.close()
            }
        }
    }

    private mutating func counter(of tokenizer: Tokenizer) -> TokenCounter {
        if let counter = counters[tokenizer] { return counter }
        let counter = TokenCounter(tokenizer)
        counters[tokenizer] = counter
        return counter
    }

    /// A sink that fails ends its run, not the thread.
    private func report(to run: RunWork, _ body: () throws(StoreError) -> Void) {
        do { try body() } catch { run.failure.report(RunError(error)) }
    }
}
