import DredgeAWS
import DredgeLedger
import DredgeS3
import Logging
import Foundation

/// The last stage: the last transaction, the run's record in the ledger, and its report.
struct Closing: Sendable {
    let run: RunContext
    let record: OpenRun
    let sources: [OpenSource]
    let isStopped: Bool
    /// Of each source.
    let removals: [RemovalOutcome]
    let meter: RunTimeMeter

    /// `error` is what ended the run as a whole, if something did.
    func close(after error: RunError?) async -> Result<RunReport, RunError> {
        do throws(StoreError) {
            if error == nil { try await run.work.sink.flush() }
            let totals = try await run.ledger.totals(of: run.id)
            if !isStopped, error == nil {
                for (source, listing) in zip(sources, record.sources) {
                    await source.ended(hasContent: try await run.ledger.storedKey(of: listing.source) != nil)
                }
            }
            var errors = [error].compactMap(\.self) + sources.compactMap(\.failure)
            if errors.isEmpty, !isStopped, let pending = totals.states[.pending] {
                errors.append(.forgotten(pending.objects))
            }
            let outcome: RunReport.Outcome = !errors.isEmpty ? .failed : isStopped ? .stopped : .complete
            let report = report(outcome, totals)
            do throws(StoreError) {
                try await run.ledger.finish(run.id, outcome: outcome.inLedger)
                run.logger.info("store committed")
            } catch {
                // A store that has failed can't be told; why it failed is what matters.
                if errors.first?.code != .store { throw error }
            }
            run.logger.info("run ended", metadata: report.logged)
            guard var first = errors.first else { return .success(report) }
            first.others = Array(errors.dropFirst())
            first.report = report
            return .failure(first)
        } catch let storeError {
            // Lets go of the ledger, also where it fails.
            try? await run.ledger.finish(run.id, outcome: .fatal)
            return .failure(error ?? RunError(storeError))
        }
    }

    private func report(_ outcome: RunReport.Outcome, _ totals: RunTotals) -> RunReport {
        func count(_ state: ObjectState) -> ObjectCount { totals.states[state].map(ObjectCount.init) ?? ObjectCount() }
        let (cpuSeconds, time) = meter.end()
        let elapsedSeconds = run.counters.progress.elapsed / .seconds(1)
        let end = Date()
        return RunReport(
            id: record.name, outcome: outcome, isResumed: record.isResumed,
            beganAt: end.addingTimeInterval(-elapsedSeconds), endedAt: end, sources: sourceReports(totals),
            listed: ObjectCount(totals.states), indexed: count(.indexed),
            unchanged: count(.unchanged), skipped: count(.skipped), failed: count(.failed), vanished: count(.vanished),
            changed: count(.changed), pending: count(.pending),
            removedCount: removals.map(\.removedCount).reduce(0, +),
            markedCount: removals.map(\.markedCount).reduce(0, +),
            withheldCount: removals.map(\.withheldCount).reduce(0, +),
            withheld: zip(sources, removals).compactMap { WithheldRemovals($0.source, $1) },
            skippedReasons: totals.skippedReasons, failedReasons: totals.failedReasons, chunkCount: totals.chunkCount,
            tokenCount: totals.tokenCount,
            verifiedCount: sources.contains { $0.source.verifiesChecksums } ? run.counters.verified.value : nil,
            fetchedByteCount: run.counters.fetchedBytes.value,
            elapsedSeconds: elapsedSeconds, cpuSeconds: cpuSeconds, time: time, failures: run.failures.all)
    }

    private func sourceReports(_ totals: RunTotals) -> [SourceReport] {
        let isWhole = !record.isResumed && run.counters.progress.isListingComplete
        return sources.indices.map { index in
            let source = sources[index].source
            let removal = removals.indices.contains(index) ? removals[index] : RemovalOutcome()
            let states = totals.sources?[record.sources[index].source] ?? [:]
            let hops: [RoleHop] =
                if case .assumeRole(let hops) = source.auth {
                    hops.named(runID: record.name, source: source.name)
                } else {
                    []
                }
            return SourceReport(
                name: source.name, bucket: source.bucket, prefix: source.prefix, roleARN: hops.last?.roleARN,
                sessionNames: hops.compactMap(\.sessionName), listed: ObjectCount(states),
                states: Dictionary(uniqueKeysWithValues: states.map { ($0.rawValue, ObjectCount($1)) }),
                removedCount: removal.removedCount,
                removedKeys: (removal.removedKeys ?? []).map { ObjectKey($0).description },
                markedCount: removal.markedCount, withheldCount: removal.withheldCount,
                withheldReason: removal.withheldReason,
                unmatchedPatterns: isWhole && sources[index].failure == nil
                    ? sources[index].filter.unmatchedPatterns : [], error: sources[index].failure?.message)
        }
    }
}

extension RunReport.Outcome {
    fileprivate var inLedger: RunOutcome {
        switch self {
        case .complete: .complete
        case .stopped: .stopped
        case .failed: .fatal
        }
    }
}

extension RunReport {
    /// What a log has of it.
    fileprivate var logged: Logger.Metadata {
        [
            "outcome": "\(outcome.rawValue)", "listed": .stringConvertible(listed.objects),
            "indexed": .stringConvertible(indexed.objects), "failed": .stringConvertible(failed.objects),
            "bytes": .stringConvertible(fetchedByteCount), "tokens": .stringConvertible(tokenCount),
            "seconds": .stringConvertible((elapsedSeconds * 1000).rounded() / 1000),
        ]
    }
}

extension ObjectCount {
    fileprivate init(_ count: RunTotals.Count) { self.init(objects: count.objects, bytes: count.bytes) }

    fileprivate init(_ states: [ObjectState: RunTotals.Count]) {
        self = states.values.reduce(into: Self()) { $0 += Self($1) }
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
