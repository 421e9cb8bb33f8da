import Dredge
import DredgeConfig
import DredgeLedger
import DredgeStore
import Foundation

/// What `run` and `index` have in common: sources into a store, with progress, a report and an exit status.
struct IndexingJob {
    private let config: Config
    private let sources: [Source]
    private let store: String
    private let output: OutputOptions

    init(config: Config, output: OutputOptions) {
        guard let store = config.store else { preconditionFailure("a config for a run names its store") }
        self.config = config
        sources = config.sources.map { source in
            var source = source
            source.removal.isConfirmed = output.confirmDeletions
            return source
        }
        self.store = store
        self.output = output
    }

    func execute() async throws {
        do {
            if output.dryRun { try await plan() } else { try await index() }
        } catch let error as RunError {
            try fail(error)
        }
    }

    private func makeEngine() throws(RunError) -> Engine {
        try Engine(
            limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
            logger: output.log.logger)
    }

    private func plan() async throws {
        let isThere = FileManager.default.fileExists(atPath: store)
        let existing = isThere ? try ChunkStore.open(reading: store, settings: config.settings) : nil
        let engine = try makeEngine()
        let planning = Task { () async -> Result<Plan, RunError> in
            do throws(RunError) {
                return .success(try await engine.plan(sources, against: existing))
            } catch {
                return .failure(error)
            }
        }
        let signals = StopSignals { planning.cancel() }
        defer { signals.cancel() }
        let result = await planning.value
        await engine.shutDown()
        if planning.isCancelled { throw CommandFailure(.stopped, "Stopped: a dry run writes nothing.") }
        let plan = try result.get()
        let cost = CostText(plan, of: sources, by: engine)
        if output.json {
            Answer.give(PlanAnswer(plan: plan, requests: cost.requests))
        } else if !output.quiet {
            StandardError.write(PlanText.text(plan, cost: cost))
        }
    }

    private func index() async throws {
        let display = ProgressDisplay(isOff: output.noProgress, isQuiet: output.quiet, log: output.log)
        let stop = StopRequest()
        // Before anything else, so that there is no moment in which a signal ends the process unasked.
        let signals = StopSignals {
            display.say("dredge: stopping; press Ctrl-C again to end at once")
            stop.request()
        }
        defer { signals.cancel() }
        let opened = Result { try ChunkStore.open(at: store, settings: config.settings) }
        // The metrics are those of the run that has the store.
        if case .failure(let error as StoreError) = opened, error.code == .inUse { throw error }
        let metrics = try MetricsOutput(output.metrics, output.log)
        try await metrics.during(output.log) { try await index(into: try opened.get(), display, stop, metrics) }
    }

    private func index(
        into chunks: ChunkStore, _ display: ProgressDisplay, _ stop: StopRequest, _ metrics: MetricsOutput
    ) async throws {
        if let repaired = chunks.repaired { display.say(RewriteText.warning(repaired, store: store)) }
        let engine = try makeEngine()
        let run = engine.run(sources, into: chunks)
        stop.begin(run)
        metrics.watch(run, of: engine)
        // Who asks for JSON alone finds the counts there.
        let isTold = !output.json || output.log.format == .json
        let cost = { (progress: RunProgress) in CostText(progress, of: sources, by: engine) }
        await display.show(run.progress, cost: isTold ? cost : nil)
        let result: Result<RunReport, RunError>
        do throws(RunError) { result = .success(try await run.report()) } catch { result = .failure(error) }
        await engine.shutDown()
        do {
            try chunks.close()
        } catch {
            // The run's own error explains more than a store that can't be closed after it.
            if case .success = result { throw error }
        }
        try conclude(result.get())
    }

    private func conclude(_ report: RunReport) throws {
        if output.json {
            for line in WithheldText.lines(report.withheld) { output.log.say("dredge: \(line)") }
            Answer.give(report)
        } else if output.quiet {
            StandardError.write(ReportText.problems(report, store: store, isEmptyAProblem: output.failOnEmpty))
        } else {
            StandardError.write(ReportText.text(report, store: store))
        }
        if output.stat { StandardError.write(StatText.text(report)) }
        switch report.outcome {
        case .complete where report.isIncomplete || output.failOnEmpty && report.isEmpty:
            throw CommandFailure(.incomplete)
        case .complete: return
        case .stopped: throw CommandFailure(.stopped)
        case .failed: throw CommandFailure(.fatal)
        }
    }

    private func fail(_ error: RunError) throws -> Never {
        if output.json {
            if let report = error.report { Answer.give(report) }
        } else if let report = error.report, report.listed.objects > 0 {
            StandardError.write(
                output.quiet
                    ? ReportText.problems(report, store: store) : ReportText.text(report, store: store))
        }
        if output.stat, let report = error.report { StandardError.write(StatText.text(report)) }
        // A source or limit that can't be used is a mistake of the config, though only the engine can see it.
        throw CommandFailure(error.code == .invalidSource ? .usage : .fatal, of: error, FatalText.text(error))
    }
}
