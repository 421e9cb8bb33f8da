/// Bounds the attempts of a bucket's GETs that are in flight, and learns from how they end.
///
/// A request holds a place while an attempt of it is under way, never while it waits for another or for credentials.
public protocol AttemptGate: Sendable {
    /// A place, if one is free and nobody waits for it. Most attempts begin here: it neither waits nor changes threads.
    func enterIfFree() -> (any Admission)?
    /// Waits for a place, behind those who came before. Throws when the task is cancelled meanwhile.
    func enter() async throws(CancellationError) -> any Admission
    /// An attempt has ended so. For GETs each one but those that were cancelled; for other requests, which need no
    /// place, only those that were throttled.
    func attemptEnded(_ outcome: AttemptOutcome)
    /// A request of any kind is made again after an attempt that failed.
    func attemptRepeated()
}

extension AttemptGate {
    /// Nothing is learnt from it.
    public func attemptRepeated() {}
}

/// A place in an `AttemptGate`. It gives itself back when its last reference goes.
public protocol Admission: AnyObject, Sendable {}

/// How an attempt ended, as far as it says something about the service's load.
public enum AttemptOutcome: Sendable, Hashable {
    /// With an answer, also one that refuses. Both times run from the request's start on a connection that is ready:
    /// to the first byte of the answer, and to its last. `byteCount` bytes of body are what the caller gets of it.
    case answered(firstByteTime: Duration, duration: Duration, byteCount: Int)
    /// The service asked for fewer requests.
    case throttled
    /// The service failed (5xx), the connection broke or never came about, or the answer can't be used.
    case failed
}
