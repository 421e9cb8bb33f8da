import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeShards
import Foundation

/// How `dredge plan` cuts a job.
struct ShardOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "s3://bucket/prefix/, or a directory that all workers see: the job gets a folder of its own there.",
            valueName: "url"))
    var results: String?

    @Option(help: ArgumentHelp("Into how many shards; 10 to 50 for each machine are of use.", valueName: "count"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "Bytes of a shard, as 20GiB; an object counts 64 KiB beside its bytes. In the place of --shards.",
            valueName: "size"))
    var shardBytes: String?

    @Option(
        help: ArgumentHelp(
            "Names the objects in the place of the listing, one a line, as s3://bucket/key or by keys alone; a HEAD "
                + "for each.", valueName: "file"), completion: .file())
    var filesFrom: String?

    func validate() throws {
        guard results != nil else {
            if filesFrom != nil { throw ValidationError("--files-from needs --results") }
            if shards != nil { throw ValidationError("--shards needs --results") }
            if shardBytes != nil { throw ValidationError("--shard-bytes needs --results") }
            return
        }
        guard (shards == nil) != (shardBytes == nil) else {
            throw ValidationError(
                shards == nil ? "--results needs --shards or --shard-bytes" : "--shards and --shard-bytes: give one")
        }
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
    let json: Bool

    func run(_ inventories: [Inventory], scratch: URL) async throws {
        try refuseSecrets()
        let engine = try Engine(
            limits: config.limits, base: config.base, logger: OutputOptions.logger(isVerbose: false))
        let (count, config, text, results) = (try cut.count(), config, text, results)
        let keys = try cut.filesFrom.map { try KeyList($0, of: config.sources) }
        let planning = Task {
            try await JobPlanner(
                config.sources, settings: config.settings, config: text, results: results, scratch: scratch
            ) { StandardError.write("dredge: there is no object \(Quoting.escaped($0)) (warning)\n") }
            .plan(count, with: engine, inventories: inventories, keys: keys)
        }
        let signals = StopSignals { planning.cancel() }
        defer { signals.cancel() }
        let result = await planning.result
        await engine.shutDown()
        if planning.isCancelled { throw CommandFailure(.stopped, "Stopped: no job was made.") }
        try tell(try result.get())
    }

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
        if json {
            let answer = Answer(
                job: planned.url, shardCount: job.shardCount, objectCount: job.objectCount, byteCount: job.byteCount,
                filteredCount: job.leftOut.filtered, failed: job.leftOut.failed)
            try StandardOutput.shared.write(try JSONText.line(answer))
            return try warn(job)
        }
        var text =
            "\(Figures.count(job.objectCount)) objects, \(Figures.bytes(job.byteCount)), in "
            + "\(Figures.count(job.shardCount)) shards"
            + (job.leftOut.filtered.map { "; \(Figures.count($0)) left out by filters" } ?? "") + "\n"
        for (reason, count) in job.leftOut.failed.sorted(by: { $0.key < $1.key }) {
            text += "\(Figures.count(count)) entries of the listing can't be used: \(Quoting.escaped(reason))\n"
        }
        StandardError.write(text)
        try StandardOutput.shared.write(planned.url + "\n")
        try warn(job)
    }

    private func warn(_ job: JobFile) throws {
        if job.objectCount == 0 {
            StandardError.write("dredge: there is nothing to do: no object was listed that the filters let through\n")
        }
        guard !job.leftOut.distrusted.isEmpty else { return }
        for name in job.leftOut.distrusted {
            StandardError.write(
                "dredge: source \(Quoting.quoted(name)): the service contradicted itself in the listing, so that keys "
                    + "may be missing from the job. Plan again; if it stays so, look at the service, or at a cache in "
                    + "front of it\n")
        }
        throw CommandFailure(.incomplete)
    }

    private struct Answer: Encodable {
        var job: String
        var shardCount: Int
        var objectCount: Int
        var byteCount: UInt64
        var filteredCount: Int?
        var failed: [String: Int]
    }
}
