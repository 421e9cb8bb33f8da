import DredgeLedger
import DredgeText

/// All limits of an engine, in one place; its runs share them. Nothing in the engine grows without one of these.
public struct Limits: Sendable, Hashable {
    /// Bytes of parts that are being fetched, wait, or are in work, of all runs together. Peak memory is this plus a
    /// constant: two batches a worker, the stores' queues and caches, curl's buffers, the token tables (about 270 MiB
    /// in all with the defaults, and about 20 MiB more for each further run at the same time).
    public var memoryByteCount = 1 << 30
    /// The most GETs in flight, of all runs together. For each bucket it begins with at most 128, and is as many as
    /// bring more throughput; fewer for one that throttles.
    public var requestCount = 1024
    /// Bytes that one GET asks for; smaller objects are one GET. 8 MiB is what AWS advises (8 or 16) and what its own
    /// client uses.
    public var partByteCount = 8 << 20
    /// Threads that chunk and count; 0: one a core.
    public var workerCount = 0
    /// How long a run waits for a source that fails as a whole (no connection, no name, 5xx), before it ends so that
    /// the next run can go on.
    public var outagePatience: Duration = .seconds(30 * 60)

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
    /// Objects that are read from the queue in the store at a time.
    static let pendingPageCount = 1024
    /// Attempts to read an object after which it is not visited a third time. A visit is a request with its attempts;
    /// between two of them all other objects have their turn.
    static let objectAttemptCountMax = 6
    /// Times that a page of a listing is asked for, each with its attempts, while the source is otherwise well.
    static let listRoundCount = 8
    /// Times that a request is made anew after the source failed as a whole and was well again.
    static let recoveryCount = 100
    /// The shortest wait between two looks at a source that fails; each next one may be twice as long.
    static let outageDelayMin: Duration = .seconds(1)
    /// The longest.
    static let outageDelayMax: Duration = .seconds(20)
    /// The wait before an object is visited again, for each attempt that was made.
    static let postponedDelay: Duration = .milliseconds(200)
    /// Pages of a listing in a row that may bring no new key: ten million keys that came before.
    static let fruitlessPageCountMax = 10_000
    /// How often an object that changes under the read is begun again.
    static let rereadCount = 3
    /// GETs of a bucket that are in flight at first, before it is known what more of them bring.
    static let requestCountAtFirst = 128
    /// The fewest GETs in flight that throttling can bring about.
    static let requestCountMin = 4
    /// Failures that a report names one by one.
    static let reportedFailureCount = 20
    /// How often progress is told.
    static let progressInterval: Duration = .milliseconds(200)

    /// Bytes that precede a part in its buffer, for what the part before left undecided.
    func headroomByteCount(_ chunking: ChunkingSettings) -> Int { Chunker.lookaheadByteCountMax(chunking) }

    /// The most memory that a run with these settings needs to get on at all.
    func memoryByteCountMin(_ chunking: ChunkingSettings) -> Int {
        2 * (partByteCount + headroomByteCount(chunking) + (1 << 20))
    }

    /// Objects of several parts that a run may have open at once: what they carry from part to part must stay small
    /// beside the budget.
    func openMultipartCount(_ chunking: ChunkingSettings) -> Int {
        let carried = headroomByteCount(chunking) + 2 * SinkLimits.batchByteCount
        return max(1, min(Self.openMultipartCountMax, memoryByteCount / 4 / carried))
    }

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
