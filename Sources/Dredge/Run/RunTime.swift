import DredgeBase
import Synchronization

/// Where a run's time went, stage by stage, and what kept it from being faster.
///
/// Processor times are those of threads, which all runs of an engine share: a run beside others is told of their time
/// too.
public struct RunTime: Sendable, Hashable, Codable {
    /// Processor seconds of the thread that sends requests and receives answers.
    public var transferSeconds: Double
    /// Processor seconds of each thread that chunks, counts and compresses.
    public var workerSeconds: [Double]
    /// How much of all workers' time went into compressing: 0 to 1.
    public var compressingShare: Double
    /// Processor seconds of the thread that writes the store.
    public var storeSeconds: Double
    /// What else the process took: pages of listings, sessions, the start.
    public var otherSeconds: Double
    /// How much of the workers' time was work for the run, by the clock: 0 to 1.
    public var workedShare: Double
    /// Seconds during which the run's workers waited for the store's disk.
    public var blockedSeconds: Double
    /// Seconds until every listing was complete.
    public var listingSeconds: Double
    /// GETs that were answered.
    public var requests: Requests
    /// What the run would be faster without.
    public var bottleneck: Bottleneck

    /// What GETs took.
    public struct Requests: Sendable, Hashable, Codable {
        /// How many were answered.
        public var count: Int
        /// The mean time to the first byte of an answer, in milliseconds.
        public var firstByteMilliseconds: Double
        /// How many were under way at a time, on average.
        public var meanInFlight: Double
        /// How many of them were answered while as many were in flight as ever may be (`Limits.requestCount`), and
        /// others waited for a place: 0 to 1.
        public var fullShare: Double
        /// Answers that asked for fewer requests.
        public var throttledCount: Int
        /// Requests that failed on the service's side, or on the way.
        public var failedCount: Int
    }

    /// What kept a run from being faster.
    public enum Bottleneck: String, Sendable, Hashable, Codable {
        /// The store's thread, or its disk.
        case store
        /// Chunking and counting: more cores would help.
        case counting
        /// The one thread that sends requests and receives answers, busy with the number of requests.
        case requests
        /// The same thread, busy with bytes: copying and TLS.
        case receiving
        /// All cores are busy, some of them with other programs' work.
        case processor
        /// The service asked for fewer requests.
        case throttling
        /// Less than a mebibyte was read: nothing can be told.
        case tooLittle = "too_little"
        /// As many requests are in flight as may be.
        case requestLimit = "request_limit"
        /// Pages of the listing came too slowly.
        case listing
        /// Answers came too slowly: the network, or the service.
        case network
    }
}

/// Takes the times of a run from its begin on.
struct RunTimeMeter: Sendable {
    private let counters: RunCounters
    private let coreCount: Int
    /// Processor seconds, now, of: the process, the thread of transfers, the workers, the sink's thread.
    private let read: @Sendable () -> (all: Double, transfer: Double, workers: [Double], store: Double)
    private let before: (all: Double, transfer: Double, workers: [Double], store: Double)

    init(
        _ counters: RunCounters, coreCount: Int,
        read: @escaping @Sendable () -> (all: Double, transfer: Double, workers: [Double], store: Double)
    ) {
        self.counters = counters
        self.coreCount = coreCount
        self.read = read
        before = read()
    }

    /// Processor time of this process since then, and where the run's time went.
    func end() -> (cpuSeconds: Double, time: RunTime) {
        let now = read()
        let elapsed = counters.progress.elapsed / .seconds(1)
        let parts = RunTimeParts(
            elapsed: elapsed, cpuSeconds: now.all - before.all, coreCount: coreCount,
            transferSeconds: now.transfer - before.transfer,
            workerSeconds: zip(now.workers, before.workers).map(-), storeSeconds: now.store - before.store,
            workedSeconds: Double(counters.workedNanoseconds.value) / 1e9,
            compressedSeconds: Double(counters.compressedNanoseconds.value) / 1e9,
            blockedSeconds: Double(counters.blockedNanoseconds.value) / 1e9,
            // One that was stopped in the middle took all the time.
            listingSeconds: counters.listingSeconds > 0 ? counters.listingSeconds : elapsed,
            requests: counters.requests.withLock { $0 }, fetchedByteCount: counters.fetchedBytes.value)
        return (parts.cpuSeconds, parts.time)
    }
}

/// What `RunTime` is made of when a run ends.
struct RunTimeParts: Sendable {
    var elapsed: Double
    var cpuSeconds: Double
    var coreCount: Int
    var transferSeconds: Double
    var workerSeconds: [Double]
    var storeSeconds: Double
    var workedSeconds: Double
    var compressedSeconds: Double
    var blockedSeconds: Double
    var listingSeconds: Double
    var requests: RequestTally.Sum
    var fetchedByteCount: UInt64

    var time: RunTime {
        let threads = transferSeconds + workerSeconds.reduce(0, +) + storeSeconds
        let count = Double(max(1, requests.count))
        return RunTime(
            transferSeconds: transferSeconds, workerSeconds: workerSeconds,
            compressingShare: workedSeconds > 0 ? min(1, compressedSeconds / workedSeconds) : 0,
            storeSeconds: storeSeconds, otherSeconds: max(0, cpuSeconds - threads), workedShare: workedShare,
            blockedSeconds: blockedSeconds, listingSeconds: listingSeconds,
            requests: RunTime.Requests(
                count: requests.count, firstByteMilliseconds: requests.firstByteSeconds / count * 1000,
                meanInFlight: elapsed > 0 ? requests.durationSeconds / elapsed : 0,
                fullShare: Double(requests.fullCount) / count, throttledCount: requests.throttledCount,
                failedCount: requests.failedCount),
            bottleneck: bottleneck)
    }

    private var workedShare: Double {
        let most = elapsed * Double(workerSeconds.count)
        return most > 0 ? min(1, workedSeconds / most) : 0
    }

    /// Whether workers that were at work were often without a processor: other programs had it.
    private var isCrowded: Bool { workerSeconds.reduce(0, +) < Self.crowdedShare * workedSeconds }

    /// The first stage, from the last one on, that was busy nearly all the time: what comes before it waits for it.
    private var bottleneck: RunTime.Bottleneck {
        guard elapsed > 0, fetchedByteCount >= Self.byteCountMin else { return .tooLittle }
        if max(blockedSeconds, storeSeconds) / elapsed >= Self.busyShare { return .store }
        if workedShare >= Self.busyShare { return isCrowded ? .processor : .counting }
        if transferSeconds / elapsed >= Self.busyShare {
            let answerByteCount = fetchedByteCount / UInt64(max(1, requests.count))
            return answerByteCount < Self.smallAnswerByteCount ? .requests : .receiving
        }
        if cpuSeconds / (elapsed * Double(coreCount)) >= Self.busyShare { return .processor }
        let count = Double(max(1, requests.count))
        if Double(requests.throttledCount) / count >= Self.throttledShare { return .throttling }
        if Double(requests.fullCount) / count >= Self.fullShare { return .requestLimit }
        if listingSeconds / elapsed >= Self.busyShare { return .listing }
        return .network
    }

    private static let busyShare = 0.75
    private static let crowdedShare = 0.6
    /// Of less nothing can be told.
    private static let byteCountMin: UInt64 = 1 << 20
    private static let throttledShare = 0.01
    private static let fullShare = 0.5
    private static let smallAnswerByteCount: UInt64 = 256 << 10
}
