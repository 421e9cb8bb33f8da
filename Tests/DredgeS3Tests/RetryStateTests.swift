import DredgeTransfer
import Testing

@testable import DredgeS3

@Suite struct RetryStateTests {
    private func state(_ change: (inout RetryPolicy) -> Void = { _ in }) -> RetryState {
        var policy = RetryPolicy()
        change(&policy)
        return RetryState(policy: policy, limits: .init())
    }

    @Test func `waits are drawn from a range that doubles up to its limit`() {
        var highest = state { $0.attemptCountMax = 10 }
        var lowest = state { $0.attemptCountMax = 10 }
        let expected = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800].map { Duration.milliseconds($0) }
        for ceiling in expected {
            #expect(highest.decide(.wait, jitter: 1) == .retry(after: ceiling))
            #expect(lowest.decide(.wait, jitter: 0) == .retry(after: .zero))
        }
        #expect(highest.decide(.wait, jitter: 1) == .giveUp)
        #expect(highest.attemptCount == 10)
    }

    @Test func `after throttling the range begins twenty times as high`() {
        var state = state()
        #expect(state.decide(.slowDown, jitter: 1) == .retry(after: .seconds(1)))
        #expect(state.decide(.slowDown, jitter: 1) == .retry(after: .seconds(2)))
        #expect(state.decide(.slowDown, jitter: 1) == .giveUp, "three attempts, where nobody says another number")
    }

    @Test func `no wait is longer than the policy allows`() {
        var state = state {
            $0.attemptCountMax = 100
            $0.delayMax = .seconds(3)
        }
        for _ in 0..<99 {
            guard case .retry(let delay) = state.decide(.slowDown, jitter: 1) else {
                Issue.record("gave up early")
                return
            }
            #expect(delay <= .seconds(3))
        }
        #expect(state.decide(.slowDown, jitter: 1) == .giveUp)
    }

    @Test func `the service's own waiting time is a lower bound, up to five seconds more than was drawn`() {
        var state = state()
        #expect(state.decide(.slowDown, retryAfter: .seconds(3), jitter: 0.5) == .retry(after: .seconds(3)))
        #expect(state.decide(.slowDown, retryAfter: .seconds(86_400), jitter: 0.5) == .retry(after: .seconds(6)))
    }

    @Test func `what time can't heal is not tried again`() {
        var state = state()
        #expect(state.decide(.none, jitter: 0.5) == .giveUp)
        #expect(state.attemptCount == 1)
    }

    @Test func `credentials are refreshed once, and the region is changed once`() {
        var state = state { $0.attemptCountMax = 2 }
        #expect(state.decide(.refreshCredentials, jitter: 0) == .refreshCredentials)
        #expect(state.decide(.changeRegion("eu-west-1"), jitter: 0) == .changeRegion("eu-west-1"))
        // Neither counts as a failure of the service.
        #expect(state.decide(.wait, jitter: 0) == .retry(after: .zero))
        #expect(state.decide(.refreshCredentials, jitter: 0) == .giveUp)
        #expect(state.decide(.changeRegion("eu-west-2"), jitter: 0) == .giveUp)
    }

    @Test func `progress starts the count anew, but not forever`() {
        var state = state { $0.attemptCountMax = 3 }
        var count = 0
        while case .retry = state.decide(.wait, progressed: true, jitter: 0) { count += 1 }
        #expect(count == 3 * S3Limits().progressAttemptFactor - 1)
    }

    @Test func `a certificate is looked at twice`() {
        var state = state { $0.attemptCountMax = 10 }
        #expect(state.decide(.verifyAgain, jitter: 0) == .retry(after: .zero))
        #expect(state.decide(.verifyAgain, jitter: 0) == .giveUp)
        let failure = AttemptFailure.transfer(TransferError(code: .certificate, message: "", authority: ""))
        #expect(failure.remedy == .verifyAgain)
        let alert = AttemptFailure.transfer(TransferError(code: .tls, message: "", authority: ""))
        #expect(alert.remedy == .reconnect)
    }

    @Test func `an endpoint that never answered is given up early`() {
        var unknown = state()
        #expect(unknown.decide(.reconnect, endpointHasAnswered: false, jitter: 0) == .retry(after: .zero))
        #expect(unknown.decide(.reconnect, endpointHasAnswered: false, jitter: 0) == .retry(after: .zero))
        #expect(unknown.decide(.reconnect, endpointHasAnswered: false, jitter: 0) == .giveUp)
        var known = state { $0.attemptCountMax = 10 }
        for _ in 0..<9 { #expect(known.decide(.reconnect, jitter: 0) == .retry(after: .zero)) }
        #expect(known.decide(.reconnect, jitter: 0) == .giveUp)
    }

    @Test(arguments: [0, 14, 30, 500, Int.max])
    func `a quota never has more tokens than at first, nor fewer than none`(tokenCount: Int) {
        let quota = RetryQuota(tokenCount: tokenCount)
        for _ in 0..<3 { quota.succeeded(after: .failed) }
        var paidCount = 0
        while paidCount < 100, quota.pay(.failed) { paidCount += 1 }
        #expect(paidCount == min(100, tokenCount / 14))
        guard quota.pay(.throttled) else { return }
        for price in [nil, RetryQuota.Price.failed, .throttled] { quota.succeeded(after: price) }
    }
}
