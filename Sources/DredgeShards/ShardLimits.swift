/// Every bound of a job over many machines, with its reason.
public enum ShardLimits {
    /// The most shards of a job. Each has three small files beside its store, and a line in the catalog.
    public static let shardCountMax = 100_000
    /// What an object weighs beside its bytes when shards of equal weight are cut: about what a worker reads in the
    /// time that one more request takes it.
    public static let objectWeight: UInt64 = 64 << 10
    /// Bytes of a job's files that are read into memory: the index has some hundred bytes for each shard.
    static let fileByteCountMax = 256 << 20
    /// Small files that are read at once.
    static let readCountInFlight = 32
    /// Bytes of a small file: what a worker has done, a claim.
    static let noteByteCountMax = 1 << 20
    /// Bytes of a line of a manifest: a key of 1,024 bytes, each percent-encoded, and the other fields.
    static let lineByteCountMax = 16 << 10
    /// Objects that a page of a manifest has.
    static let pageObjectCount = 1_000
    /// How long a claim lasts that is not renewed: a worker that dies is missed after that…
    static let leaseMilliseconds: Int64 = 300_000
    /// …and how often it is renewed.
    static let renewalInterval: Duration = .seconds(60)
    /// How long a worker without an index goes by what it has seen of a job, while something is left to claim.
    static let lookInterval: Duration = .seconds(60)
    /// How often a worker without an index looks again for a shard, where all that are not done are claimed.
    static let claimLookInterval: Duration = .seconds(10)
    /// Memory in which the planner sorts what is listed, before it goes to disk.
    static let sortByteCount = 256 << 20
    /// Objects beside a shard's own that are asked for a byte where all of the shard's are refused.
    static let witnessCountMax = 64
    /// Sources of a job: the order of its rows has two bytes for each source's place.
    static let sourceCountMax = 65_535
    /// Jobs that follow one another, the first one included: a reader has a store of each open at once.
    public static let generationCountMax = 64
    /// How often the note of the latest catalog is written where others write it at the same time.
    static let latestAttemptCount = 8
    /// Bytes that are read at once from each part of what was sorted.
    static let sortReadByteCount = 256 << 10
}
