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
        run.counters.listingsBegin(sources.count)
        run.counters.whenSilent { [sources, logger = run.logger] isFirst in
            let silence = await RunSilence(of: sources)
            if isFirst, let silence {
                logger.notice(
                    "nothing has come for a while",
                    metadata: [
                        "requests": "\(silence.requestCount)", "first": "\(silence.first)",
                        "since": "\(Timestamp.iso8601(silence.firstSince))",
                    ])
            }
            return silence
        }
        let removals = await readSources()
        if run.failure.error != nil { run.work.cancel() } else { run.work.finish() }
        await run.work.end()
        let isStopped = Task.isCancelled
        // Which would keep the sources, and they the counters.
        run.counters.whenSilent(nil)
        for source in sources { source.close() }

        let closing = Closing(
            run: run, record: record, sources: sources, isStopped: isStopped, removals: removals,
            meter: run.meter)
        // The closing transactions must happen also when the task is cancelled, so they get a task of their own.
        return try await Task { await closing.close(after: run.failure.error) }.value.get()
    }

    /// Lists and reads all sources, side by side; returns what became of stored documents that listings left over, in
    /// the order of the sources.
    private func readSources() async -> [RemovalOutcome] {
        await withTaskGroup(of: (index: Int, outcome: RemovalOutcome?)?.self) { group in
            for (index, (source, listing)) in zip(sources, record.sources).enumerated() {
                group.addTask { (index, await read(source, listing)) }
            }
            group.addTask {
                await run.failure.wait()
                return nil
            }
            var removals = Array(repeating: RemovalOutcome(), count: sources.count)
            var openCount = sources.count
            for await end in group {
                if let end {
                    removals[end.index] = end.outcome ?? RemovalOutcome()
                    openCount -= 1
                    if openCount > 0 { continue }
                }
                // Everything is read, or nothing more is to be.
                group.cancelAll()
            }
            return removals
        }
    }

    /// Lists and reads one source; returns what became of stored documents that the listing left over.
    private func read(_ source: OpenSource, _ state: OpenListing) async -> RemovalOutcome? {
        defer { source.counters.end() }
        await source.verify()
        let signal = ListingSignal()
        let listing = Listing(run: run, source: source, state: state, signal: signal)
        let feeding = Feeding(run: run, source: source, id: state.source, signal: signal)
        async let removal = listing.record()
        if source.failure == nil {
            // On the thread of the reads that it starts, so that none of them begins with a hop.
            await withTaskExecutorPreference(run.executor) { await feeding.feed() }
            if source.failure == nil, !Task.isCancelled {
                run.logger.info("reading complete", metadata: ["source": "\(source.source.name)"])
            }
        }
        return await removal
    }
}
