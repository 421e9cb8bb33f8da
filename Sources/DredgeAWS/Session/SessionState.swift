#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Session {
    typealias Waiter = CheckedContinuation<Result<Credentials, AWSError>, Never>

    /// When a session is refreshed.
    struct Windows: Sendable, Hashable {
        /// Seconds before the expiration from which it is refreshed in the background.
        let advisory: Double
        /// Seconds before the expiration from which nothing is signed with it.
        let mandatory: Double
        /// Seconds after which a failed refresh is tried again, at most: after a first failure an eighth of it, then
        /// twice as long each time.
        let retryDelay: Double

        /// 15 and 10 minutes, as botocore has them; for sessions under an hour a quarter and a sixth of their life.
        init(life: Double) {
            advisory = min(AWSLimits.advisoryWindowMax, life / 4)
            mandatory = min(AWSLimits.mandatoryWindowMax, life / 6)
            retryDelay = min(AWSLimits.advisoryRetryDelayMax, life / 20)
        }
    }

    /// The state machine: what to do is decided here, under the lock; doing it is the session's, outside of it.
    struct State {
        private struct Held {
            let credentials: Credentials
            let expiration: Date
            let advisoryStart: Date
            let mandatoryStart: Date
            let windows: Windows
            var isRefused = false
        }

        enum Decision {
            case use(Credentials)
            case useAndRefresh(Credentials)
            case wait
            case closed
        }

        enum Ending {
            case tell([Waiter])
            /// After so many seconds; those who wait go on waiting.
            case tryAgain(Double)
        }

        enum Joining {
            case waits
            case use(Credentials)
            case closed
            case cancelled
        }

        private var held: Held?
        /// A refresh in the background that failed is left alone until then.
        private var notBefore = Date.distantPast
        private var failureCountInRow = 0
        /// Whether the last failure may pass.
        private var mayPass = false
        private var waiters: [UInt64: Waiter] = [:]
        private var lastWaiterID: UInt64 = 0
        private(set) var isClosed = false
        var refresh: Task<Void, Never>?
        /// Of the credentials that are held; nil: none are, or they have none.
        var expiration: Date? { held?.credentials.expiration }

        func decide(now: Date) -> Decision {
            if isClosed { return .closed }
            guard let held, !held.isRefused, now < held.mandatoryStart else { return .wait }
            if now >= held.advisoryStart, refresh == nil, now >= notBefore { return .useAndRefresh(held.credentials) }
            return .use(held.credentials)
        }

        mutating func refuse(_ credentials: Credentials) {
            // Somebody else's refusal may have led to new ones already.
            if held?.credentials.isIdentical(to: credentials) == true { held?.isRefused = true }
        }

        mutating func makeWaiterID() -> UInt64 {
            lastWaiterID += 1
            return lastWaiterID
        }

        mutating func join(_ waiter: Waiter, id: UInt64, isCancelled: Bool, now: Date) -> Joining {
            if isCancelled { return .cancelled }
            switch decide(now: now) {
            case .use(let credentials), .useAndRefresh(let credentials): return .use(credentials)
            case .closed: return .closed
            case .wait:
                waiters[id] = waiter
                return .waits
            }
        }

        /// The waiter to tell that it was cancelled; nil: it hasn't joined yet, and will see there that it is
        /// cancelled, or it has its answer.
        mutating func leave(id: UInt64) -> Waiter? { waiters.removeValue(forKey: id) }

        /// - Parameter dice: between a half and one, so that many processes which fail together don't come back
        ///   together.
        mutating func finish(_ result: Result<Credentials, AWSError>, now: Date, dice: Double) -> Ending {
            switch result {
            case .success(let credentials) where !isClosed:
                held = Self.hold(credentials, now: now)
                notBefore = .distantPast
                failureCountInRow = 0
            case .success: break
            case .failure(let error):
                let delay = retryDelay(now: now) * dice
                failureCountInRow += 1
                mayPass = error.code.mayPass
                if let held, !held.isRefused, !isClosed, !waiters.isEmpty, error.code.mayPass, now < held.expiration {
                    return .tryAgain(min(delay, held.expiration.timeIntervalSince(now)))
                }
                notBefore = now.addingTimeInterval(delay)
            }
            refresh = nil
            defer { waiters = [:] }
            return .tell(Array(waiters.values))
        }

        /// Seconds for which the service is left alone before callers who wait have it asked again.
        func rest(now: Date) -> Double {
            mayPass ? min(max(notBefore.timeIntervalSince(now), 0), AWSLimits.refreshRestMax) : 0
        }

        private func retryDelay(now: Date) -> Double {
            var longest = AWSLimits.refreshRestMax
            if let held, now < held.expiration { longest = held.windows.retryDelay }
            return min(longest, longest / 8 * Double(1 << min(failureCountInRow, 3)))
        }

        mutating func close() -> (Task<Void, Never>?, [Waiter]) {
            isClosed = true
            held = nil
            defer { waiters = [:] }
            return (refresh, Array(waiters.values))
        }

        private static func hold(_ credentials: Credentials, now: Date) -> Held {
            guard let expiration = credentials.expiration else {
                return Held(
                    credentials: credentials, expiration: .distantFuture, advisoryStart: .distantFuture,
                    mandatoryStart: .distantFuture,
                    windows: Windows(life: 3600))
            }
            let windows = Windows(life: max(expiration.timeIntervalSince(now), 0))
            return Held(
                credentials: credentials, expiration: expiration,
                advisoryStart: expiration.addingTimeInterval(-windows.advisory),
                mandatoryStart: expiration.addingTimeInterval(-windows.mandatory), windows: windows)
        }
    }
}

extension AWSError.Code {
    /// Whether the same may succeed a little later, though nobody changes anything.
    package var mayPass: Bool {
        switch self {
        case .throttled, .unreachable, .serviceFailure, .malformedAnswer, .clockSkewed: true
        default: false
        }
    }
}
