import DredgeBase
import DredgeText
import TestServers
import Testing

@testable import Dredge

@Suite struct MemoryPlanTests {
    private func plan(_ mebibyteCount: Int, workers: Int = 0, requests: Int = 1024, cores: Int = 2) -> MemoryPlan {
        var limits = Limits()
        limits.memoryByteCount = mebibyteCount << 20
        limits.workerCount = workers
        limits.requestCount = requests
        return MemoryPlan(limits, coreCount: cores)
    }

    @Test func `the parts are no more than the whole, whatever is asked for`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            var limits = Limits()
            limits.partByteCount = (64 << 10) << generator.next(below: 12)
            limits.workerCount = generator.next(below: 257)
            limits.requestCount = 1 + generator.next(below: 1024)
            let chunking = ChunkingSettings.lines(maxTokens: 16 << generator.next(below: 17))
            limits.memoryByteCount = limits.memoryByteCountMin(chunking) + (generator.next(below: 4_096) << 20)
            let plan = MemoryPlan(limits, coreCount: 1 + generator.next(below: 128))
            #expect(plan.holds(limits, chunking), "seed \(seed)")
            let received = plan.fetchedByteCount / 8
            let whole =
                plan.workerCount * MemoryPlan.workerByteCount + plan.requestCount * MemoryPlan.requestByteCount
                + plan.storeByteCount + plan.carriedByteCount + plan.fetchedByteCount + received
            #expect(whole <= limits.memoryByteCount, "seed \(seed): \(limits)")
            #expect((1...limits.requestCount).contains(plan.requestCount) && plan.workerCount >= 1, "seed \(seed)")
        }
    }

    @Test func `a large budget gives what is asked for, a small one less`() {
        #expect(plan(1024).workerCount == 2 && plan(1024).requestCount == 1024)
        #expect(plan(4096, workers: 64).workerCount == 64)
        #expect(plan(64, workers: 64).workerCount < 3 && plan(64, requests: 1024).requestCount < 80)
        #expect(plan(1024, cores: 8).workerCount == 8)
    }

    @Test func `the least memory is enough, and less is not`() {
        for maxTokens in [16, 512, 8_192, 1 << 20] {
            let chunking = ChunkingSettings.lines(maxTokens: maxTokens)
            var limits = Limits()
            limits.memoryByteCount = limits.memoryByteCountMin(chunking)
            for cores in [1, 2, 64, 256] { #expect(MemoryPlan(limits, coreCount: cores).holds(limits, chunking)) }
            limits.memoryByteCount -= 1 << 20
            #expect(!MemoryPlan(limits, coreCount: 256).holds(limits, chunking))
        }
        #expect(Limits().memoryByteCountMin(IndexSettings().chunking) <= 64 << 20)
    }

    @Test func `what is read of the queues has a bound, however many sources are fed`() {
        let fed = FedSources()
        #expect(fed.pendingPageCount == 1024)
        for count in 1...500 {
            fed.add(1)
            #expect(fed.pendingPageCount * count <= Limits.pendingCount)
        }
        fed.add(10_000)
        #expect(fed.pendingPageCount == Limits.pendingPageCountMin)
        fed.remove(10_500)
        #expect(fed.pendingPageCount == 1024)
        #expect(MemoryPlan.listedByteCount <= Limits.constantByteCount / 2)
    }

    @Test func `a container's limit bounds the memory where nobody says another`() throws {
        var group = try #require(Optional(ControlGroup.current))
        group.memoryByteCount = nil
        #expect(Limits.memoryByteCountUsual(in: group) == 1 << 30)
        group.memoryByteCount = 512 << 20
        #expect(Limits.memoryByteCountUsual(in: group) == 336 << 20)
        group.memoryByteCount = 64 << 30
        #expect(Limits.memoryByteCountUsual(in: group) == 1 << 30)
    }
}
