import ArgumentParser
import Dredge
import DredgeConfig
import DredgeShards
import DredgeStore
import Foundation

struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Make the catalog of a job whose shards are done, or one store of them.",
        discussion: """
            The catalog is `catalog.json` in the job's folder, and its digest is that of a store which one machine had \
            made. It becomes the latest one of the place of jobs, where the job goes on from that (`dredge plan \
            --since latest`), or is the first. Exit codes: 0 all objects are there, 2 some failed, or removals are \
            withheld, 3 shards are not done.
            """,
        example: "dredge merge --job s3://acme-results/dredge/20260131-2f1c --into contracts.chunks", hasRareFlags: true
    )

    @Option(help: ArgumentHelp("The job's URL, as `dredge plan` printed it.", valueName: "url"))
    var job: String

    @Option(
        help: ArgumentHelp("Copy all shards into this store, too; created if missing.", valueName: "store"),
        completion: .file())
    var into: String?

    @OptionGroup var storage: StorageOptions

    @Flag(
        help: "With --into: do the removals that are withheld because they may be a mistake, as `run` has it.")
    var confirmDeletions = false

    @Flag(help: "End with 0, not 2, where objects failed, or removals are withheld.")
    var acceptFailedObjects = false

    @Flag(help: "Make the catalog the latest one, whatever that is now.")
    var makeLatest = false

    @Flag(help: "Print the catalog as a line of JSON on standard output.")
    var json = false

    func validate() throws {
        if confirmDeletions, into == nil {
            throw ValidationError("--confirm-deletions needs --into; what a plan withheld, a plan does")
        }
    }

    func run() async throws {
        try await JobPlace.withJob(job, storage) { job, results in
            let catalog = try await job.merge()
            let latest = try await results?.advance(to: job.file, isForced: makeLatest)
            let withheld = if let into { try await merge(job, catalog, into: into) } else { [WithheldRemovals]() }
            for line in WithheldText.lines(withheld) { StandardError.write("dredge: \(line)\n") }
            if let latest, latest != job.file.id {
                StandardError.write(
                    "dredge: the latest catalog stays that of job \(latest), from which this job does not go on "
                        + "(--make-latest changes that)\n")
            }
            if json {
                Answer.give(CatalogLine(catalog))
            } else {
                StandardError.write(CatalogText.text(catalog))
                try StandardOutput.shared.write("\(job.url)catalog.json\n")
            }
            if !withheld.isEmpty || catalog.isIncomplete && !acceptFailedObjects { throw CommandFailure(.incomplete) }
        }
    }

    private func merge(_ job: Job, _ catalog: Catalog, into path: String) async throws -> [WithheldRemovals] {
        let config = try JobPlace.config(of: job)
        var sources = config.sources
        for index in sources.indices { sources[index].removal.isConfirmed = confirmDeletions }
        let engine = try Engine(
            limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
            logger: CommandLog().logger)
        let store = try ChunkStore.open(at: path, settings: config.settings)
        let merging = Task { [sources] in
            try await StoreMerge(
                job, sources: sources, engine: engine, scratch: JobPlace.scratch(storage.scratch)
            ).merge(catalog, into: store)
        }
        let signals = StopSignals { merging.cancel() }
        defer { signals.cancel() }
        let result = await merging.result
        await engine.shutDown()
        try store.close()
        if merging.isCancelled { throw CommandFailure(.stopped, "Stopped: the same command goes on from there.") }
        return try result.get()
    }
}

/// A catalog for people.
enum CatalogText {
    static func text(_ catalog: Catalog) -> String {
        let total = catalog.total
        let states = total.states.sorted { $0.key < $1.key }.map { "\(Figures.count($0.value)) \($0.key)" }
        let since = catalog.since.last.map { " since job \($0)" } ?? ""
        var lines = [
            "Job \(catalog.job): \(Figures.count(catalog.shards.count, "shard"))\(since)",
            "Objects: \(states.isEmpty ? "none" : states.joined(separator: ", ")); "
                + "\(Figures.count(total.chunkCount)) chunks, \(Figures.count(total.tokenCount)) tokens",
            "Digest \(catalog.digest)",
        ]
        if ["failed", "changed"].contains(where: { total.states[$0, default: 0] > 0 }) {
            lines.append(
                "What failed, or changed after it was listed, is missing or as it was before: dredge store ls JOB "
                    + "--state failed (or changed) names it. dredge plan --since latest makes a job for it.")
        }
        let withheld = catalog.removals.filter { $0.value.withheldReason != nil }
        if !withheld.isEmpty {
            let names = withheld.keys.sorted().map { Quoting.quoted($0) }.joined(separator: ", ")
            lines.append(
                "The plan withheld removals of \(names): dredge plan … --since latest --confirm-deletions does them.")
        }
        if !catalog.leftOut.failed.isEmpty {
            let reasons = catalog.leftOut.failed.sorted { $0.key < $1.key }.map {
                "\($0.value) \(FailReason.words($0.key))"
            }
            lines.append("Entries of the listing that can't be used: \(reasons.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A catalog for machines.
struct CatalogLine: Encodable {
    var job: String
    var since: [String]
    var digest: String
    var states: [String: Int]
    var byteCount: UInt64
    var chunkCount: Int
    var tokenCount: Int
    var shardCount: Int
    var leftOut: JobFile.LeftOut
    var removals: [String: RemovalOutcome]

    init(_ catalog: Catalog) {
        job = catalog.job
        since = catalog.since
        digest = catalog.digest
        states = catalog.total.states
        byteCount = catalog.total.byteCount
        chunkCount = catalog.total.chunkCount
        tokenCount = catalog.total.tokenCount
        shardCount = catalog.shards.count
        leftOut = catalog.leftOut
        removals = catalog.removals
    }
}
