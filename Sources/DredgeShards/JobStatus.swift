import DredgeBase
import Foundation

/// How far a job is.
public struct JobStatus: Codable, Sendable, Hashable {
    /// The job's URL.
    public var job: String
    /// Shards.
    public var shardCount: Int
    /// Those that are done.
    public var doneCount: Int
    /// Those that somebody works on, as far as claims tell.
    public var runningCount: Int
    /// Those that are not done and on which nobody works any more, though somebody did.
    public var failedCount: Int
    /// Those that somebody works on.
    public var runningShards: [Int]
    /// Those that are not done and on which nobody works any more.
    public var failedShards: [Int]
    /// Objects of all manifests.
    public var objectCount: Int
    /// Their bytes as listed.
    public var byteCount: UInt64
    /// Of the objects, those of shards that are done, and those that running workers have told of.
    public var doneObjectCount: Int
    /// Their bytes.
    public var doneByteCount: UInt64
    /// Objects that running workers get through together in a second; nil: none has told yet.
    public var objectsPerSecond: Double?
    /// Bytes of them; nil: none has told yet.
    public var bytesPerSecond: Double?
    /// How long the rest takes at that rate; nil: it is not known.
    public var secondsLeft: Double?
    /// Whether the catalog is made.
    public var isMerged: Bool

    /// Whether all shards are done.
    public var isDone: Bool { doneCount == shardCount }
}

extension Job {
    /// How far the job is, by what its workers have told. Costs two listings, and a read for each shard that is claimed
    /// and not done.
    public func status() async throws(JobError) -> JobStatus {
        let done = Set(try await storage.names(in: JobNames.done).compactMap(JobNames.shard))
            .intersection(index.shards.indices)
        let names = try await storage.names(in: JobNames.claims).filter { name in
            JobNames.shard(name).map { !done.contains($0) } ?? false
        }
        let now = try await storage.now()
        var running: [Int: Claim] = [:]
        var claimed: Set<Int> = []
        for name in names {
            let path = "\(JobNames.claims)/\(name)"
            guard let file = try await storage.read(path, byteCountMax: ShardLimits.noteByteCountMax),
                let claim = Claim(file), index.shards.indices.contains(claim.shard)
            else { continue }
            claimed.insert(claim.shard)
            guard !claim.isOver(at: now) else { continue }
            // Of two at one shard, who is further.
            if let other = running[claim.shard], other.doneByteCount >= claim.doneByteCount { continue }
            running[claim.shard] = claim
        }
        var status = JobStatus(
            job: url, shardCount: index.shards.count, doneCount: done.count, runningCount: running.count,
            failedCount: claimed.subtracting(running.keys).count, runningShards: running.keys.sorted(),
            failedShards: claimed.subtracting(running.keys).sorted(), objectCount: file.objectCount,
            byteCount: file.byteCount, doneObjectCount: 0, doneByteCount: 0,
            isMerged: try await storage.read(JobNames.catalog, byteCountMax: ShardLimits.fileByteCountMax) != nil)
        for shard in done {
            status.doneObjectCount += index.shards[shard].objectCount
            status.doneByteCount += index.shards[shard].byteCount
        }
        status.add(Array(running.values))
        return status
    }
}

extension JobStatus {
    fileprivate mutating func add(_ running: [Claim]) {
        var rates: (objects: Double, bytes: Double) = (0, 0)
        for claim in running {
            doneObjectCount += claim.doneCount
            doneByteCount += claim.doneByteCount
            let seconds = Double(claim.renewedMilliseconds - claim.startedMilliseconds) / 1_000
            guard seconds > 0 else { continue }
            rates.objects += Double(claim.doneCount) / seconds
            rates.bytes += Double(claim.doneByteCount) / seconds
        }
        guard rates.objects > 0 else { return }
        (objectsPerSecond, bytesPerSecond) = (rates.objects, rates.bytes)
        // The one that takes longer: many small objects, or few large ones.
        let left = (Double(objectCount - doneObjectCount), Double(byteCount - min(byteCount, doneByteCount)))
        secondsLeft = max(left.0 / rates.objects, rates.bytes > 0 ? left.1 / rates.bytes : 0)
    }
}
