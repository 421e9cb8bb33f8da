import Testing

@testable import Dredge

/// What `RunTime` calls the bottleneck, from what the stages took.
@Suite struct RunTimeTests {
    /// Ten seconds in which nothing is busy.
    private static let idle = RunTimeParts(
        elapsed: 10, cpuSeconds: 4, coreCount: 2, transferSeconds: 1, workerSeconds: [1, 1], storeSeconds: 0.5,
        workedSeconds: 2, compressedSeconds: 0.5, blockedSeconds: 0, listingSeconds: 1,
        requests: .init(count: 1000, firstByteSeconds: 30, durationSeconds: 50), fetchedByteCount: 1 << 30)

    private func bottleneck(_ change: (inout RunTimeParts) -> Void) -> RunTime.Bottleneck {
        var parts = Self.idle
        change(&parts)
        return parts.time.bottleneck
    }

    @Test func `each stage that is busy is named, the last one first`() {
        #expect(bottleneck { _ in } == .network)
        #expect(bottleneck { $0.blockedSeconds = 8 } == .store)
        #expect(bottleneck { ($0.workedSeconds, $0.workerSeconds) = (19, [9, 9]) } == .counting)
        #expect(bottleneck { ($0.workedSeconds, $0.workerSeconds) = (19, [5, 5]) } == .processor)
        #expect(bottleneck { ($0.workedSeconds, $0.fetchedByteCount) = (19, 1000) } == .tooLittle)
        #expect(bottleneck { $0.transferSeconds = 9 } == .receiving)
        #expect(bottleneck { ($0.transferSeconds, $0.requests.count) = (9, 1_000_000) } == .requests)
        #expect(bottleneck { $0.cpuSeconds = 18 } == .processor)
        #expect(bottleneck { $0.requests.throttledCount = 100 } == .throttling)
        #expect(bottleneck { $0.requests.fullCount = 900 } == .requestLimit)
        #expect(bottleneck { $0.listingSeconds = 10 } == .listing)
        #expect(
            bottleneck {
                $0.blockedSeconds = 8
                $0.workedSeconds = 19
                $0.transferSeconds = 9
            } == .store)
    }

    @Test func `times are shared out`() {
        let time = Self.idle.time
        #expect(time.compressingShare == 0.25)
        #expect(time.workedShare == 0.1)
        #expect(time.otherSeconds == 0.5)
        #expect(time.requests.firstByteMilliseconds == 30)
        #expect(time.requests.meanInFlight == 5)
    }

    @Test func `a run in which nothing happened has times`() {
        let parts = RunTimeParts(
            elapsed: 0, cpuSeconds: 0, coreCount: 1, transferSeconds: 0, workerSeconds: [], storeSeconds: 0,
            workedSeconds: 0, compressedSeconds: 0, blockedSeconds: 0, listingSeconds: 0, requests: .init(),
            fetchedByteCount: 0)
        #expect(parts.time.requests.meanInFlight == 0)
        #expect(parts.time.workedShare == 0)
    }
}
