public import DredgeAWS
public import DredgeStore
import DredgeText
import DredgeTransfer
public import Foundation
public import Logging

/// Indexes sources into a store.
///
/// ```swift
/// let store = try ChunkStore.open(at: path, settings: IndexSettings(chunking: .lines(maxTokens: 512)))
/// let source = Source(bucket: "acme-contracts", prefix: "2025/", auth: .assumeRole([RoleHop(roleARN: arn, externalID: id)]))
/// let run = Indexer().run([source], into: store)
/// for await progress in run.progress { print(progress.doneCount, progress.tokenCount) }
/// let report = try await run.report()
/// ```
///
/// Nothing in it is global: several indexers with limits of their own can work side by side, each into its own store.
public struct Indexer: Sendable {
    /// What a run may use.
    public var limits: Limits
    /// The credentials that sign where a source does not bring its own.
    public var base: BaseCredentials
    /// The environment that AWS's variables are read from.
    public var environment: [String: String]
    /// Gets what happens, at level debug.
    public var logger: Logger

    /// An indexer with AWS's default credential chain, the process's environment and a silent logger, unless said otherwise.
    public init(
        limits: Limits = .default, base: BaseCredentials = .defaultChain(),
        environment: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger = Logger(label: "dredge", factory: { _ in SwiftLogNoOpLogHandler() })
    ) {
        self.limits = limits
        self.base = base
        self.environment = environment
        self.logger = logger
    }

    /// Begins to index `sources`, or goes on with the store's last run if it was stopped or killed and had the same sources.
    /// Returns at once; `Run.report()` tells the end.
    public func run(_ sources: [Source], into store: ChunkStore) -> Run {
        Run { [self] counters async throws(RunError) -> RunReport in
            let settings = try check(sources, against: store)
            let state: RunState
            do throws(StoreError) {
                state = try store.beginRun(
                    id: Self.makeRunID(), version: Version.current, sources: sources.map(\.record))
                let totals = try await store.totals(run: state.run)
                counters.take(over: totals)
            } catch {
                throw RunError(error)
            }
            let pipeline = Pipeline(
                sources: sources, store: store, settings: settings, limits: limits, base: base,
                environment: environment,
                counters: counters, logger: logger)
            return try await pipeline.execute(as: state)
        }
    }

    /// Refuses, before anything is sent, what can't work.
    func check(_ sources: [Source], against store: ChunkStore) throws(RunError) -> IndexSettings {
        func refuse(_ message: String, _ advice: String, source: String? = nil) -> RunError {
            RunError(
                code: .invalidSource, source: source, step: "check the run's settings", message: message, advice: advice
            )
        }
        guard let settings = IndexSettings(named: store.settings) else {
            throw refuse("The store's settings are not those of an index.", "Give the path of another store.")
        }
        if sources.isEmpty { throw refuse("There are no sources.", "Name at least one bucket.") }
        var names: Set<String> = []
        for source in sources where !names.insert(source.name).inserted {
            throw refuse("Two sources have this name.", "Give each source a name of its own.", source: source.name)
        }
        for source in sources {
            guard let problem = source.problem(environment: base.environment(environment)) else { continue }
            throw refuse(problem.message, problem.advice, source: source.name)
        }
        let least = limits.memoryByteCountMin(settings.chunking)
        if limits.memoryByteCount < least {
            throw refuse(
                "A memory budget of \(limits.memoryByteCount) bytes can't hold two parts of \(limits.partByteCount) bytes and what chunks of \(settings.chunking.maxTokens) tokens may need beside them.",
                "Give at least \(least) bytes of memory, or smaller parts, or a smaller max_tokens.")
        }
        return settings
    }

    /// Twelve hexadecimal digits: seconds since 1970, so that runs sort, and a random part.
    static func makeRunID() -> String {
        let seconds = String(UInt32(truncatingIfNeeded: Int(Date().timeIntervalSince1970)), radix: 16)
        let random = String(UInt16.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - seconds.count) + seconds
            + String(repeating: "0", count: 4 - random.count) + random
    }
}

/// This library's version.
public enum Version {
    /// As the `run` table of a store and `dredge --version` show it.
    public static let current = "0.1.0"
}

extension Source {
    /// As the store remembers it. With other filters it is not the same run that goes on: what they leave out was decided as
    /// the listing was recorded.
    var record: SourceRecord {
        let filters = (include.map { "+\($0)" } + exclude.map { "-\($0)" }).joined(separator: "\n")
        return SourceRecord(
            name: name, bucket: bucket, prefix: prefix,
            endpointURL: endpointURL.map { String($0.reversed().drop { $0 == "/" }.reversed()) },
            filters: filters.isEmpty ? nil : filters)
    }
}

extension RunCounters {
    /// What a resumed run had listed before.
    func take(over totals: RunTotals) {
        for (state, count) in totals.states {
            listed.add(count.objects)
            if state == "pending" { plannedBytes.add(count.bytes) } else { done.add(count.objects) }
        }
    }
}
