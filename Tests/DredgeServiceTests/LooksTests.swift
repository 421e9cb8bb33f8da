import Synchronization
import Testing

@testable import DredgeService

@Suite final class `Looks that are shared`: Sendable {
    private let count = Atomic(0)
    private func look() -> Int { count.add(1, ordering: .relaxed).newValue }

    @Test func `those who ask within the age get the same answer`() async throws {
        let looks = Looks<String, Int>(age: .seconds(3_600), countMax: 8)
        for _ in 0..<5 { #expect(try await looks.value(of: "a") { self.look() } == 1) }
        #expect(try await looks.value(of: "b") { self.look() } == 2)
    }

    @Test func `an answer that is too old is not given`() async throws {
        let looks = Looks<String, Int>(age: .zero, countMax: 8)
        #expect(try await looks.value(of: "a") { self.look() } == 1)
        #expect(try await looks.value(of: "a") { self.look() } == 2)
    }

    @Test func `no answer is older than the last change`() async throws {
        let looks = Looks<String, Int>(age: .seconds(3_600), countMax: 8)
        #expect(try await looks.value(of: "a", change: 1) { self.look() } == 1)
        #expect(try await looks.value(of: "a", change: 2) { self.look() } == 2)
        #expect(try await looks.value(of: "a", change: 2) { self.look() } == 2)
    }

    @Test func `a look in flight serves all who wait for it`() async throws {
        let looks = Looks<String, Int>(age: .seconds(3_600), countMax: 8)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await looks.value(of: "a") {
                        await gate.first { _ in true }
                        return self.look()
                    }
                }
            }
            open.yield()
            open.finish()
            for try await found in group { #expect(found == 1) }
        }
    }

    @Test func `a failure is not kept`() async throws {
        struct Fault: Error {}
        let looks = Looks<String, Int>(age: .seconds(3_600), countMax: 8)
        await #expect(throws: Fault.self) { try await looks.value(of: "a") { throw Fault() } }
        #expect(try await looks.value(of: "a") { self.look() } == 1)
    }

    @Test func `while the next look is in flight, the last answer serves`() async throws {
        let time = Mutex(ContinuousClock.now)
        let looks = Looks<String, Int>(age: .seconds(2), countMax: 8) { time.withLock { $0 } }
        #expect(try await looks.value(of: "a") { self.look() } == 1)
        time.withLock { $0 += .seconds(3) }
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<5 {
            let found = try await looks.value(of: "a") {
                await gate.first { _ in true }
                return self.look()
            }
            #expect(found == 1)
        }
        open.finish()
        while try await looks.value(of: "a", { self.look() }) == 1 { await Task.yield() }
        #expect(count.load(ordering: .relaxed) == 2)
    }

    @Test func `an answer from before a change does not serve while the next look is in flight`() async throws {
        let looks = Looks<String, Int>(age: .zero, countMax: 8)
        #expect(try await looks.value(of: "a", change: 1) { self.look() } == 1)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        async let second = looks.value(of: "a", change: 2) {
            await gate.first { _ in true }
            return self.look()
        }
        async let third = looks.value(of: "a", change: 2) { self.look() }
        open.finish()
        #expect(try await second > 1)
        #expect(try await third > 1)
    }

    @Test func `no more answers are kept than allowed`() async throws {
        let looks = Looks<Int, Int>(age: .seconds(3_600), countMax: 2)
        for key in 0..<3 { _ = try await looks.value(of: key) { self.look() } }
        #expect(try await looks.value(of: 1) { self.look() } == 2)
        #expect(try await looks.value(of: 2) { self.look() } == 4)
    }
}
