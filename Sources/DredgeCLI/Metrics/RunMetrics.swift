import Dredge
import DredgeBase
import Foundation
import Synchronization

/// The numbers of the command's run, as metrics. `OperatingARun.md` has a table of them.
final class RunMetrics: Sendable {
    private struct State {
        var engine: Engine?
        var run: Run?
        var begin = Date()
        /// When the command ended, how, and how long its last run took; nil: it has not.
        var end: (date: Date, outcome: Outcome, seconds: Double)?
    }
    private let state = Mutex(State())

    /// How the command's work ended.
    enum Outcome: String, CaseIterable {
        case complete, incomplete, stopped, failed
    }

    /// The numbers are those of `run` from now on.
    func watch(_ run: Run, of engine: Engine) {
        state.withLock { state in
            if state.run != nil { state.begin = Date() }
            (state.run, state.engine) = (run, engine)
        }
    }

    /// What counts up stays as it is.
    func end(_ outcome: Outcome) {
        state.withLock { state in
            if state.end == nil {
                state.end = (Date(), outcome, state.run?.figures.progress.elapsed.seconds ?? 0)
            }
        }
    }

    /// As they are now.
    var text: String {
        let state = state.withLock { $0 }
        var text = MetricsText()
        let figures = state.run?.figures
        Self.add(state, figures?.id, elapsed: figures?.progress.elapsed.seconds ?? 0, to: &text)
        Self.add(figures?.progress ?? .none, to: &text)
        Self.addRequests(figures, to: &text)
        Self.add(state.end == nil ? state.engine?.figures : nil, to: &text)
        return text.text
    }

    private static func add(_ state: State, _ id: String?, elapsed: Double, to text: inout MetricsText) {
        if let id {
            text.gauge(
                "dredge_run_info", "The run, as its report and its sessions name it. Always 1.", 1,
                ["run": id, "version": Version.current])
        }
        text.gauge("dredge_run_active", "1: the run goes on. 0: it has ended.", state.end == nil ? 1 : 0)
        text.gauge(
            "dredge_run_start_time_seconds", "When the run began, in seconds since 1970.",
            state.begin.timeIntervalSince1970)
        text.gauge(
            "dredge_run_end_time_seconds", "When the run ended, in seconds since 1970; 0: it goes on.",
            state.end?.date.timeIntervalSince1970 ?? 0)
        text.gauge("dredge_run_elapsed_seconds", "How long the run has taken.", state.end?.seconds ?? elapsed)
        for outcome in Outcome.allCases {
            text.gauge(
                "dredge_run_outcome", "1: the run ended so.", state.end?.outcome == outcome ? 1 : 0,
                ["outcome": outcome.rawValue])
        }
    }

    private static func add(_ progress: RunProgress, to text: inout MetricsText) {
        let others = progress.doneCount - progress.indexedCount - progress.failedCount
        let states = [
            ("pending", progress.listedCount - progress.doneCount), ("indexed", progress.indexedCount),
            ("failed", progress.failedCount), ("other", others),
        ]
        for (state, count) in states {
            text.gauge(
                "dredge_objects", "Objects listed so far, by what became of them.", max(0, count), ["state": state])
        }
        let openCount = progress.sources.count(where: \.isOpen)
        for (state, count) in [("open", openCount), ("done", progress.sources.count - openCount)] {
            text.gauge("dredge_sources", "Sources of the run.", count, ["state": state])
        }
        text.gauge(
            "dredge_sources_waited_for", "Open sources that fail as a whole and are waited for.", progress.waits.count)
        text.gauge(
            "dredge_listing_complete", "1: all sources are listed, so that what is planned is final.",
            progress.isListingComplete ? 1 : 0)
        text.gauge("dredge_planned_bytes", "Bytes of listed objects that are to be read.", progress.plannedByteCount)
        text.gauge("dredge_done_bytes", "Bytes of these that are dealt with.", progress.doneByteCount)
        text.counter("dredge_fetched_bytes_total", "Bytes of objects that arrived.", progress.fetchedByteCount)
        text.counter("dredge_chunks_total", "Chunks cut.", progress.chunkCount)
        text.counter("dredge_tokens_total", "Tokens counted.", progress.tokenCount)
    }

    private static func addRequests(_ figures: RunFigures?, to text: inout MetricsText) {
        let results = [
            ("answered", figures?.answeredCount), ("throttled", figures?.throttledCount),
            ("failed", figures?.failedCount),
        ]
        for (result, count) in results {
            text.counter(
                "dredge_requests_total", "Attempts to read an object that ended; throttled ones of all requests.",
                count ?? 0, ["result": result])
        }
        text.counter("dredge_retries_total", "Requests that were made again.", figures?.repeatedCount ?? 0)
    }

    /// nil: nothing is under way.
    private static func add(_ figures: EngineFigures?, to text: inout MetricsText) {
        text.gauge("dredge_requests_in_flight", "Reads under way.", figures?.requestCountInFlight ?? 0)
        text.gauge("dredge_requests_waiting", "Reads that may not be sent yet.", figures?.requestCountWaiting ?? 0)
        text.gauge("dredge_parts_waiting", "Parts of objects that wait for a worker.", figures?.partCountWaiting ?? 0)
        text.gauge(
            "dredge_memory_reserved_bytes", "Memory that is reserved for what is fetched.",
            figures?.memoryByteCount ?? 0)
        text.gauge(
            "dredge_memory_reserved_bytes_max", "The most that may be reserved.", figures?.memoryByteCountMax ?? 0)
        text.gauge(
            "dredge_session_seconds_left", "Until the first session in use ends; 0: none is in use.",
            figures?.sessionSecondsLeft ?? 0)
    }
}

extension RunMetrics.Outcome {
    init(_ status: ExitStatus) {
        self =
            switch status {
            case .complete: .complete
            case .incomplete: .incomplete
            case .stopped, .interrupted: .stopped
            case .usage, .fatal: .failed
            }
    }
}
