package import DredgeBase
import DredgeLedger
public import DredgeText

/// All limits of an engine, in one place; its runs share them. Nothing in the engine grows without one of these.
public struct Limits: Sendable, Hashable {
    /// Memory for all that grows with settings or content, of all runs together: buffers, connections, workers,
    /// batches, the stores' queues and caches. The process takes at most 64 MiB more. 1 GiB, or three quarters of what
    /// a container may have beside those 64 MiB, if that is less.
    public var memoryByteCount = Limits.memoryByteCountUsual(in: .current)
    /// The most GETs in flight, of all runs together; fewer where the memory is small: each takes 112 KiB beside its
    /// buffer, and together they take at most an eighth. For each bucket it begins with at most 128, and is as many as
    /// bring more throughput; fewer for one that throttles.
    public var requestCount = 1024
    /// Bytes that one GET asks for; smaller objects are one GET. 8 MiB is what AWS advises (8 or 16) and what its own
    /// client uses.
    public var partByteCount = 8 << 20
    /// Threads that chunk and count; 0: one a core, of those that the process, or its container, may use. Fewer where
    /// the memory is small: each takes 12 MiB.
    public var workerCount = 0
    /// How long a run waits for a source that fails as a whole (no connection, no name, 5xx), before it ends so that
    /// the next run can go on.
    public var outagePatience: Duration = .seconds(30 * 60)
    /// Bytes of an object after which is marked how far it is read: after a crash the next run reads at most so many
    /// again, and the parts that were on their way.
    package var markedByteCount = 64 << 20

    /// The defaults.
    public init() {}

    /// The defaults.
    public static let `default` = Limits()

    /// The least that `partByteCount` may be: the first part must hold what tells text from binary.
    public static let partByteCountMin = 64 << 10
    /// The most that `partByteCount` may be: S3 answers no larger range than an object's part can be.
    public static let partByteCountMax = 1 << 30
    /// The most GETs that one loop drives well.
    public static let requestCountMax = 1024
    /// The most worker threads.
    public static let workerCountMax = 256

    /// How long a chunk may wait in a batch that does not fill.
    static let batchDelay: Duration = .seconds(1)
    /// Objects of several parts that are open at once, of all runs: each has a batch of its own in hand.
    static let openMultipartCountMax = 16
    /// Reads that are open at once, of all runs, waiting ones included: each is a task of some ten kilobytes.
    static let openReadCountMax = 2048
    /// Reads are begun while fewer requests than this wait at their bucket's gate.
    static let gateBacklogCount = 16
    /// Requests beside the GETs that may be in flight: pages of listings, sessions that are renewed. More of them wait.
    static let controlRequestCount = 64
    /// Objects that all sources together have read from their queues in the store and not begun…
    static let pendingCount = 8192
    /// …of which each reads no more at a time…
    static let pendingPageCountMax = 1024
    /// …and no fewer.
    static let pendingPageCountMin = 16
    /// Attempts to read an object after which it is not visited a third time. A visit is a request with its attempts;
    /// between two of them all other objects have their turn.
    static let objectAttemptCountMax = 6
    /// Pages of a source's listing that are asked for at once, where it has many.
    package static let listCountInFlight = 25
    /// Pages after which one more is asked for at once, when a page had failed; twice as many each time that one fails…
    static let listRaisePageCountMin = 64
    /// …but no more than these.
    static let listRaisePageCountMax = 4096
    /// Times that it could not be asked whether a listing contradicts itself, after which it is taken to do so.
    static let listDoubtCountMax = 8
    /// Pages of a source's listing that are asked for, or wait to be recorded.
    static let listedPageCount = listCountInFlight + 8
    /// Keys of a list of keys that are asked for at once.
    static let headCountInFlight = 64
    /// Times that a page of a listing is asked for, each with its attempts, while the source is otherwise well.
    static let listRoundCount = 8
    /// Attempts to read an object after which an outage that it meets is taken for its own failure: one may bring the
    /// service down each time.
    static let recoveryCount = 100
    /// The shortest wait between two looks at a source that fails; each next one may be twice as long.
    static let outageDelayMin: Duration = .seconds(1)
    /// The longest.
    static let outageDelayMax: Duration = .seconds(20)
    /// The wait before an object is visited again, for each attempt that was made.
    static let postponedDelay: Duration = .milliseconds(200)
    /// Pages of a listing in a row that may bring no new key: ten million keys that came before.
    static let fruitlessPageCountMax = 10_000
    /// Pages of a listing in a row that may have no key at all. S3 lists so over delete markers, a thousand to a page.
    static let emptyPageCountMax = 1_000
    /// Pages of a listing in a row that bring no new key, after which a warning tells of them.
    static let fruitlessPageCountTold = 50
    /// How often an object that changes under the read is begun again.
    static let rereadCount = 3
    /// GETs of a bucket that are in flight at first, before it is known what more of them bring.
    static let requestCountAtFirst = 128
    /// The fewest GETs in flight that throttling can bring about.
    static let requestCountMin = 4
    /// Failures that a report names one by one.
    static let reportedFailureCount = 20
    /// How long nothing may come before a run says which requests it waits for.
    static let silenceMin: Duration = .seconds(20)
    /// How often it looks for them then.
    static let silenceLookInterval: Duration = .seconds(1)
    /// How often progress is told.
    static let progressInterval: Duration = .milliseconds(200)

    /// Bytes that precede a part in its buffer, for what the part before left undecided.
    func headroomByteCount(_ chunking: ChunkingSettings) -> Int { Chunker.lookaheadByteCountMax(chunking) }

    /// The least `memoryByteCount` with which a run with these settings gets on, in whole MiB.
    public func memoryByteCountMin(_ chunking: ChunkingSettings) -> Int {
        var limits = self
        func holds(_ mebibyteCount: Int) -> Bool {
            limits.memoryByteCount = mebibyteCount << 20
            return MemoryPlan(limits, coreCount: 1).holds(limits, chunking)
        }
        var (least, enough) = (0, 1)
        while !holds(enough) { (least, enough) = (enough, 2 * enough) }
        while enough - least > 1 {
            let middle = (least + enough) / 2
            if holds(middle) { enough = middle } else { least = middle }
        }
        return enough << 20
    }

    /// `memoryByteCount` where nobody says another.
    package static func memoryByteCountUsual(in group: ControlGroup) -> Int {
        guard let allowed = group.memoryByteCount else { return 1 << 30 }
        return min(1 << 30, max(1 << 20, (allowed - constantByteCount) / 4 * 3))
    }

    /// What the process takes beside `memoryByteCount`, at the most.
    package static let constantByteCount = 64 << 20

    /// Traps where a limit is outside of its range, or contradicts another: the command's config and flags say so
    /// before, in words.
    func check() {
        precondition(memoryByteCount > 0, "a memory budget of \(memoryByteCount) bytes")
        precondition((1...Self.requestCountMax).contains(requestCount), "\(requestCount) requests at once")
        precondition(
            (Self.partByteCountMin...Self.partByteCountMax).contains(partByteCount), "parts of \(partByteCount) bytes")
        precondition(outagePatience >= .zero, "a patience below zero")
        precondition((0...Self.workerCountMax).contains(workerCount), "\(workerCount) workers")
    }
}
