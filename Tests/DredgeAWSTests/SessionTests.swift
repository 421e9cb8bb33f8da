import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// A clock that tests move.
final class ManualClock: Sendable {
    private let state = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    var now: Date { state.withLock { $0 } }
    func advance(_ seconds: Double) { state.withLock { $0 += seconds } }
    /// Slept-for durations, in seconds; sleeping takes no time but moves the clock.
    let sleeps = Mutex<[Double]>([])

    func source(random: @escaping @Sendable (ClosedRange<Double>) -> Double = { $0.upperBound }) -> TimeSource {
        TimeSource(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
                self.sleeps.withLock { $0.append(seconds) }
                self.advance(seconds)
            }, random: random)
    }
}

/// Gives sessions of a life, or errors, when the test says so.
final class SessionMint: Sendable {
    private struct State {
        var count = 0
        var inFlight = 0
        var inFlightPeak = 0
        var held: [CheckedContinuation<Void, Never>] = []
        var holds = false
        var failure: AWSError?
        var recoveryCount = Int.max
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())
    let clock: ManualClock
    let life: Double

    init(clock: ManualClock, life: Double = 3600) {
        self.clock = clock
        self.life = life
    }

    static let failure = AWSError(code: .throttled, step: "mint", message: "no", advice: "wait")

    /// How many times it was asked.
    var count: Int { state.withLock { $0.count } }
    var inFlightPeak: Int { state.withLock { $0.inFlightPeak } }

    /// Whether calls wait for `release`.
    func hold() { state.withLock { $0.holds = true } }
    func release() {
        let held = state.withLock { state in
            state.holds = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }
    func fail(with failure: AWSError?) { state.withLock { $0.failure = failure } }
    /// From that call on there is no failure.
    func recover(atCount count: Int) { state.withLock { $0.recoveryCount = count } }

    /// Returns when it was asked so often.
    func waitUntilAsked(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count < count { state.watchers.append((count, continuation)) }
                return state.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    func mint() async throws(AWSError) -> Credentials {
        let watchers = state.withLock { state in
            state.count += 1
            state.inFlight += 1
            state.inFlightPeak = max(state.inFlightPeak, state.inFlight)
            let count = state.count
            defer { state.watchers.removeAll { $0.count <= count } }
            return state.watchers.filter { $0.count <= count }.map(\.continuation)
        }
        for watcher in watchers { watcher.resume() }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.holds { state.held.append(continuation) }
                return !state.holds
            }
            if goesOn { continuation.resume() }
        }
        let (failure, number) = state.withLock { state in
            state.inFlight -= 1
            return (state.count < state.recoveryCount ? state.failure : nil, state.count)
        }
        if let failure { throw failure }
        return Credentials(
            accessKeyID: "ASIA\(number)", secretAccessKey: "secret", sessionToken: "token",
            expiration: clock.now.addingTimeInterval(life))
    }

    func session() -> Session {
        Session(clock: ServiceClock(clock.source())) { () async throws(AWSError) in try await self.mint() }
    }
}

/// I9: no request is signed with a session inside its mandatory window; one refresh in flight, everyone shares it.
@Suite struct SessionTests {
    private let clock = ManualClock()
    private let mint: SessionMint
    private let session: Session

    init() {
        mint = SessionMint(clock: clock)
        session = mint.session()
    }

    private func id() async throws -> String? { try await session.credentials()?.accessKeyID }

    /// Waits for a refresh in the background to have its effect: until then callers get the old ones without waiting.
    private func idOtherThan(_ old: String) async throws -> String? {
        while true {
            let id = try await id()
            if id != old { return id }
            await Task.yield()
        }
    }

    @Test func `windows are those of botocore, and shrink with the session`() {
        #expect(Session.Windows(life: 43_200) == .init(life: 3600))
        #expect(Session.Windows(life: 3600).advisory == 900)
        #expect(Session.Windows(life: 3600).mandatory == 600)
        #expect(Session.Windows(life: 900).advisory == 225)
        #expect(Session.Windows(life: 900).mandatory == 150)
        for life in stride(from: 0.0, through: 50_000, by: 50) {
            let windows = Session.Windows(life: life)
            #expect(windows.mandatory <= windows.advisory && windows.advisory <= life / 4)
        }
    }

    @Test func `fresh ones are reused until the advisory window`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(2699)
        #expect(try await id() == "ASIA1")
        #expect(mint.count == 1)
    }

    @Test func `in the advisory window callers go on with the old ones while one refresh runs`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(2701)
        mint.hold()
        for _ in 0..<100 { #expect(try await id() == "ASIA1") }
        await mint.waitUntilAsked(2)
        for _ in 0..<100 { #expect(try await id() == "ASIA1") }
        #expect(mint.count == 2)
        mint.release()
        #expect(try await idOtherThan("ASIA1") == "ASIA2")
        #expect(mint.count == 2)
    }

    @Test func `in the mandatory window nobody gets the old ones`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(3001)
        #expect(try await id() == "ASIA2")
        clock.advance(10_000)
        #expect(try await id() == "ASIA3")
    }

    @Test func `a hundred callers share one refresh`() async throws {
        mint.hold()
        async let ids = withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<100 { group.addTask { try await self.id() } }
            var ids: [String?] = []
            for try await id in group { ids.append(id) }
            return ids
        }
        await mint.waitUntilAsked(1)
        mint.release()
        #expect(try await ids == Array(repeating: "ASIA1", count: 100))
        #expect(mint.count == 1)
        #expect(mint.inFlightPeak == 1)
    }

    @Test func `a refresh that failed is told to all who wait, and tried again by the next`() async throws {
        mint.fail(with: SessionMint.failure)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask { await #expect(throws: SessionMint.failure) { try await self.id() } }
            }
        }
        let asked = mint.count
        mint.fail(with: nil)
        #expect(try await id() != nil)
        #expect(mint.count == asked + 1)
    }

    @Test func `a refresh that failed in the background is tried again later, not at once`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(2701)
        mint.fail(with: SessionMint.failure)
        #expect(try await id() == "ASIA1")
        await mint.waitUntilAsked(2)
        // Let the failure be noted: until then a refresh is in flight, and from then on it is too early for another
        // one.
        for _ in 0..<1000 {
            #expect(try await id() == "ASIA1")
            await Task.yield()
        }
        #expect(mint.count == 2)
        mint.fail(with: nil)
        clock.advance(61)
        #expect(try await idOtherThan("ASIA1") == "ASIA3")
    }

    @Test func `a failure in the background is tried again after twice as long each time, up to a minute`() async throws
    {
        #expect(try await id() == "ASIA1")
        clock.advance(2701)
        mint.fail(with: SessionMint.failure)
        // The dice of the test always give the upper bound.
        for (number, delay) in [(2, 7.5), (3, 15), (4, 30), (5, 60), (6, 60)] {
            #expect(try await id() == "ASIA1")
            await mint.waitUntilAsked(number)
            await session.refresh?.value
            clock.advance(delay - 0.1)
            #expect(try await id() == "ASIA1")
            #expect(mint.count == number)
            clock.advance(0.2)
        }
    }

    /// I9: nobody signs with a session in its mandatory window, and a failure that may pass is no reason to end while
    /// it lasts.
    @Test func `who waits in the mandatory window waits through failures, and gets the new ones`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(3001)
        mint.fail(with: SessionMint.failure)
        mint.recover(atCount: 5)
        #expect(try await id() == "ASIA5")
        #expect(clock.sleeps.withLock { $0 } == [7.5, 15, 30])
    }

    @Test func `who waits is told a failure that lasts once the old ones are over`() async throws {
        #expect(try await id() == "ASIA1")
        let end = clock.now.addingTimeInterval(3600)
        clock.advance(3001)
        mint.fail(with: SessionMint.failure)
        await #expect(throws: SessionMint.failure) { try await self.id() }
        #expect(clock.now >= end)
        #expect(clock.now < end.addingTimeInterval(1))
        // From then on everybody is told the next failure.
        let asked = mint.count
        await #expect(throws: SessionMint.failure) { try await self.id() }
        #expect(mint.count == asked + 1)
    }

    @Test func `a service that is down is left alone for longer each time, and asked when it is well`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(3601)
        mint.fail(with: SessionMint.failure)
        for _ in 0..<6 { await #expect(throws: SessionMint.failure) { try await self.id() } }
        // The dice of the test always give the upper bound.
        #expect(clock.sleeps.withLock { $0 } == [0.625, 1.25, 2.5, 5, 5])
        #expect(mint.count == 7)
        clock.advance(600)
        mint.fail(with: nil)
        #expect(try await id() == "ASIA8")
        #expect(clock.sleeps.withLock { $0 }.count == 5)
    }

    @Test func `a refusal is told at once to who waits: the role was revoked`() async throws {
        #expect(try await id() == "ASIA1")
        clock.advance(2701)
        let refusal = AWSError(code: .accessDenied, step: "mint", message: "no", advice: "ask")
        mint.fail(with: refusal)
        #expect(try await id() == "ASIA1")
        await mint.waitUntilAsked(2)
        clock.advance(300)
        await #expect(throws: refusal) { try await self.id() }
        #expect(clock.sleeps.withLock { $0 } == [])
    }

    @Test func `refused ones are replaced once, however many refuse them`() async throws {
        let old = try #require(await session.credentials())
        for _ in 0..<10 { await session.refused(old) }
        let new = try #require(await session.credentials())
        #expect(new.accessKeyID == "ASIA2")
        // Requests that were signed with the old ones come back late.
        for _ in 0..<10 { await session.refused(old) }
        #expect(try await id() == "ASIA2")
        #expect(mint.count == 2)
    }

    @Test func `a cancelled caller stops waiting, and the refresh goes on for the others`() async throws {
        mint.hold()
        let impatient = Task { try await self.id() }
        await mint.waitUntilAsked(1)
        impatient.cancel()
        let error = await #expect(throws: AWSError.self) { try await impatient.value }
        #expect(error?.code == .cancelled)
        async let patient = id()
        mint.release()
        #expect(try await patient == "ASIA1")
        #expect(mint.count == 1)
    }

    @Test func `a caller cancelled before it asks doesn't wait`() async throws {
        mint.hold()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await self.id()
        }
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        mint.release()
    }

    /// I8: session credentials are wiped when the run ends.
    @Test func `closing lets the credentials go and answers who waits`() async throws {
        weak var storage: CredentialStorage?
        do {
            let credentials = try #require(await session.credentials())
            storage = credentials.storage
            #expect(storage != nil)
        }
        clock.advance(3001)
        mint.hold()
        let waiting = Task { try await self.id() }
        await mint.waitUntilAsked(2)
        session.close()
        let error = await #expect(throws: AWSError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
        #expect(storage == nil)
        mint.release()
        let later = await #expect(throws: AWSError.self) { try await self.id() }
        #expect(later?.code == .cancelled)
    }

    /// The fast path is on the transfer thread, before every request.
    @Test func `fresh ones are given without suspending`() async throws {
        _ = try await session.credentials()
        // A task that never suspends runs to its end in the first job that its executor gets.
        let executor = CountingExecutor()
        try await Task(executorPreference: executor) {
            executor.jobCountAtStart.withLock { $0 = executor.jobCount }
            for _ in 0..<1000 { _ = try await self.session.credentials() }
            #expect(executor.jobCount == executor.jobCountAtStart.withLock { $0 })
        }.value
    }
}

/// Counts what it is given to run.
private final class CountingExecutor: TaskExecutor {
    private let count = Mutex(0)
    let jobCountAtStart = Mutex(0)
    var jobCount: Int { count.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        count.withLock { $0 += 1 }
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
