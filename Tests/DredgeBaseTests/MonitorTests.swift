import DredgeBase
import TestServers
import Testing

@Suite struct MonitorTests {
    struct Count {
        var value = 0
        /// Who went on, in order.
        var ends: [Int] = []
    }

    /// Takes a permit out of a count.
    static let takePermit: @Sendable (inout Int) -> Bool? = {
        guard $0 > 0 else { return nil }
        $0 -= 1
        return true
    }

    @Test func `goes on at once when the state allows it`() async throws {
        let monitor = Monitor(1)
        #expect(try await monitor.wait(Self.takePermit))
        #expect(monitor.read { $0 } == 0)
        #expect(monitor.attempt(Self.takePermit) == nil)
        monitor.update { $0 += 1 }
        #expect(monitor.attempt(Self.takePermit) == true)
    }

    @Test func `serves in the order of arrival and lets nobody overtake`() async throws {
        let monitor = Monitor(Count())
        try await withThrowingTaskGroup { group in
            // The first wants more than the others, and they wait for it.
            for (index, wanted) in [5, 1, 2, 1].enumerated() {
                group.addTask {
                    _ = try await monitor.wait { state in
                        guard state.value >= wanted else { return Bool?.none }
                        state.value -= wanted
                        state.ends.append(index)
                        return true
                    }
                }
                await waiters(index + 1, of: monitor)
            }
            monitor.update { $0.value = 4 }
            #expect(monitor.waiterCount == 4)
            #expect(monitor.attempt { $0.value } == nil, "someone who does not wait must not overtake either")
            monitor.update { $0.value += 1 }
            #expect(monitor.waiterCount == 3)
            monitor.update { $0.value += 3 }
            #expect(monitor.waiterCount == 1)
            monitor.update { $0.value += 1 }
            try await group.waitForAll()
        }
        #expect(monitor.read { $0.ends } == [0, 1, 2, 3])
        #expect(monitor.read { $0.value } == 0)
    }

    @Test func `a task that was cancelled before it waits takes nothing`() async {
        let monitor = Monitor(1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await monitor.wait(Self.takePermit)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(monitor.read { $0 } == 1)
        #expect(monitor.waiterCount == 0)
    }

    @Test func `a cancelled waiter leaves and lets those behind it go on`() async throws {
        let monitor = Monitor(1)
        let large = Task {
            try await monitor.wait { count in count >= 5 ? true : nil }
        }
        await waiters(1, of: monitor)
        let small = Task { try await monitor.wait(Self.takePermit) }
        await waiters(2, of: monitor)
        large.cancel()
        await #expect(throws: CancellationError.self) { try await large.value }
        #expect(try await small.value)
        #expect(monitor.read { $0 } == 0)
    }

    @Test func `a cancellation after the grant takes nothing away`() async throws {
        let monitor = Monitor(0)
        let task = Task { try await monitor.wait(Self.takePermit) }
        await waiters(1, of: monitor)
        monitor.update { $0 += 1 }
        task.cancel()
        #expect(try await task.value)
        #expect(monitor.read { $0 } == 0)
    }

    @Test func `an update that throws still lets waiters go on`() async throws {
        struct Failure: Error {}
        let monitor = Monitor(0)
        let task = Task { try await monitor.wait(Self.takePermit) }
        await waiters(1, of: monitor)
        #expect(throws: Failure.self) {
            try monitor.update { count throws(Failure) in
                count += 1
                throw Failure()
            }
        }
        #expect(try await task.value)
    }

    @Test func `without an order everybody is tried, also after what another took`() async throws {
        let monitor = Monitor(Count(), order: .any)
        try await withThrowingTaskGroup { group in
            // Each waits for a count that the next but one brings about.
            for wanted in [3, 2, 1] {
                group.addTask {
                    _ = try await monitor.wait { state in
                        guard state.value == wanted else { return Bool?.none }
                        state.value += 1
                        state.ends.append(wanted)
                        return true
                    }
                }
            }
            await waiters(3, of: monitor)
            monitor.update { $0.value = 1 }
            try await group.waitForAll()
        }
        #expect(monitor.read { $0.ends } == [1, 2, 3])
        #expect(monitor.read { $0.value } == 4)
    }

    @Test func `wakes all who wait for a change`() async throws {
        let monitor = Monitor(false, order: .any)
        try await withThrowingTaskGroup { group in
            for _ in 0..<100 {
                group.addTask { try await monitor.wait { $0 ? true : nil } }
            }
            await waiters(100, of: monitor)
            monitor.update { $0 = true }
            var count = 0
            for try await _ in group { count += 1 }
            #expect(count == 100)
        }
    }

    @Test(arguments: [Monitor<Int>.Order.firstCome, .any])
    func `ten thousand wait, every other is cancelled, the rest gets one permit each`(
        _ order: Monitor<Int>.Order
    ) async throws {
        let monitor = Monitor(0, order: order)
        let tasks = (0..<10_000).map { _ in Task { try await monitor.wait(Self.takePermit) } }
        await waiters(10_000, of: monitor)
        for index in stride(from: 0, to: tasks.count, by: 2) { tasks[index].cancel() }
        await waiters(5000, of: monitor)
        monitor.update { $0 += 5000 }
        #expect(monitor.waiterCount == 0)
        for (index, task) in tasks.enumerated() {
            if index.isMultiple(of: 2) {
                await #expect(throws: CancellationError.self) { try await task.value }
            } else {
                #expect(try await task.value)
            }
        }
        #expect(monitor.read { $0 } == 0)
    }

    /// Whatever the interleaving: no permit is lost, and none is made up.
    @Test(arguments: 0..<20, [Monitor<Int>.Order.firstCome, .any])
    func `no permit is lost when grants race with cancellations`(seed: Int, order: Monitor<Int>.Order) async {
        var generator = SeededGenerator(seed: UInt64(seed))
        let plan = (0..<400).map { _ in
            (isCancelled: Bool.random(using: &generator), yields: Int.random(in: 0..<4, using: &generator))
        }
        let permitCount = Int.random(in: 1...4, using: &generator)
        let monitor = Monitor(permitCount, order: order)
        let grants = await withTaskGroup { group in
            for step in plan {
                group.addTask {
                    let task = Task {
                        do {
                            _ = try await monitor.wait(Self.takePermit)
                        } catch {
                            return 0
                        }
                        for _ in 0..<step.yields { await Task.yield() }
                        monitor.update { $0 += 1 }
                        return 1
                    }
                    for _ in 0..<step.yields { await Task.yield() }
                    if step.isCancelled { task.cancel() }
                    return await task.value
                }
            }
            return await group.reduce(0, +)
        }
        #expect(monitor.waiterCount == 0, "seed \(seed)")
        #expect(monitor.read { $0 } == permitCount, "seed \(seed)")
        #expect(grants >= plan.count { !$0.isCancelled }, "seed \(seed)")
    }

    /// Returns when so many tasks wait: those that were started get there, whenever the scheduler lets them.
    private func waiters(_ count: Int, of monitor: Monitor<some Sendable>) async {
        while monitor.waiterCount != count { await Task.yield() }
    }
}
