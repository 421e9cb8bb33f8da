public import DredgeAWS
import DredgeBase
public import DredgeLedger
import DredgeS3
import DredgeTransfer
import Foundation
public import Logging

/// Reads buckets, chunks their objects and counts tokens, for any number of runs at once.
///
/// ```swift
/// let engine = try Engine(environment: ProcessInfo.processInfo.environment)
/// let store = try ChunkStore.open(at: path, settings: IndexSettings(chunking: .lines(maxTokens: 512)))
/// let role = RoleHop(roleARN: arn, externalID: id)
/// let source = Source(bucket: "acme-contracts", prefix: "2025/", auth: .assumeRole([role]))
/// let run = engine.run([source], into: store)
/// for await progress in run.progress { print(progress.doneCount, progress.tokenCount) }
/// let report = try await run.report()
/// await engine.shutDown()
/// ```
///
/// A program makes one and keeps it. It owns what runs borrow: one transfer loop, one memory budget, one set of worker
/// threads, the sessions of roles. Runs share these fairly: one that stalls, fails or is throttled holds no more than
/// its share. Nothing in it is global: several engines may work side by side, each with limits of its own.
public final class Engine: Sendable {
    /// What all runs together may use.
    public let limits: Limits
    /// Gets what happens: a run's phases and sessions at level info, what is tried again at debug, and warnings.
    public let logger: Logger
    /// What the engine reads.
    package let world: any World
    /// What signs where a source does not bring its own credentials.
    package let base: BaseCredentials
    /// What AWS's variables are read from.
    package let environment: [String: String]
    private let workQueue: WorkQueue
    private let workers: WorkerPool
    private let gates: RequestGates
    private let memory: MemoryBudget
    private let plan: MemoryPlan
    private let carried: Capacity
    private let stores: StoreShares
    private let fed = FedSources()
    private let reads = Capacity(Limits.openReadCountMax)

    /// An engine with AWS's default credential chain and a silent logger, unless said otherwise.
    ///
    /// Starts threads: one for transfers, and the workers. Throws when this machine gives none.
    /// - Parameters:
    ///   - limits: what all runs together may use.
    ///   - base: the credentials that sign where a source does not bring its own. They are looked up once, and renewed.
    ///   - environment: where AWS's variables are looked up, those of proxies, `HOME` and `PATH`:
    ///     `ProcessInfo.processInfo.environment`, or what stands for it. The engine itself never looks into the
    ///     process's; with an empty one no variable and no file of the home directory counts.
    ///   - logger: gets what happens: a run's phases and sessions at level info, what is tried again at debug, and
    ///     warnings. Never a secret.
    public convenience init(
        limits: Limits = .default, base: BaseCredentials = .defaultChain(),
        environment: [String: String],
        logger: Logger = Logger(label: "dredge", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws(RunError) {
        let sessionName = "dredge-\(RunName.make())"
        let world = try S3World(
            limits: limits, base: base, environment: environment, sessionName: sessionName, logger: logger)
        self.init(limits: limits, base: base, environment: environment, world: world, logger: logger)
    }

    package init(
        limits: Limits, base: BaseCredentials, environment: [String: String], world: any World, logger: Logger
    ) {
        limits.check()
        self.limits = limits
        self.base = base
        self.environment = environment
        self.world = world
        self.logger = logger
        plan = MemoryPlan(limits, coreCount: Self.coreCount)
        gates = RequestGates(requestCount: plan.requestCount)
        memory = MemoryBudget(byteCount: plan.fetchedByteCount, readAhead: plan.readAheadByteCount)
        workQueue = WorkQueue { [readAhead = memory.readAhead] in readAhead.starved() }
        carried = Capacity(plan.carriedByteCount)
        stores = StoreShares(byteCount: plan.storeByteCount)
        workers = WorkerPool(count: plan.workerCount, queue: workQueue)
    }

    /// Begins to index `sources`, or goes on with the store's last run if it was stopped or killed and had the same
    /// sources. Returns at once; `Run.report()` tells the end. One store takes one run at a time.
    /// - Parameters:
    ///   - sources: at least one; no two have the same name.
    ///   - store: where chunks go, and what has happened to each object.
    ///   - name: names the run in the store and in session names, and only a run of this name is gone on with; nil: one
    ///     is made, and the last run is gone on with, whatever its name is.
    public func run(_ sources: [Source], into store: any Ledger & ChunkSink, named name: String? = nil) -> Run {
        run(sources, into: store, named: name, listedBy: [:])
    }

    /// The same with manifests in the place of the listings of the sources that they are named after.
    package func run(
        _ sources: [Source], into store: any Ledger & ChunkSink, named name: String? = nil,
        listedBy manifests: [String: any ManifestListing]
    ) -> Run {
        Run { [self] counters async throws(RunError) -> RunReport in
            let settings = try check(sources, settings: store.settings)
            // What one document carries may be more than all of them have together.
            let excess = MemoryPlan.carriedByteCount(settings.chunking) - plan.carriedByteCount
            // Cancelled: the run stops before it reads anything.
            let reserve = excess > 0 ? try? await memory.reserve(excess) : nil
            let partByteCount = plan.bufferByteCount(ofPart: limits, settings.chunking)
            memory.readAhead.need(2 * partByteCount)
            defer {
                withExtendedLifetime(reserve) {}
                memory.readAhead.needNoMore(2 * partByteCount)
            }
            stores.add(store)
            fed.add(sources.count)
            defer {
                stores.remove(store)
                fed.remove(sources.count)
            }
            let counts = sources.map { SourceCounters(name: $0.name) }
            let record = try await begin(sources, counts, in: store, named: name, counters)
            var logger = logger
            logger[metadataKey: "run"] = "\(record.name)"
            logger.info(
                "run begun",
                metadata: [
                    "sources": .array(sources.map { "\($0.name)" }), "resumed": .stringConvertible(record.isResumed),
                ])
            let meter = RunTimeMeter(counters, coreCount: Self.coreCount) { [world, workers] in
                (processorSeconds(), world.transferSeconds, workers.processorSeconds, store.writingSeconds)
            }
            let failure = FirstFailure()
            let work = RunWork(
                sink: store, settings: settings, counters: counters, failure: failure,
                markedByteCount: limits.markedByteCount, on: workQueue)
            let context = RunContext(
                id: record.id, world: world, ledger: store, settings: settings, limits: limits, work: work,
                room: room(for: settings),
                counters: counters, meter: meter, failures: FailureLog(), failure: failure, executor: world.executor,
                logger: logger)
            var open: [OpenSource] = []
            do throws(RunError) {
                for ((source, counts), listing) in zip(zip(sources, counts), record.sources) {
                    open.append(
                        try self.open(
                            source, for: record.name, listedBy: manifests[source.name], counters: counters,
                            sourceCounters: counts
                        ) { wait in
                            counters.note(wait, for: source.name)
                            self.tell(wait, of: source)
                        } storedKey: {
                            (try? await store.storedKey(of: listing.source)).flatMap(\.self).map { ObjectKey($0) }
                        })
                }
            } catch {
                for source in open { source.close() }
                failure.report(error)
                open = []
            }
            return try await RunStages(run: context, record: record, sources: open).execute()
        }
    }

    /// What is under way at the moment, of all runs.
    public var figures: EngineFigures {
        EngineFigures(
            requestCountInFlight: gates.inFlightCount, requestCountWaiting: gates.backlogCount,
            partCountWaiting: workQueue.waitingCount, memoryByteCount: memory.byteCountInUse,
            memoryByteCountMax: plan.fetchedByteCount, sessionSecondsLeft: world.sessionSecondsLeft)
    }

    /// Ends what is under way, ends the threads, and wipes all credentials. Let runs end first, or stop them: a run
    /// that is under way fails.
    public func shutDown() async {
        await world.shutDown()
        await workers.shutDown()
    }

    /// Opens a source for a run, a plan or a check. Sends nothing.
    /// - Parameters:
    ///   - inventory: what is read in the place of the bucket's listing, and no object is; nil: nothing is.
    ///   - manifest: what is read in the place of the bucket's listing; nil: nothing is.
    ///   - counters: of the run, which its requests are counted into.
    ///   - sourceCounters: which its objects are counted into; nil: nobody wants to know.
    ///   - onWait: called when the source begins to be waited for, and with nil when that is over.
    ///   - storedKey: the key of an object that an earlier run stored.
    func open(
        _ source: Source, for run: String, inventory: Inventory? = nil, listedBy manifest: (any ManifestListing)? = nil,
        counters: RunCounters? = nil, sourceCounters: SourceCounters? = nil,
        onWait: @escaping @Sendable (SourceWait?) -> Void = { _ in },
        storedKey: @escaping @Sendable () async -> ObjectKey? = { nil }
    ) throws(RunError) -> OpenSource {
        let filter = try SourceFilter(source)
        let gate = gates.gate(of: source.bucketIdentity(endpoints))
        var service: any ObjectService =
            if let inventory {
                InventoryService(inventory)
            } else {
                try world.open(source, for: run, gate: counters.map { RequestTally(gate, $0) } ?? gate)
            }
        if let manifest { service = ManifestService(manifest: manifest, bucket: service) }
        return OpenSource(
            source, filter: filter, service: service, gate: gate, world: world,
            counters: sourceCounters ?? SourceCounters(name: source.name), patience: limits.outagePatience,
            warn: { [logger] in logger.warning("\($0)", metadata: ["source": "\(source.name)"]) }, onWait: onWait,
            storedKey: storedKey)
    }

    func tell(_ wait: SourceWait?, of source: Source) {
        if let wait {
            logger.warning(
                """
                the source fails as a whole since \(Timestamp.iso8601(wait.since)) and is waited for, for at most \
                \(limits.outagePatience.components.seconds) s: \(wait.reason)
                """, metadata: ["source": "\(source.name)"])
        } else {
            logger.notice("the source is well again", metadata: ["source": "\(source.name)"])
        }
    }

    /// What the environment, and the profile that the base credentials name, say of endpoints.
    var endpoints: EndpointSettings { EndpointSettings(environment: base.environment(environment)) }

    private func begin(
        _ sources: [Source], _ counts: [SourceCounters], in ledger: any Ledger, named name: String?,
        _ counters: RunCounters
    ) async throws(RunError) -> OpenRun {
        do throws(StoreError) {
            let record = try await ledger.begin(
                name: name ?? RunName.make(date: world.date(), random: world.random()), version: Version.current,
                sources: sources.map { [endpoints] in $0.record(endpoints) }, resumesOwnOnly: name != nil)
            do throws(StoreError) {
                counters.begin(record, sources: counts, totals: try await ledger.totals(of: record.id))
            } catch {
                try? await ledger.finish(record.id, outcome: .stopped)
                throw error
            }
            return record
        } catch {
            throw RunError(error)
        }
    }

    private func room(for settings: IndexSettings) -> RunRoom {
        let carriedByteCount = min(MemoryPlan.carriedByteCount(settings.chunking), plan.carriedByteCount)
        return RunRoom(
            memory: memory.makeAccount(),
            carried: carried.makeAccount(limit: Limits.openMultipartCountMax * carriedByteCount),
            carriedByteCount: carriedByteCount,
            reads: reads.makeAccount(), fed: fed)
    }

    /// Cores that this process, or its container, may use.
    package static var coreCount: Int {
        let count = ProcessInfo.processInfo.activeProcessorCount
        guard let allowed = ControlGroup.current.coreCount else { return count }
        return min(count, max(1, Int(allowed.rounded(.up))))
    }

    /// Refuses, before anything is sent, what can't work.
    private func check(_ sources: [Source], settings named: [String: String]) throws(RunError) -> IndexSettings {
        func refusal(_ message: String, _ advice: String, source: String? = nil) -> RunError {
            RunError(
                code: .invalidSource, source: source, step: "check the run's settings", message: message, advice: advice
            )
        }
        guard let settings = IndexSettings(named: named) else {
            throw refusal("The store's settings are not those of an index.", "Give the path of another store.")
        }
        if sources.isEmpty { throw refusal("There are no sources.", "Name at least one bucket.") }
        var names: Set<String> = []
        for source in sources where !names.insert(source.name).inserted {
            throw refusal("Two sources have this name.", "Give each source a name of its own.", source: source.name)
        }
        for source in sources {
            guard let problem = source.problem(environment: base.environment(environment)) else { continue }
            throw refusal(problem.message, problem.advice, source: source.name)
        }
        if !plan.holds(limits, settings.chunking) {
            let least = limits.memoryByteCountMin(settings.chunking)
            throw refusal(
                """
                A memory budget of \(limits.memoryByteCount >> 20) MiB can't hold a worker, a store, two parts of \
                \(limits.partByteCount) bytes and what chunks of \(settings.chunking.maxTokens) tokens may need.
                """,
                "Give at least \(least >> 20) MiB of memory, or smaller parts, or a smaller max_tokens.")
        }
        return settings
    }
}

/// This library's version.
public enum Version {
    /// As the `run` table of a store and `dredge --version` show it.
    public static let current = "0.1.0"
}

extension Source {
    /// As a ledger remembers it, with the endpoint that is asked, wherever that is configured: another endpoint is
    /// another bucket. With other filters it is not the same run that goes on: what they leave out was decided as the
    /// listing was recorded.
    func record(_ endpoints: EndpointSettings) -> SourceRecord {
        // Only whether it is the same matters, and what is erased from a store may be its whole prefix.
        let part = listsPart ? ["/\(SHA256.hex(Array(prefix.utf8)))\(isOneObject ? "=" : "")"] : []
        // As they mean it: the same text has meant less.
        let patterns = include.map { "+\(Self.recorded($0))" } + exclude.map { "-\(Self.recorded($0))" }
        let others = [
            minSizeByteCount.map { "size>=\($0)" }, maxSizeByteCount.map { "size<=\($0)" },
            modifiedAfter.map { "modified>\($0.timeIntervalSince1970)" },
        ]
        let filters = (part + patterns + others.compactMap(\.self)).joined(separator: "\n")
        return SourceRecord(
            name: name, bucket: bucket, prefix: storedPrefix ?? prefix, endpointURL: endpoint(endpoints),
            filters: filters.isEmpty ? nil : filters)
    }

    /// A pattern in printable ASCII, so that two are the same text only where they are the same bytes.
    private static func recorded(_ pattern: String) -> String {
        GlobPattern.ofWholeKeys(pattern).utf8.map { byte in
            (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "%")
                ? String(Unicode.Scalar(byte)) : "%" + String(byte, radix: 16)
        }.joined()
    }

    /// What tells its bucket from others, for the gate of its requests.
    func bucketIdentity(_ endpoints: EndpointSettings) -> BucketIdentity {
        BucketIdentity(endpointURL: endpoint(endpoints), account: expectedBucketOwnerAccount, bucket: bucket)
    }

    /// The service that stands in for AWS's; nil: none does. One that can't be used was refused before.
    private func endpoint(_ endpoints: EndpointSettings) -> String? {
        (try? endpoints.endpoint(endpointURL, of: .s3))?.text
    }
}
