/// One request's way through its attempts: decides what comes after a failure. A value without clock and network, so
/// that each rule can be tested by itself.
struct RetryState {
    /// What to do after a failed attempt.
    enum Decision: Equatable {
        case giveUp
        case retry(after: Duration)
        /// Drop the credentials that were used, and go on at once.
        case refreshCredentials
        /// Go on at once in that region; nil: find it out first.
        case changeRegion(String?)
        /// Go on at once: the clock that signs is right now.
        case signAnew
    }

    private let policy: RetryPolicy
    private let limits: S3Limits
    private let attemptCountMax: Int
    /// Attempts so far.
    private(set) var attemptCount = 0
    private var failureCountInRow = 0
    private var hasRefreshedCredentials = false
    private var hasChangedRegion = false
    private var hasSignedAnew = false

    /// - Parameter attemptCountMax: counts where the policy says none.
    init(policy: RetryPolicy, attemptCountMax: Int = S3Limits.attemptCountMax, limits: S3Limits) {
        self.policy = policy
        self.attemptCountMax = policy.attemptCountMax ?? attemptCountMax
        self.limits = limits
    }

    /// - Parameters:
    ///   - progressed: the attempt brought bytes that are kept.
    ///   - endpointHasAnswered: some request got an answer from this endpoint before.
    ///   - retryAfter: how long the service asks to wait; taken within what the policy allows.
    ///   - isClockCorrected: the clock was corrected since the attempt was signed.
    ///   - jitter: evenly distributed in 0...1.
    mutating func decide(
        _ remedy: Remedy, progressed: Bool = false, endpointHasAnswered: Bool = true, retryAfter: Duration? = nil,
        isClockCorrected: Bool = false, jitter: Double
    ) -> Decision {
        attemptCount += 1
        failureCountInRow = progressed ? 1 : failureCountInRow + 1
        guard attemptCount < attemptCountMax * limits.progressAttemptFactor else { return .giveUp }
        switch remedy {
        case .none:
            return .giveUp
        case .refreshCredentials:
            // Refused again although they are new: more of them would not help.
            guard !hasRefreshedCredentials else { return .giveUp }
            hasRefreshedCredentials = true
            failureCountInRow -= 1
            return .refreshCredentials
        case .changeRegion(let region):
            guard !hasChangedRegion else { return .giveUp }
            hasChangedRegion = true
            failureCountInRow -= 1
            return .changeRegion(region)
        case .correctClock:
            // Refused again in the service's own time: then time is not what is wrong.
            guard isClockCorrected, !hasSignedAnew else { return .giveUp }
            hasSignedAnew = true
            failureCountInRow -= 1
            return .signAnew
        case .verifyAgain where failureCountInRow > 1:
            return .giveUp
        case .reconnect where !endpointHasAnswered && failureCountInRow >= limits.connectAttemptCountMax:
            return .giveUp
        case .wait, .slowDown, .reconnect, .verifyAgain:
            guard failureCountInRow < attemptCountMax else { return .giveUp }
            let base = remedy == .slowDown ? policy.throttleDelayMin : policy.delayMin
            // Beyond 2³⁰ every base is past every delayMax.
            let drawn = min(policy.delayMax, base * (1 << min(failureCountInRow - 1, 30))) * jitter
            return .retry(after: min(max(drawn, retryAfter ?? .zero), drawn + policy.serviceDelayMax))
        }
    }
}
