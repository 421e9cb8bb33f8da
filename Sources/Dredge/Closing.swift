import DredgeStore
import Foundation

/// The end of a run: the last transaction, its record in the store, and its report.
struct Closing: Sendable {
    let store: ChunkStore
    let run: RunState
    let sources: [OpenSource]
    let counters: RunCounters
    let failures: [RunReport.Failure]
    let isStopped: Bool
    let removedCount: Int
    let cpuSeconds: Double

    /// `error` is what ended the run as a whole, if something did.
    func close(after error: RunError?) async -> Result<RunReport, RunError> {
        do throws(StoreError) {
            if error == nil { try await store.flush() }
            let totals = try await store.totals(run: run.run)
            if !isStopped, error == nil {
                for (source, state) in zip(sources, run.sources) {
                    source.ended(hasContent: try await store.hasContent(source: state.source))
                }
            }
            var errors = [error].compactMap(\.self) + sources.compactMap(\.failure)
            if errors.isEmpty, !isStopped, let pending = totals.states["pending"] {
                errors.append(.forgotten(pending.objects))
            }
            let outcome: RunReport.Outcome = !errors.isEmpty ? .failed : isStopped ? .stopped : .complete
            let report = report(outcome, totals)
            if error?.code != .store {
                try await store.finishRun(
                    run: run.run, outcome: outcome == .complete ? .complete : outcome == .stopped ? .stopped : .fatal)
            }
            guard var first = errors.first else { return .success(report) }
            first.others = Array(errors.dropFirst())
            first.report = report
            return .failure(first)
        } catch let storeError {
            return .failure(error ?? RunError(storeError))
        }
    }

    private func report(_ outcome: RunReport.Outcome, _ totals: RunTotals) -> RunReport {
        func count(_ state: String) -> ObjectCount {
            totals.states[state].map { ObjectCount(objects: $0.objects, bytes: $0.bytes) } ?? ObjectCount()
        }
        let listed = totals.states.values.reduce(into: ObjectCount()) { sum, count in
            sum += ObjectCount(objects: count.objects, bytes: count.bytes)
        }
        let elapsed = counters.progress.elapsed
        return RunReport(
            id: run.id, outcome: outcome, isResumed: run.isResumed, listed: listed, indexed: count("indexed"),
            unchanged: count("unchanged"), skipped: count("skipped"), failed: count("failed"),
            vanished: count("vanished"),
            changed: count("changed"), pending: count("pending"), removedCount: removedCount,
            skippedReasons: totals.skippedReasons, failedReasons: totals.failedReasons, chunkCount: totals.chunkCount,
            tokenCount: totals.tokenCount, fetchedByteCount: counters.fetchedBytes.value,
            elapsedSeconds: elapsed / .seconds(1), cpuSeconds: cpuSeconds, failures: failures)
    }
}

/// User and system time of this process, in seconds.
func processorSeconds() -> Double {
    var usage = rusage()
    #if canImport(Darwin)
        getrusage(RUSAGE_SELF, &usage)
    #else
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #endif
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
