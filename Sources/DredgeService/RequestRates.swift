internal import Synchronization

/// How often each key has asked lately. In memory only: a server that starts anew has forgotten it.
public final class RequestRates: Sendable {
    /// A key's allowance: it grows with time up to the burst, and each request takes one of it.
    private struct Allowance: Sendable {
        var count: Double
        var at: ContinuousClock.Instant
    }
    private let limit: RateLimit
    private let now: @Sendable () -> ContinuousClock.Instant
    private let allowances = Mutex<[String: Allowance]>([:])

    init(_ limit: RateLimit, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        (self.limit, self.now) = (limit, now)
    }

    /// Counts a request of the key. Throws `tooManyRequests` for one too many, which counts nothing.
    public func take(_ keyID: String) throws {
        let time = now()
        let rate = Double(limit.requestsPerSecond)
        let wait = allowances.withLock { allowances -> Double in
            var allowance = allowances[keyID] ?? Allowance(count: Double(limit.burst), at: time)
            allowance.count = min(
                Double(limit.burst), allowance.count + (time - allowance.at) / .seconds(1) * rate)
            allowance.at = time
            guard allowance.count >= 1 else { return (1 - allowance.count) / rate }
            allowance.count -= 1
            allowances[keyID] = allowance
            if allowances.count > ServiceLimits.rateCountMax { forgetIdle(&allowances, time) }
            return 0
        }
        guard wait > 0 else { return }
        var refusal = Refusal(
            kind: .tooManyRequests, code: "rate_limited",
            message: "The key may ask \(limit.requestsPerSecond) times a second. Wait as long as Retry-After says.")
        refusal.retryAfterSeconds = Int(wait.rounded(.up))
        throw ServiceError.refused(refusal)
    }

    /// Keys whose allowance is whole again are as if they had never asked.
    private func forgetIdle(_ allowances: inout [String: Allowance], _ time: ContinuousClock.Instant) {
        let seconds = Double(limit.burst) / Double(limit.requestsPerSecond)
        allowances = allowances.filter { (time - $0.value.at) / .seconds(1) < seconds }
    }
}
