/// How often and when a request is sent again: the mode `standard` of the AWS SDKs, as they have it since 2026
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>).
///
/// The wait before the n-th retry is drawn evenly from 0 to the base delay · 2ⁿ⁻¹, at most `delayMax`. A token bucket
/// for each client, `RetryQuota`, bounds the retries of all its requests together, so that a service that is down is
/// not asked three times as often.
public struct RetryPolicy: Sendable {
    /// Attempts without progress before a request fails, the first one included. An attempt that brought bytes of the
    /// body starts the count anew, see `S3Limits.progressAttemptFactor` for what bounds that. nil: `AWS_MAX_ATTEMPTS`,
    /// the profile's `max_attempts`, else 3.
    public var attemptCountMax: Int?
    /// The base delay after failures of the service and the network.
    public var delayMin: Duration = .milliseconds(50)
    /// The base delay after throttling.
    public var throttleDelayMin: Duration = .seconds(1)
    /// Upper end of every wait that is drawn.
    public var delayMax: Duration = .seconds(20)
    /// By how much the service may lengthen a wait (`x-amz-retry-after` in milliseconds, or `Retry-After` in seconds).
    public var serviceDelayMax: Duration = .seconds(5)
    /// Tokens of a full quota.
    public var quotaTokenCount = 500

    /// The defaults.
    public init() {}

    /// Traps where the numbers contradict each other.
    func check() {
        precondition(attemptCountMax.map { $0 > 0 } ?? true, "a request needs at least one attempt")
        precondition(delayMin > .zero && throttleDelayMin > .zero, "a wait of nothing does not grow")
        precondition(
            max(delayMin, throttleDelayMin) <= delayMax, "the first wait can't be longer than every wait")
        precondition(serviceDelayMax >= .zero && quotaTokenCount >= 0, "no wait and no quota is below nothing")
    }
}
