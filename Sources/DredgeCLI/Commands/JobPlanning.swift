import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeLedger
import DredgeShards
import Foundation
import Logging

/// How `dredge plan` cuts a job.
struct ShardOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "s3://bucket/prefix/, or a directory that all workers see.",
            valueName: "url"))
    var results: String?

    @Option(help: ArgumentHelp("Into how many shards; 10 to 50 for each machine.", valueName: "count"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "Or bytes of a shard, as 20GiB; an object counts 64 KiB beside its own.",
            valueName: "size"))
    var shardBytes: String?

    @Option(
        help: ArgumentHelp(
            "Names the objects, a line each, as s3://bucket/key or by keys alone; a HEAD for each.", valueName: "file"),
        completion: .file())
    var filesFrom: String?

    @Option(
        help: ArgumentHelp(
            "latest, or the ID or URL of a merged job in --results: only what is new or changed since becomes shards.",
            valueName: "job"))
    var since: String?

    @Flag(help: "With --since: do the removals that are withheld.")
    var confirmDeletions = false

    func validate() throws {
        guard results != nil else {
            if since != nil { throw ValidationError("--since needs --results") }
            if filesFrom != nil { throw ValidationError("--files-from needs --results") }
            if shards != nil { throw ValidationError("--shards needs --results") }
            if shardBytes != nil { throw ValidationError("--shard-bytes needs --results") }
            return
        }
        guard (shards == nil) != (shardBytes == nil) else {
            throw ValidationError(
                shards == nil ? "--results needs --shards or --shard-bytes" : "--shards and --shard-bytes: give one")
        }
        if since != nil, filesFrom != nil {
            throw ValidationError("--since and --files-from: give one, a list of keys does not tell what is gone")
        }
        if confirmDeletions, since == nil { throw ValidationError("--confirm-deletions needs --since") }
        _ = try count()
    }

    func count() throws -> ShardCount {
        if let shards {
            guard (1...ShardLimits.shardCountMax).contains(shards) else {
                throw ValidationError("--shards is not from 1 to \(ShardLimits.shardCountMax)")
            }
            return .shards(shards)
        }
        guard let bytes = shardBytes.flatMap({ Quantities.byteCount($0) }), bytes > 0 else {
            throw ValidationError("--shard-bytes \(Quoting.quoted(shardBytes ?? "")) is not a size, as 20GiB")
        }
        return .byteCount(UInt64(bytes))
    }
}

/// `dredge plan --results`.
struct JobPlanning {
    let config: Config
    /// Of the config.
    let text: String
    let path: String
    let cut: ShardOptions
    let results: any JobStorage
    /// Of `results`, where it is a bucket of another service than AWS's.
    let resultsEndpointURL: String?
    let json: Bool
    let logger: Logger

    func run(_ inventories: [Inventory], scratch: URL) async throws {
        try refuseSecrets()
        let engine = try Engine(
            limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment, logger: logger)
        try refuseResultsInSource(engine)
        let (count, config, text, results) = (try cut.count(), config, text, results)
        let keys = try cut.filesFrom.map { try KeyList($0, of: config.sources) }
        let since = try await earlier()
        var sources = config.sources
        for index in sources.indices { sources[index].removal.isConfirmed = cut.confirmDeletions }
        let planning = Task { [sources] in
            try await JobPlanner(
                sources, settings: config.settings, config: text, results: results, scratch: scratch
            ) { StandardError.write("dredge: there is no object \(Quoting.escaped($0)) (warning)\n") }
            .plan(count, with: engine, inventories: inventories, keys: keys, since: since)
        }
        let signals = StopSignals { planning.cancel() }
        defer { signals.cancel() }
        let result = await planning.result
        await engine.shutDown()
        if planning.isCancelled { throw CommandFailure(.stopped, "Stopped: no job was made.") }
        try tell(try result.get())
    }

    /// The job that `--since` names; nil: none.
    private func earlier() async throws -> String? {
        guard let since = cut.since else { return nil }
        if since == "latest" {
            if let latest = try await JobResults(results).latest() { return latest }
            StandardError.write(
                "dredge: no job was merged in \(Quoting.quoted(cut.results ?? "")) yet: this one reads everything\n")
            return nil
        }
        if let id = JobPlace.id(since) { return id }
        throw CommandFailure(
            .usage, "dredge: --since \(Quoting.quoted(since)) is neither latest nor the ID or URL of a job.")
    }

    /// The next listing would show the job's files as objects of the source.
    private func refuseResultsInSource(_ engine: Engine) throws {
        guard let place = cut.results.flatMap({ SourceURL($0) }) else { return }
        let results = Source(bucket: place.bucket, endpointURL: resultsEndpointURL)
        let records = engine.records(of: [results] + config.sources)
        let start = place.prefix.isEmpty || place.prefix.hasSuffix("/") ? place.prefix : place.prefix + "/"
        let file = Array("\(start)job-0000000000000000/job.json".utf8)
        for (source, record) in zip(config.sources, records.dropFirst())
        where source.bucket == place.bucket && record.endpointURL == records[0].endpointURL
            && file.starts(with: source.prefix.utf8)
        {
            let filter: SourceFilter
            do throws(RunError) { filter = try SourceFilter(source) } catch {
                throw CommandFailure(.usage, of: error, FatalText.text(error))
            }
            guard filter.includes(file) else { continue }
            throw CommandFailure(
                .usage,
                "\(Quoting.escaped(path)): the source \(Quoting.quoted(source.name)) has the place of the results in "
                    + "it: the next plan would list the job's files. Put them elsewhere, or give the source "
                    + "`exclude: [\"\(Quoting.escaped(start))**\"]`.")
        }
    }

    /// Jobs before the last that can go on from another: from there on it is said.
    private static let warnedGenerationCount = 8

    /// All workers get the config's text.
    private func refuseSecrets() throws {
        var keys: [(name: String, credentials: Credentials)] = []
        for source in config.sources {
            if case .accessKey(let credentials) = source.auth { keys.append((source.name, credentials)) }
        }
        if case .fixed(let credentials) = config.base { keys.append(("credentials", credentials)) }
        if let warning = config.warnings.first(where: \.isOfSecret) {
            throw CommandFailure(
                .usage, "\(warning.description). Every worker reads the config: no secret may stand in it.")
        }
        if let (name, _) = keys.first(where: { $0.credentials.isRepeated(in: text) }) {
            throw CommandFailure(
                .usage,
                "\(Quoting.escaped(path)): the secret key of \(Quoting.quoted(name)) stands in the config, which every "
                    + "worker reads. Write ${NAME} in its place, and give that variable to planner and workers.")
        }
    }

    private func tell(_ planned: JobPlanner.Planned) throws {
        let job = planned.job
        for line in WithheldText.lines(planned.withheld) { StandardError.write("dredge: \(line)\n") }
        if json {
            let made = Made(
                job: planned.url, shardCount: job.shardCount, objectCount: job.objectCount, byteCount: job.byteCount,
                filteredCount: job.leftOut.filtered, failed: job.leftOut.failed,
                unchangedCount: job.since?.unchangedCount, removals: job.since?.removals)
            Answer.give(made)
            return try warn(planned)
        }
        var text =
            "\(Figures.count(job.objectCount)) objects, \(Figures.bytes(job.byteCount)), in "
            + "\(Figures.count(job.shardCount)) shards"
            + (job.leftOut.filtered.map { "; \(Figures.count($0)) left out by filters" } ?? "") + "\n"
        if let since = job.since {
            let removed = since.removals.values.reduce(0) { $0 + $1.removedCount }
            text += "Since job \(since.jobs.last ?? ""): \(Figures.count(since.unchangedCount)) unchanged, "
            text += "\(Figures.count(removed)) removed\n"
        }
        for (reason, count) in job.leftOut.failed.sorted(by: { $0.key < $1.key }) {
            text += "\(Figures.count(count)) entries of the listing can't be used: \(Quoting.escaped(reason))\n"
        }
        StandardError.write(text)
        try StandardOutput.shared.write(planned.url + "\n")
        try warn(planned)
    }

    private func warn(_ planned: JobPlanner.Planned) throws {
        let job = planned.job
        if let since = job.since, since.jobs.count > ShardLimits.generationCountMax - Self.warnedGenerationCount {
            let left = ShardLimits.generationCountMax - 1 - since.jobs.count
            let jobs = left == 0 ? "no job" : Figures.count(left, "more job")
            StandardError.write(
                "dredge: \(jobs) can go on from this one: plan one that reads everything soon, without --since, and "
                    + "merge it with --make-latest\n")
        }
        if job.objectCount == 0, job.since == nil {
            StandardError.write("dredge: there is nothing to do: no object was listed that the filters let through\n")
        }
        guard !job.leftOut.distrusted.isEmpty else {
            if !planned.withheld.isEmpty { throw CommandFailure(.incomplete) }
            return
        }
        for name in job.leftOut.distrusted {
            StandardError.write(
                "dredge: source \(Quoting.quoted(name)): the service contradicted itself in the listing, so that keys "
                    + "may be missing from the job. Plan again; if it stays so, look at the service, or at a cache in "
                    + "front of it\n")
        }
        throw CommandFailure(.incomplete)
    }

    private struct Made: Encodable {
        var job: String
        var shardCount: Int
        var objectCount: Int
        var byteCount: UInt64
        var filteredCount: Int?
        var failed: [String: Int]
        var unchangedCount: Int?
        var removals: [String: RemovalOutcome]?
    }
}
