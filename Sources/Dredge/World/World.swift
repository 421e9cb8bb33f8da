package import DredgeBase
package import DredgeS3
package import DredgeTransfer

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// What an engine sees of the world below it: buckets, time and chance.
///
/// `S3World` is the real one. Tests bring one whose answers, faults and order a seed decides, so that a whole run takes
/// milliseconds.
package protocol World: Sendable {
    /// Where reads run best: on the thread that receives what they ask for. nil: anywhere.
    var executor: (any TaskExecutor)? { get }
    /// Processor time that requests and answers have taken so far, on a thread of their own, in seconds.
    var transferSeconds: Double { get }
    /// Seconds until the first session of a role that is in use ends; nil: none is.
    var sessionSecondsLeft: Double? { get }
    /// A clock that no one sets.
    func now() -> ContinuousClock.Instant
    /// The time of day.
    func date() -> Date
    /// Waits so long; throws when the task is cancelled.
    func sleep(_ duration: Duration) async throws(CancellationError)
    /// Any number, each as likely as the other.
    func random() -> UInt64
    /// Opens a source for the run of this name. Sends nothing.
    /// - Parameter gate: where each attempt of a GET gets a place, and which is told how attempts end.
    /// - Throws: what can be seen to be wrong with the source.
    func open(
        _ source: Source, for run: String, gate: any AttemptGate
    ) throws(RunError) -> any ObjectService
    /// Ends everything that is under way, and wipes all credentials.
    func shutDown() async
}

/// One source's bucket, as a run reads it.
package protocol ObjectService: Sendable {
    /// Whether keys are listed in their order, and from any of them on.
    var listsInOrder: Bool { get }
    /// Whether the listed version of each object counts, and one that has changed since is not read.
    var isSnapshot: Bool { get }
    /// Objects that are asked for a byte where all that are to be read are refused.
    var witnesses: [ObjectKey] { get }
    /// Whether something of the source is stored elsewhere than in the run's ledger.
    var hasStoredContent: Bool { get }
    /// Throws where the source asks for something that must hold before anything is read, and it doesn't.
    func verify() async throws(RunError)
    /// A page of the listing under `prefix`: the first one, the one that `token` leads to, or the one behind the key
    /// `startAfter`.
    func list(
        prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(S3Error) -> ListPage
    /// Appends the bytes `range` of the version `eTag` (empty: whichever there is) to `buffer`: all of them, of one
    /// version, or throws.
    func get(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead
    /// Asks for one key of the source, once: whether it can be read at all. Throws what is wrong with it now.
    func probe() async throws(S3Error)
    /// The requests that are under way; nil: none is, or nobody knows.
    func openRequests() async -> OpenRequests?
    /// The object as it is now, and what the service keeps as the checksum of its bytes, where the source asks for
    /// that.
    func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?)
    /// Gives up the source's session, which is wiped when nobody else uses it. Nothing can be asked afterwards.
    func close()
}

extension World {
    package var transferSeconds: Double { 0 }
    package var sessionSecondsLeft: Double? { nil }
}

extension ObjectService {
    package var listsInOrder: Bool { true }
    package var isSnapshot: Bool { false }
    package var witnesses: [ObjectKey] { [] }
    package var hasStoredContent: Bool { false }
    package func openRequests() async -> OpenRequests? { nil }
}
