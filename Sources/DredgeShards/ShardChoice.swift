import DredgeBase
import Foundation

/// Chooses shards for a worker without an index: first those that nobody has claimed, then those whose workers have not
/// been heard of, then those that are slow.
///
/// What is done and claimed is listed at most every `ShardLimits.lookInterval` while there is something left to claim:
/// a claim tells by itself whether it is free.
struct ShardChoice {
    enum Next {
        case shard(Int, Lease)
        /// Others have all that are left, which are so many.
        case none(left: Int)
        case allDone
    }

    private let job: Job
    private let worker: String
    private var done: Set<Int> = []
    private var claimed: Set<Int> = []
    private var looked: ContinuousClock.Instant?
    /// With which shard it begins: workers that start together don't all ask for the same one.
    private let first: Int

    init(_ job: Job, worker: String) {
        self.job = job
        self.worker = worker
        let hash = SHA256.digest(Array(worker.utf8)).prefix(4).reduce(0) { $0 << 8 | Int($1) }
        first = hash % max(1, job.index.shards.count)
    }

    /// Remembers that a shard is done.
    mutating func finish(_ shard: Int) { done.insert(shard) }

    /// The next shard, but none of these.
    mutating func next(but left: Set<Int>) async throws(JobError) -> Next {
        if let looked, ContinuousClock.now - looked < ShardLimits.lookInterval,
            let (shard, lease) = try await claimFree(but: left)
        {
            return .shard(shard, lease)
        }
        done = Set(try await job.storage.names(in: JobNames.done).compactMap(JobNames.shard))
        claimed = Set(try await job.storage.names(in: JobNames.claims).compactMap(JobNames.shard))
        looked = .now
        if open(but: []).isEmpty { return .allDone }
        if let (shard, lease) = try await claimFree(but: left) { return .shard(shard, lease) }
        for place in 1...2 {
            for shard in open(but: left) {
                if let lease = try await take(shard, place) { return .shard(shard, lease) }
            }
        }
        return .none(left: open(but: []).count)
    }

    private mutating func claimFree(but left: Set<Int>) async throws(JobError) -> (Int, Lease)? {
        for shard in open(but: left) where !claimed.contains(shard) {
            if let lease = try await take(shard, 1) { return (shard, lease) }
            claimed.insert(shard)
        }
        return nil
    }

    private func open(but left: Set<Int>) -> [Int] {
        let shards = job.index.shards.indices
        return (Array(shards[first...]) + shards[..<first]).filter { !done.contains($0) && !left.contains($0) }
    }

    private func take(_ shard: Int, _ place: Int) async throws(JobError) -> Lease? {
        try await Lease.take(shard, of: job.storage, named: JobNames.claim(shard, place), worker: worker)
    }
}
