public import DredgeLedger
public import Foundation

/// How many objects, and their bytes as listed.
public struct ObjectCount: Sendable, Hashable, Codable {
    /// Objects.
    public var objects: Int
    /// The sum of their sizes in bytes.
    public var bytes: UInt64

    /// None, unless said otherwise.
    public init(objects: Int = 0, bytes: UInt64 = 0) {
        self.objects = objects
        self.bytes = bytes
    }

    static func += (sum: inout Self, count: Self) {
        sum.objects += count.objects
        let (bytes, overflows) = sum.bytes.addingReportingOverflow(count.bytes)
        sum.bytes = overflows ? .max : bytes
    }
}

/// What became of every object that a run listed. `indexed`, `unchanged`, `skipped`, `failed`, `vanished`, `changed`
/// and `pending` add up to `listed`.
public struct RunReport: Sendable, Codable {
    /// How a run ended.
    public enum Outcome: String, Sendable, Codable {
        /// Everything that was listed has been dealt with.
        case complete
        /// It was asked to stop; the next run goes on where it was.
        case stopped
        /// A `RunError` ended it, or one of its sources; the next run goes on where it was.
        case failed
    }

    /// An object that could not be indexed.
    public struct Failure: Sendable, Codable {
        /// The source's name.
        public var source: String
        /// The bucket's name.
        public var bucket: String
        /// The key, for people: control characters are escaped.
        public var key: String
        /// Why, in words before a colon, and with what of the service's words.
        public var reason: String
        /// The service's id of the last request that failed.
        public var requestID: String?
        /// What to do next; nil: the next run tries it again.
        public var advice: String?
    }

    /// The run's id, which is part of the session name that CloudTrail shows.
    public var id: String
    /// How it ended.
    public var outcome: Outcome
    /// Whether it went on with a run that had been stopped or killed.
    public var isResumed: Bool
    /// When this process's part of the run began.
    public var beganAt: Date
    /// When it ended.
    public var endedAt: Date
    /// Of each source, in the order of the run.
    public var sources: [SourceReport]
    /// Objects that the service listed.
    public var listed: ObjectCount
    /// Read and stored.
    public var indexed: ObjectCount
    /// Stored before with the same ETag and size; not read.
    public var unchanged: ObjectCount
    /// Not read, or read and not stored, for a reason.
    public var skipped: ObjectCount
    /// Could not be read.
    public var failed: ObjectCount
    /// Deleted between the listing and the read.
    public var vanished: ObjectCount
    /// Changed under every one of the reads.
    public var changed: ObjectCount
    /// Not dealt with when the run was stopped.
    public var pending: ObjectCount
    /// Documents that an earlier run stored, and that their source no longer lists or wants: taken out of the store.
    public var removedCount: Int
    /// Documents that their source no longer lists or wants, and that it only marks.
    public var markedCount: Int
    /// Documents that their source no longer lists or wants, and that stay until somebody confirms their removal.
    public var withheldCount: Int
    /// The same, by source, and sources whose listing could not be trusted.
    public var withheld: [WithheldRemovals]
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int]
    /// Failed objects by reason.
    public var failedReasons: [String: Int]
    /// Chunks of the objects that this run indexed.
    public var chunkCount: Int
    /// Tokens of the objects that this run indexed.
    public var tokenCount: Int
    /// Objects whose bytes have the checksum that the service keeps of them, of those that this process indexed. nil:
    /// no source asks for that.
    public var verifiedCount: Int?
    /// Bytes that bodies of answers brought, in this process.
    public var fetchedByteCount: UInt64
    /// Wall clock of this process's part of the run, in seconds.
    public var elapsedSeconds: Double
    /// Processor time of this process during the run, user and system, in seconds: also that of other runs of the
    /// process.
    public var cpuSeconds: Double
    /// Where the time of this process's part of the run went.
    public var time: RunTime
    /// The first failures.
    public var failures: [Failure]

    /// Whether nothing was listed, or nothing that the sources' filters let through.
    public var isEmpty: Bool {
        listed.objects == skippedReasons[SkipReason.filtered.rawValue, default: 0]
    }

    /// Whether there are objects that the store should hold and does not, or that it should perhaps not hold any more.
    public var isIncomplete: Bool { failed.objects + changed.objects + pending.objects > 0 || !withheld.isEmpty }
}

/// What became of one source of a run.
public struct SourceReport: Sendable, Codable {
    /// The source's name.
    public var name: String
    /// The bucket.
    public var bucket: String
    /// The key prefix.
    public var prefix: String
    /// The last role that was assumed for it; nil: none is.
    public var roleARN: String?
    /// The names of the sessions of its roles, in the order in which they are assumed: what CloudTrail shows of its
    /// requests. Empty: no role is assumed.
    public var sessionNames: [String]
    /// Objects that the service listed.
    public var listed: ObjectCount
    /// The same by state (`indexed`, `unchanged`, …); a state without objects is absent.
    public var states: [String: ObjectCount]
    /// Documents that it no longer lists or wants: taken out of the store.
    public var removedCount: Int
    /// The first of their keys, for people: control characters are escaped.
    public var removedKeys: [String]
    /// Documents that it no longer lists or wants, and only marks.
    public var markedCount: Int
    /// Documents that it no longer lists or wants, and that stay until somebody confirms their removal.
    public var withheldCount: Int
    /// Why; nil: nothing is withheld.
    public var withheldReason: WithheldReason?
    /// Patterns of `include` that matched no key, and of `exclude` that matched none of what `include` lets through,
    /// where the whole listing was read by this process.
    public var unmatchedPatterns: [String]
    /// What ended the source, one sentence; nil: nothing did.
    public var error: String?
}
