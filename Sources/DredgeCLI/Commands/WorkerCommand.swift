import ArgumentParser
import Dredge
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Do a shard of a job that `dredge plan --results` has made.",
        discussion: """
            Reads what the shard's manifest names, and hands in the store and what became of each object. A worker may \
            be killed, started twice or late: what is done stays as it is. \
            Exit codes: 0 done, 2 done with failed objects, 1 and 3 as everywhere: do not try again, 4 stopped, or \
            failed by what may pass (network, service, disk): try again; a worker with the same scratch directory goes \
            on from there.
            """,
        example: "dredge worker --job s3://acme-results/dredge/20260131-2f1c --shard-index any", hasRareFlags: true)

    @Option(help: ArgumentHelp("The job's URL, as `dredge plan` printed it.", valueName: "url"))
    var job: String

    @Option(
        help: ArgumentHelp(
            "The shard, from 0. auto: the first that is set of \(ShardNumber.variables.joined(separator: ", ")). any: "
                + "shards that nobody works on, until all of the job are done.", valueName: "number"))
    var shardIndex = "auto"

    @Option(help: ArgumentHelp("Is added to the shard's number, for arrays with a bound.", valueName: "number"))
    var shardOffset = 0

    @OptionGroup var storage: StorageOptions

    @Flag(help: "End with 0, not 2, where objects failed.")
    var acceptFailedObjects = false

    @Flag(help: "Print the report as a line of JSON.")
    var json = false

    @Flag(help: "Show no progress.")
    var noProgress = false

    @Flag(
        name: .shortAndLong,
        help: "Say only what went wrong.")
    var quiet = false

    @OptionGroup var logging: LogOptions
    @OptionGroup var metrics: MetricsOptions

    func validate() throws { try logging.refuse(quiet: quiet) }

    func run() async throws {
        let shard =
            shardIndex == "any"
            ? nil : try ShardNumber.read(shardIndex, offset: shardOffset, ProcessInfo.processInfo.environment)
        let log = logging.log(isQuiet: quiet)
        let display = ProgressDisplay(isOff: noProgress, isQuiet: quiet, log: log)
        let metrics = try MetricsOutput(metrics, log)
        let working = Task {
            try await metrics.during(log) {
                var status = ExitStatus.stopped
                do { status = try await work(on: shard, display, metrics) } catch is CancellationError {}
                if status != .complete { throw CommandFailure(status) }
            }
        }
        // Cancelling stops a run as its `stop` does.
        let signals = StopSignals {
            display.say("dredge: stopping")
            working.cancel()
        }
        defer { signals.cancel() }
        try await working.value
    }

    private func work(
        on shard: Int?, _ display: ProgressDisplay, _ metrics: MetricsOutput
    ) async throws -> ExitStatus {
        try await JobPlace.with(job, storage) { place in
            let job = try await Job(place)
            let config = try JobPlace.config(of: job)
            let engine = try Engine(
                limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
                logger: logging.log(isQuiet: quiet).logger)
            let worker = try ShardWorker(
                job, sources: config.sources, settings: config.settings, engine: engine,
                scratch: JobPlace.scratch(storage.scratch)
            ) { run, progress in
                metrics.watch(run, of: engine)
                await display.show(progress)
            }
            let result: Result<ExitStatus, any Error>
            do { result = .success(try await work(worker, on: shard, display)) } catch {
                result = .failure(Self.passing(error))
            }
            await engine.shutDown()
            return try result.get()
        }
    }

    /// What may pass ends with the status that tells an engine to try again.
    private static func passing(_ error: any Error) -> any Error {
        switch error {
        case let error as RunError where [.unreachable, .service, .machine, .store].contains(error.code):
            CommandFailure(.stopped, of: error, FatalText.text(error))
        case let error as StoreError where ![.otherSettings, .newerSchema].contains(error.code):
            CommandFailure(.stopped, of: error, FatalText.text(error))
        default: error
        }
    }

    /// - Parameter shard: nil: any.
    private func work(_ worker: ShardWorker, on shard: Int?, _ display: ProgressDisplay) async throws -> ExitStatus {
        if let shard { return try tell(try await worker.work(on: shard), shard) }
        var worst = ExitStatus.complete
        var waited = 0
        func wait(_ left: Int) {
            if left != waited {
                display.say(
                    "dredge: waiting: other workers have claimed the \(Figures.count(left, "shard")) that are left; "
                        + "one is taken over when its worker is not heard of any more")
            }
            waited = left
        }
        let isDone = try await worker.workOnAll(onWait: wait) { shard, outcome in
            waited = 0
            if try tell(outcome, shard) == .incomplete { worst = .incomplete }
        }
        return isDone ? worst : .stopped
    }

    private func tell(_ outcome: ShardWorker.Outcome, _ shard: Int) throws -> ExitStatus {
        switch outcome {
        case .isNone:
            try tell(shard, "none", "The job has no shard \(shard): nothing to do.")
            return .complete
        case .wasDone:
            try tell(shard, "was_done", "Shard \(shard) was done before: nothing to do.")
            return .complete
        case .done(let report):
            try tell(shard, "done", "Shard \(shard) is done.", report)
            return report.isIncomplete && !acceptFailedObjects ? .incomplete : .complete
        case .stopped(let report):
            try tell(shard, "stopped", "Shard \(shard) is stopped: the same command goes on from here.", report)
            return .stopped
        }
    }

    private struct Told: Encodable {
        var job: String
        var shard: Int
        var shardOutcome: String
        var report: RunReport?
    }

    private func tell(_ shard: Int, _ outcome: String, _ text: String, _ report: RunReport? = nil) throws {
        if json {
            let told = Told(job: job, shard: shard, shardOutcome: outcome, report: report)
            if shardIndex != "any" { return Answer.give(told) }
            return try StandardOutput.shared.write(try JSONText.line(told))
        }
        if quiet {
            if let report { StandardError.write(ReportText.problems(report, store: nil)) }
            return
        }
        if let report { StandardError.write(ReportText.text(report, store: nil)) }
        StandardError.write("\(text)\n")
    }
}

/// Which shard a worker is for.
enum ShardNumber {
    /// Where engines tell the index: Kubernetes Indexed Jobs, AWS Batch arrays, Slurm arrays.
    static let variables = ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "SLURM_ARRAY_TASK_ID"]

    static func read(_ text: String, offset: Int, _ environment: [String: String]) throws -> Int {
        let (value, origin): (String, String)
        if text == "auto" {
            guard let name = variables.first(where: { environment[$0] != nil }) else {
                throw CommandFailure(
                    .usage,
                    "dredge: --shard-index auto finds none of \(variables.joined(separator: ", ")) in the environment. "
                        + "Start the worker from an engine that sets one, or give --shard-index a number.")
            }
            (value, origin) = (environment[name] ?? "", name)
        } else {
            (value, origin) = (text, "--shard-index")
        }
        guard let number = Int(value), number >= 0 else {
            throw CommandFailure(
                .usage, "dredge: \(origin) is \(Quoting.quoted(value)), not a number from 0, auto or any.")
        }
        let (sum, overflows) = number.addingReportingOverflow(offset)
        guard !overflows, sum >= 0 else {
            throw CommandFailure(.usage, "dredge: \(origin) and --shard-offset come to no number of a shard.")
        }
        return sum
    }
}
