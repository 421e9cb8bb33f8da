import DredgeAWS
import DredgeS3
import DredgeStore

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
}

/// What became of every object that a run listed. `indexed`, `unchanged`, `skipped`, `failed`, `vanished`, `changed` and
/// `pending` add up to `listed`.
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
        /// Why, and with what of the service's words.
        public var reason: String
        /// The service's id of the last request that failed.
        public var requestID: String?
    }

    /// The run's id, which is part of the session name that CloudTrail shows.
    public var id: String
    /// How it ended.
    public var outcome: Outcome
    /// Whether it went on with a run that had been stopped or killed.
    public var isResumed: Bool
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
    /// Stored by an earlier run and not in this listing of the source with their name: taken out of the store.
    public var removedCount: Int
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int]
    /// Failed objects by reason.
    public var failedReasons: [String: Int]
    /// Chunks of the objects that this run indexed.
    public var chunkCount: Int
    /// Tokens of the objects that this run indexed.
    public var tokenCount: Int
    /// Bytes that bodies of answers brought, in this process.
    public var fetchedByteCount: UInt64
    /// Wall clock of this process's part of the run, in seconds.
    public var elapsedSeconds: Double
    /// Processor time of this process during the run, user and system, in seconds.
    public var cpuSeconds: Double
    /// The first failures.
    public var failures: [Failure]

    /// Whether there are objects that the store should hold and does not.
    public var isIncomplete: Bool { failed.objects + changed.objects + pending.objects > 0 }
}

/// What ended a run, or kept it from starting: it concerns a source as a whole, the store or this machine, not one object.
public struct RunError: Error, Sendable {
    /// The closed list of causes.
    public enum Code: String, Sendable {
        /// A source or a limit can't be used as it is.
        case invalidSource
        /// No session, or none that the service accepts.
        case credentials
        /// The service refuses the whole source.
        case accessDenied
        /// A role can be assumed without its external ID, and the source requires one.
        case overTrust
        /// There is no such bucket.
        case noSuchBucket
        /// No answer from the endpoint.
        case unreachable
        /// The service answered with something else.
        case service
        /// The store can't be written.
        case store
        /// This machine gave out (threads, descriptors).
        case machine
    }

    /// Which cause.
    public var code: Code
    /// The source's name; nil: it concerns all of them.
    public var source: String?
    /// What was being done.
    public var step: String
    /// The S3 or STS error code.
    public var serviceCode: String?
    /// The HTTP status.
    public var status: Int?
    /// The service's id of the request.
    public var requestID: String?
    /// What happened.
    public var message: String
    /// What to do next.
    public var advice: String
    /// Other sources of the same run that failed too.
    public var others: [RunError] = []
    /// What was done all the same; nil: the run did not begin, or the store could not say.
    public var report: RunReport?
}

extension RunError {
    init(_ error: AWSError, source: String) {
        let code: Code =
            error.code == .unreachable ? .unreachable : error.code == .accessDenied ? .accessDenied : .credentials
        self.init(
            code: code, source: source, step: error.step, serviceCode: error.serviceCode, status: error.status,
            requestID: error.requestID, message: error.message, advice: error.advice)
    }

    init(_ error: S3Error, source: String, step: String) {
        if let cause = error.cause {
            self.init(cause, source: source)
            return
        }
        let code: Code =
            switch error.code {
            case .accessDenied, .requesterPays, .kms: .accessDenied
            case .noSuchBucket: .noSuchBucket
            case .unreachable: .unreachable
            case .invalidCredentials, .expiredCredentials, .credentials, .clockSkewed: .credentials
            default: .service
            }
        self.init(
            code: code, source: source, step: step, serviceCode: error.serviceCode, status: error.status,
            requestID: error.requestID, message: error.message, advice: error.advice)
    }

    /// The check of the first promise: whatever went wrong, a run never calls itself complete with objects that nobody dealt with.
    static func forgotten(_ objectCount: Int) -> RunError {
        RunError(
            code: .machine, step: "close the run",
            message: "\(objectCount) objects of the listing were not dealt with.",
            advice: "This is a fault of dredge: please report it. The next run reads them.")
    }

    init(_ error: StoreError) {
        self.init(code: .store, step: "write to the store \(error.path)", message: error.message, advice: error.advice)
    }
}
