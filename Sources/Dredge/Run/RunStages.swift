import DredgeBase
import DredgeLedger
import Foundation
import Logging

/// One run, from the first page of the listing to the last transaction.
///
/// ```
/// Listing ──pages──▶ ledger, the queue ──pending──▶ Feeding ──▶ Reading ──parts──▶ workers: Chunking ──batches──▶ sink
///                    each source has these four                                    all runs together
/// Closing, when all of it is done
/// ```
/// Every arrow is bounded: pages by the ledger's transactions, reads by the bucket's gate and the memory, parts by the
/// memory, batches by the sink's queue. Where one of them is full, everything before it waits, of this source or run
/// alone.
struct RunStages: Sendable {
    let run: RunContext
    let record: OpenRun
    let sources: [OpenSource]

    /// Runs until everything is done, the task is cancelled (a clean stop), or something ends the run.
    func execute() async throws(RunError) -> RunReport {
        let cpuSecondsBefore = processorSeconds()
        run.counters.listingsBegin(sources.count)
        let removedCount = await readSources()
        if run.failure.error != nil { run.work.cancel() } else { run.work.finish() }
        await run.work.end()
        let isStopped = Task.isCancelled
        for source in sources { source.close() }
        run.logger.debug("the run is empty", metadata: ["run": "\(record.name)", "stopped": "\(isStopped)"])

        let closing = Closing(
            run: run, record: record, sources: sources, isStopped: isStopped, removedCount: removedCount,
            cpuSeconds: processorSeconds() - cpuSecondsBefore)
        // The closing transactions must happen also when the task is cancelled, so they get a task of their own.
        return try await Task { await closing.close(after: run.failure.error) }.value.get()
    }

    /// Lists and reads all sources, side by side; returns how many stored objects are gone.
    private func readSources() async -> Int {
        await withTaskGroup(of: Int?.self) { group in
            for (source, listing) in zip(sources, record.sources) {
                group.addTask { await read(source, listing) }
            }
            group.addTask {
                await run.failure.wait()
                return nil
            }
            var removedCount = 0
            var openCount = sources.count
            for await removed in group {
                if let removed {
                    removedCount += removed
                    openCount -= 1
                    if openCount > 0 { continue }
                }
                // Everything is read, or nothing more is to be.
                group.cancelAll()
            }
            return removedCount
        }
    }

    /// Lists and reads one source; returns how many of its stored objects are gone.
    private func read(_ source: OpenSource, _ state: OpenListing) async -> Int {
        await source.verify()
        let signal = ListingSignal()
        let listing = Listing(run: run, source: source, state: state, signal: signal)
        let feeding = Feeding(run: run, source: source, id: state.source, signal: signal)
        async let removedCount = listing.record()
        if source.failure == nil {
            // On the thread of the reads that it starts, so that none of them begins with a hop.
            await withTaskExecutorPreference(run.executor) { await feeding.feed() }
        }
        return await removedCount
    }
}
