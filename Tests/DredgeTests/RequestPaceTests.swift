import Testing

@testable import Dredge

@Suite struct RequestPaceTests {
    /// Answers as a service would that takes `latency` for each and gives at most `rateMax` in a second, for `seconds`.
    static func drive(
        _ pace: inout RequestPace, from start: ContinuousClock.Instant, seconds: Double, latency: Double,
        rateMax: Double
    ) -> ContinuousClock.Instant {
        var time = 0.0
        while time < seconds {
            time += 1 / min(Double(pace.limit) / latency, rateMax)
            pace.answered(byteCount: 16 << 10, isFull: true, now: start + .seconds(time))
        }
        return start + .seconds(time)
    }

    @Test func `requests that take long are made up for by their number`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        _ = Self.drive(&pace, from: start, seconds: 3, latency: 0.1, rateMax: 20_000)
        #expect(pace.limit == 1024)
    }

    @Test func `a trial in a busy moment is made again soon`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        let busy = Self.drive(&pace, from: start, seconds: 0.9, latency: 0.1, rateMax: 1_000)
        #expect(pace.limit == 128)
        _ = Self.drive(&pace, from: busy, seconds: 4, latency: 0.1, rateMax: 20_000)
        #expect(pace.limit == 1024)
    }

    @Test func `more requests than bring anything are given up again`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        var now = Self.drive(&pace, from: start, seconds: 60, latency: 0.001, rateMax: 5_000)
        var busy = 0
        for _ in 0..<3000 {
            now = Self.drive(&pace, from: now, seconds: 0.1, latency: 0.001, rateMax: 5_000)
            #expect(pace.limit <= 256)
            if pace.limit > 128 { busy += 1 }
        }
        #expect(busy < 100, "trials are rare")
    }

    @Test func `nothing changes while nobody waits`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        for index in 0..<100_000 { pace.answered(byteCount: 1, isFull: false, now: start + .milliseconds(index)) }
        #expect(pace.limit == 128)
    }

    @Test func `throttling halves once a second, down to the least`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        for _ in 0..<100 { pace.throttled(now: start) }
        #expect(pace.limit == 64)
        for second in 1...20 { pace.throttled(now: start + .seconds(second)) }
        #expect(pace.limit == 4)
    }

    @Test func `after throttling it rises by one for each round of answers`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        pace.throttled(now: start)
        for _ in 0..<64 + 65 + 66 { pace.answered(byteCount: 1, isFull: true, now: start + .milliseconds(10)) }
        #expect(pace.limit == 67)
    }

    @Test func `failures of the service take an eighth`() {
        let start = ContinuousClock.now
        var pace = RequestPace(limit: 128, limits: 4...1024, now: start)
        pace.failed(now: start)
        pace.failed(now: start)
        #expect(pace.limit == 112)
        pace.failed(now: start + .seconds(2))
        #expect(pace.limit == 98)
    }
}
