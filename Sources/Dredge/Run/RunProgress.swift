import DredgeLedger
import Synchronization

/// Where a run stands.
public struct RunProgress: Sendable, Hashable {
    /// Objects listed so far, in this process.
    public var listedCount = 0
    /// Objects dealt with: indexed, unchanged, skipped, failed, vanished, changed.
    public var doneCount = 0
    /// Objects indexed.
    public var indexedCount = 0
    /// Objects that failed.
    public var failedCount = 0
    /// Whether every source's listing is complete, so that the counts of what is planned are final.
    public var isListingComplete = false
    /// Bytes of bodies that have arrived.
    public var fetchedByteCount: UInt64 = 0
    /// Bytes of the objects that were to be read and are dealt with, and of the parts of others that are.
    public var doneByteCount: UInt64 = 0
    /// Bytes of the objects to read that have been listed so far.
    public var plannedByteCount: UInt64 = 0
    /// Tokens counted.
    public var tokenCount = 0
    /// Chunks cut.
    public var chunkCount = 0
    /// Of each source, in the order of the run; empty: it has not begun.
    public var sources: [SourceProgress] = []
    /// Sources that fail as a whole and are waited for, see `Limits.outagePatience`.
    public var waits: [SourceWait] = []
    /// What is waited for, where nothing has come for 20 seconds though requests are under way.
    public var silence: RunSilence?
    /// Since the run began.
    public var elapsed: Duration = .zero
}

extension RunProgress {
    /// Of a run that has not begun.
    public static let none = RunProgress()

    /// The names of the sources that are being read.
    public var openSources: [String] { sources.filter(\.isOpen).map(\.name) }
}

extension Duration {
    /// In whole nanoseconds.
    var nanosecondCount: Int { Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000) }
}

/// A number that any thread adds to.
struct Counter<Value: FixedWidthInteger & Sendable>: ~Copyable, Sendable {
    private let atomic = Atomic<UInt64>(0)
    var value: Value { Value(truncatingIfNeeded: atomic.load(ordering: .relaxed)) }
    func add(_ value: Value) { atomic.wrappingAdd(UInt64(truncatingIfNeeded: value), ordering: .relaxed) }
}

/// The counters behind `RunProgress`.
final class RunCounters: Sendable {
    /// Objects indexed that have the checksum which the service keeps of them.
    let verified = Counter<Int>()
    let fetchedBytes = Counter<UInt64>()
    let doneBytes = Counter<UInt64>()
    let tokens = Counter<Int>()
    let chunks = Counter<Int>()
    /// What came of the run's GETs.
    let requests = Mutex(RequestTally.Sum())
    /// Requests that were made again after an attempt that failed.
    let repeats = Counter<Int>()
    /// The run's name, once it has begun, and its sources.
    private let run = Mutex<(name: String?, sources: [SourceCounters])>((nil, []))
    /// Time that workers worked for the run, in nanoseconds.
    let workedNanoseconds = Counter<Int>()
    /// How much of it they compressed.
    let compressedNanoseconds = Counter<Int>()
    /// Time during which the run had parts for workers, and no room in its store.
    let blockedNanoseconds = Counter<Int>()
    /// When the last listing was complete, in nanoseconds since the run began.
    private let listingsEnded = Counter<Int>()
    private let openListings = Counter<Int>()
    private let waits = Mutex<[String: SourceWait]>([:])
    private let onSilence = Mutex<(@Sendable (_ isFirst: Bool) async -> RunSilence?)?>(nil)
    private let start = ContinuousClock.now

    /// The run has begun.
    /// - Parameter totals: what had been listed before, where the run is gone on with.
    func begin(_ record: OpenRun, sources: [SourceCounters], totals: RunTotals) {
        if let states = totals.sources {
            for (listing, source) in zip(record.sources, sources) { source.take(over: states[listing.source] ?? [:]) }
        } else {
            // A run of a version that did not keep what belongs to which source.
            sources.first?.take(over: totals.states)
        }
        run.withLock { $0 = (record.name, sources) }
    }
    /// The run's name; nil: it has not begun.
    var name: String? { run.withLock { $0.name } }

    func listingsBegin(_ count: Int) { openListings.add(count) }
    func listingEnded() {
        openListings.add(-1)
        if openListings.value == 0 { listingsEnded.add((ContinuousClock.now - start).nanosecondCount) }
    }

    /// Seconds from the run's begin to when the last listing was complete; 0: one is not.
    var listingSeconds: Double { Double(listingsEnded.value) / 1e9 }

    /// Compresses, and takes the time of it.
    func compressing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        let begin = ContinuousClock.now
        defer { compressedNanoseconds.add((ContinuousClock.now - begin).nanosecondCount) }
        try body()
    }

    /// A source is waited for (nil: no longer).
    func note(_ wait: SourceWait?, for source: String) { waits.withLock { $0[source] = wait } }

    /// Who is asked what the run waits for when nothing comes; nil: nobody any more.
    func whenSilent(_ body: (@Sendable (_ isFirst: Bool) async -> RunSilence?)?) { onSilence.withLock { $0 = body } }

    /// What the run waits for. `isFirst`: it is asked for the first time since something came.
    func silence(isFirst: Bool) async -> RunSilence? { await onSilence.withLock { $0 }?(isFirst) }

    var progress: RunProgress {
        let sources = run.withLock { $0.sources }.map(\.progress)
        func sum(_ count: KeyPath<SourceProgress, Int>) -> Int { sources.reduce(0) { $0 + $1[keyPath: count] } }
        let listedCount = sum(\.listedCount)
        return RunProgress(
            listedCount: listedCount, doneCount: sum(\.doneCount), indexedCount: sum(\.indexedCount),
            failedCount: sum(\.failedCount), isListingComplete: openListings.value == 0 && listedCount > 0,
            fetchedByteCount: fetchedBytes.value, doneByteCount: doneBytes.value,
            plannedByteCount: sources.reduce(0) { $0 &+ $1.plannedByteCount },
            tokenCount: tokens.value, chunkCount: chunks.value, sources: sources,
            waits: waits.withLock { $0.values.sorted { $0.source < $1.source } },
            elapsed: ContinuousClock.now - start)
    }
}
