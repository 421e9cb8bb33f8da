import Testing
import TestServers

@testable import Dredge

@Suite struct CapacityTests {
    @Test func `who is alone has all of it`() async throws {
        let capacity = Capacity(100)
        let account = capacity.makeAccount()
        let first = try await account.take(60)
        let second = try await account.take(40)
        #expect(capacity.amountInUse == 100)
        withExtendedLifetime((first, second)) {}
    }

    @Test func `a place gives itself back`() async throws {
        let capacity = Capacity(10)
        let account = capacity.makeAccount()
        var place: Place? = try await account.take(10)
        let waiting = Task { try await account.take(10) }
        place = nil
        _ = place
        let next = try await waiting.value
        #expect(capacity.amountInUse == 10)
        withExtendedLifetime(next) {}
    }

    @Test func `two who want all get half each`() async throws {
        let capacity = Capacity(100)
        let (one, other) = (capacity.makeAccount(), capacity.makeAccount())
        var places: [Place] = []
        for _ in 0..<10 { places.append(try await one.take(10)) }
        // The other waits; what the first gives back goes to it until both have half.
        let waiting = Task {
            var places: [Place] = []
            for _ in 0..<5 { places.append(try await other.take(10)) }
            return places
        }
        let greedy = Task { try await one.take(10) }
        while other.waiterCount == 0 || one.waiterCount == 0 { await Task.yield() }
        places.removeFirst(5)
        let others = try await waiting.value
        #expect(other.amountInUse == 50 && one.amountInUse == 50)
        #expect(one.waiterCount == 1, "it holds its share, and waits for more")
        greedy.cancel()
        await #expect(throws: CancellationError.self) { _ = try await greedy.value }
        withExtendedLifetime((places, others)) {}
    }

    @Test func `a share is divided further among the accounts under it`() async throws {
        let capacity = Capacity(80)
        let (run, other) = (capacity.makeAccount(), capacity.makeAccount())
        let (one, two) = (run.makeAccount(), run.makeAccount())
        let held = [try await other.take(40), try await one.take(20), try await two.take(20)]
        let waiting = Task { try await one.take(1) }
        while one.waiterCount == 0 { await Task.yield() }
        #expect(run.amountInUse == 40)
        waiting.cancel()
        _ = try? await waiting.value
        withExtendedLifetime(held) {}
    }

    @Test func `who holds nothing may take more than its share, and is not starved by who takes little`() async throws {
        let capacity = Capacity(100)
        let small = (0..<9).map { _ in capacity.makeAccount() }
        let large = capacity.makeAccount()
        var places: [Place] = []
        for account in small { places.append(try await account.take(10)) }
        let waiting = Task { try await large.take(50) }
        while large.waiterCount == 0 { await Task.yield() }
        // Those who hold nothing now would take again what they give back.
        var greedy: [Task<Place, any Error>] = []
        for (account, _) in zip(small, 0..<4) {
            places.removeFirst()
            greedy.append(Task { try await account.take(10) })
        }
        let place = try await waiting.value
        #expect(large.amountInUse == 50)
        places = []
        for task in greedy { _ = try await task.value }
        withExtendedLifetime(place) {}
    }

    @Test func `who starves under one account keeps nobody under another from taking`() async throws {
        let capacity = Capacity(64)
        let (run, other) = (capacity.makeAccount(), capacity.makeAccount())
        let (stalled, hungry) = (run.makeAccount(), run.makeAccount())
        let held = [try await other.take(16), try await stalled.take(20)]
        let waiting = Task { try await hungry.take(20) }
        while hungry.waiterCount == 0 { await Task.yield() }
        // The run's account is full, the whole is not.
        let place = try await other.take(16)
        #expect(other.amountInUse == 32)
        waiting.cancel()
        _ = try? await waiting.value
        withExtendedLifetime((held, place)) {}
    }

    @Test func `an account holds no more than its limit, and a raised limit lets who waits go on`() async throws {
        let account = Capacity(10).makeAccount(limit: 1)
        let first = try await account.take()
        let waiting = Task { try await account.take() }
        while account.waiterCount == 0 { await Task.yield() }
        account.setLimit(2)
        let second = try await waiting.value
        #expect(account.amountInUse == 2)
        withExtendedLifetime((first, second)) {}
    }

    @Test func `what is taken and given back by many in any order adds up`() async throws {
        let seed: UInt64 = 20_261_127
        let capacity = Capacity(64)
        await withDiscardingTaskGroup { group in
            for index in 0..<16 {
                let account = capacity.makeAccount()
                for task in 0..<8 {
                    group.addTask {
                        var generator = SeededGenerator(seed: seed + UInt64(index * 8 + task))
                        for _ in 0..<50 {
                            let amount = generator.next(below: 30)
                            let wish = Task { try await account.take(amount) }
                            if generator.next(below: 4) == 0 { wish.cancel() }
                            let place = try? await wish.value
                            #expect(capacity.amountInUse <= 64, "seed \(seed)")
                            for _ in 0..<generator.next(below: 4) { await Task.yield() }
                            withExtendedLifetime(place) {}
                        }
                    }
                }
            }
        }
        #expect(capacity.amountInUse == 0)
    }
}
