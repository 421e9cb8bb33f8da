/// Exponential backoff with full jitter: the n-th wait is drawn evenly from 0 to `delayMin` · 2ⁿ, at most `delayMax`
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>, mode `standard`).
public struct RetryPolicy: Sendable {
    /// Attempts without progress before a request fails, the first one included. An attempt that brought bytes of the
    /// body starts the count anew, see `S3Limits.progressAttemptFactor` for what bounds that.
    public var attemptCountMax = 10
    /// How often a GET of an object is tried as a whole: when the attempts of a round are used up by throttling, by
    /// failures of the service or by answers that break, the next round begins from the first byte, with all its
    /// attempts and with short waits again. Other requests have one round.
    public var roundCountMax = 1
    /// Upper end of the first wait.
    public var delayMin: Duration = .milliseconds(50)
    /// Upper end of every wait, also of one that the service asks for by `Retry-After`.
    public var delayMax: Duration = .seconds(20)

    /// The defaults.
    public init() {}

    /// Traps where the numbers contradict each other.
    func check() {
        precondition(attemptCountMax > 0 && roundCountMax > 0, "a request needs at least one attempt")
        precondition(delayMin > .zero && delayMin <= delayMax, "the first wait can't be longer than every wait")
    }
}
