import ArgumentParser
import Dredge
import DredgeConfig
import DredgeText
import Foundation

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "List a config's sources, and estimate what indexing them takes, or make a job of it.",
        discussion: """
            No object is read, and no store is written. What the config's store holds already is left out. \
            With --results, a job for many workers is made in a folder of its own there (`dredge worker`), and its \
            URL is printed.
            """,
        example: "dredge plan contracts.yaml --results s3://acme-results/dredge/ --shards 64", hasRareFlags: true)

    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String

    @Option(
        help: ArgumentHelp(
            "manifest.json in a copy of an S3 Inventory's folder (CSV or Parquet): read in the place of the listing.",
            valueName: "file"), completion: .file())
    var inventory: [String] = []

    @Option(help: ArgumentHelp("Machines that share the work.", valueName: "count"))
    var machines = 1

    @Option(help: ArgumentHelp("Cores of each; default this machine's.", valueName: "count"))
    var cores: Int?

    @Option(help: ArgumentHelp("A machine's network, in Gb/s.", valueName: "number"))
    var network = 10.0

    @Option(help: ArgumentHelp("MB/s of text of one core; default measured now.", valueName: "number"))
    var coreSpeed: Double?

    @Option(help: ArgumentHelp("Milliseconds to an answer's first byte.", valueName: "number", visibility: .rare))
    var firstByte = 100.0

    @Option(help: ArgumentHelp("Prefixes that S3 has partitioned the keys by.", valueName: "count", visibility: .rare))
    var prefixes = 1

    @Option(help: ArgumentHelp("US dollars for an hour of a machine.", valueName: "number", visibility: .rare))
    var hourPrice = 0.0

    @Flag(help: ArgumentHelp("Traffic goes through a NAT gateway.", visibility: .rare))
    var nat = false

    @OptionGroup(title: "A job for many workers") var cut: ShardOptions
    @OptionGroup var storage: StorageOptions

    @OptionGroup var logging: LogOptions

    @Flag(help: "Print the plan, or the job, as a line of JSON.")
    var json = false

    func validate() throws {
        if cut.filesFrom != nil, !inventory.isEmpty {
            throw ValidationError("--files-from and --inventory: give one, each takes the listing's place")
        }
        let numbers: [(name: String, value: Double, range: ClosedRange<Double>)] = [
            ("--machines", Double(machines), 1...100_000), ("--cores", Double(cores ?? 1), 1...4096),
            ("--network", network, 0.001...10_000), ("--core-speed", coreSpeed ?? 1, 0.001...100_000),
            ("--first-byte", firstByte, 0...60_000), ("--prefixes", Double(prefixes), 1...1_000_000),
            ("--hour-price", hourPrice, 0...100_000),
        ]
        for (name, value, range) in numbers where !range.contains(value) {
            throw ValidationError(
                "\(name) is not from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))")
        }
    }

    func run() async throws {
        // Once: it may be a pipe.
        let bytes = try ConfigFile.bytes(of: config)
        let config = try Config(bytes, of: config, store: .optional)
        config.showWarnings(logging.log())
        if let place = cut.results {
            let inventories = try inventories(of: config.sources)
            return try await JobPlace.with(place, storage) { results in
                try await JobPlanning(
                    config: config, text: String(decoding: bytes, as: UTF8.self), path: self.config, cut: cut,
                    results: results, resultsEndpointURL: storage.resultsEndpointURL, json: json,
                    logger: logging.log().logger
                )
                .run(inventories, scratch: JobPlace.scratch(storage.scratch))
            }
        }
        let engine = try Engine(
            limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
            logger: logging.log().logger)
        let existing = try config.store.flatMap { path in
            FileManager.default.fileExists(atPath: path)
                ? try ChunkStore.open(reading: path, settings: config.settings) : nil
        }
        let inventories = try inventories(of: config.sources)
        let begin = ContinuousClock.now
        let planning = Task { () async -> Result<Plan, RunError> in
            do throws(RunError) {
                return .success(try await engine.plan(config.sources, against: existing, inventories: inventories))
            } catch {
                return .failure(error)
            }
        }
        let signals = StopSignals { planning.cancel() }
        defer { signals.cancel() }
        let result = await planning.value
        let listingSeconds = (ContinuousClock.now - begin).seconds
        await engine.shutDown()
        if planning.isCancelled { throw CommandFailure(.stopped, "Stopped: a plan writes nothing.") }
        let plan: Plan
        do {
            plan = try result.get()
        } catch {
            throw CommandFailure(error.code == .invalidSource ? .usage : .fatal, of: error, FatalText.text(error))
        }
        let estimate = Estimate(
            work(of: plan, listingSeconds: inventories.isEmpty ? listingSeconds : nil),
            with: try means(config, storeRatio: try await ratio(of: existing)))
        if json {
            Answer.give(Estimated(plan: plan, estimate: estimate))
        } else {
            StandardError.write(PlanText.text(plan))
            try StandardOutput.shared.write(EstimateText.text(estimate, speedIsMeasured: coreSpeed == nil))
        }
    }

    /// The inventories, each of a bucket of one of the sources.
    private func inventories(of sources: [Source]) throws -> [Inventory] {
        var buckets: Set<String> = []
        return try inventory.map { path in
            let inventory: Inventory
            do throws(RunError) {
                inventory = try Inventory(manifest: path)
            } catch {
                throw CommandFailure(.usage, of: error, FatalText.text(error))
            }
            guard sources.contains(where: { $0.bucket == inventory.bucket }) else {
                throw CommandFailure(
                    .usage,
                    "dredge: \(path) lists the bucket \(inventory.bucket), which is no source of \(config). Name it "
                        + "there, or give the inventory of a bucket that is.")
            }
            guard buckets.insert(inventory.bucket).inserted else {
                throw CommandFailure(
                    .usage, "dredge: \(path) is a second inventory of \(inventory.bucket). Give one for each bucket.")
            }
            let date = inventory.created.map { ", begun \($0.formatted(.iso8601))" } ?? ""
            StandardError.write("Inventory of \(inventory.bucket)\(date): read in the place of the listing\n")
            return inventory
        }
    }

    private struct Estimated: Encodable {
        var plan: Plan
        var estimate: Estimate
    }

    /// - Parameter listingSeconds: nil: the listing was not made.
    private func work(of plan: Plan, listingSeconds: Double?) -> Estimate.Work {
        let listCount = plan.sources.reduce(0) { $0 + $1.pageCount }
        return Estimate.Work(
            objectCount: plan.sources.reduce(0) { $0 + $1.toFetch.objects },
            byteCount: plan.sources.reduce(0) { $0 + $1.toFetch.bytes },
            getCount: plan.sources.reduce(0) { $0 + $1.getCount },
            listCount: listCount, listingSeconds: listingSeconds ?? Estimate.listingSeconds(ofPages: listCount),
            isListingReckoned: listingSeconds == nil)
    }

    private func means(_ config: Config, storeRatio: Double?) throws -> Estimate.Means {
        let speed = if let coreSpeed { coreSpeed * 1e6 } else { try StageBench.speedOfCore(config.settings) }
        var means = Estimate.Means(
            machineCount: machines, coreCount: cores ?? Engine.coreCount,
            networkBitsPerSecond: network * 1e9,
            bytesPerSecondOfCore: speed,
            requestCount: config.limits.requestCount, firstByteSeconds: firstByte / 1000, prefixCount: prefixes,
            dollarsPerHour: hourPrice, usesNAT: nat)
        if let storeRatio { means.storeRatio = storeRatio }
        return means
    }

    /// Bytes of the store for a byte of its text; nil: it holds too little to tell.
    private func ratio(of store: ChunkStore?) async throws -> Double? {
        guard let store else { return nil }
        let stats = try await store.stats()
        guard stats.rawByteCount >= Self.ratioByteCountMin else { return nil }
        return Double(stats.payloadByteCount) / Double(stats.rawByteCount)
    }

    private static let ratioByteCountMin = 16 << 20

    /// `1`, `0.001`
    private static func plain(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : String(number)
    }
}
