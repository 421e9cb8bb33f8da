import DredgeAWS
import DredgeBase
import DredgeS3
import DredgeTransfer
import Foundation
import Synchronization
import SimulatedWorld
import Testing

@testable import Dredge

/// Whose fault a failure is, on a clock that takes no time.
@Suite struct SourceHealthTests {
    /// Answers probes as it is told, the last answer again and again.
    final class Witness: ObjectService {
        private let answers: Mutex<[S3Error?]>
        private let objectAnswers: Mutex<[S3Error?]>
        private let count = Mutex(0)
        var probeCount: Int { count.withLock { $0 } }

        /// - Parameter objects: answers to GETs of one byte, the last one again and again.
        init(_ answers: [S3Error?], objects: [S3Error?] = [nil]) {
            self.answers = Mutex(answers)
            objectAnswers = Mutex(objects)
        }

        func probe() async throws(S3Error) {
            count.withLock { $0 += 1 }
            let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            if let answer { throw answer }
        }

        func verify() async throws(RunError) {}
        func list(
            prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
        ) async throws(S3Error) -> ListPage { throw failure(.other) }
        func get(
            _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
        ) async throws(S3Error) -> ObjectHead {
            let answer = objectAnswers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            if let answer { throw answer }
            return ObjectHead(eTag: eTag, versionID: nil, contentEncoding: nil, size: 1)
        }
        func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
            throw failure(.other)
        }
        func close() {}
    }

    /// What was told of waits.
    final class Waits: Sendable {
        let all = Mutex<[SourceWait?]>([])
        var count: Int { all.withLock { $0.count } }
        var isOver: Bool { all.withLock { $0.last ?? nil } == nil }
    }

    static func failure(_ code: S3Error.Code, status: Int? = nil, key: String? = "k") -> S3Error {
        S3Error(
            code: code, bucket: "b", key: key.map { ObjectKey($0) }, status: status, message: "\(code)",
            advice: "None.")
    }

    static func make(
        _ witness: Witness, patience: Duration = .seconds(1800), hasAnswered: Bool = true, waits: Waits = Waits(),
        stored: String? = nil
    ) -> (SourceHealth, FakeWorld) {
        let world = FakeWorld(buckets: [:], seed: 1, faultPercentage: 0)
        let health = SourceHealth(
            witness, of: "one", in: world, patience: patience,
            onWait: { wait in waits.all.withLock { $0.append(wait) } }, storedKey: { stored.map { ObjectKey($0) } })
        if hasAnswered { health.listed() }
        return (health, world)
    }

    @Test(arguments: [
        S3Error.Code.noSuchBucket, .wrongRegion, .invalidCredentials, .signatureRefused, .expiredCredentials,
        .clockSkewed,
        .requesterPays,
        .credentials, .unreachable,
    ])
    func `what speaks of the source is the object's fault when the source answers`(code: S3Error.Code) async throws {
        let witness = Witness([nil])
        let verdict = try await Self.make(witness).0.judge(Self.failure(code))
        guard case .object = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(witness.probeCount == 1)
    }

    @Test(arguments: [S3Error.Code.noSuchBucket, .invalidCredentials, .accessDenied, .clockSkewed])
    func `the source is at fault when a second request fails as well`(code: S3Error.Code) async throws {
        let witness = Witness([Self.failure(code, status: 403, key: nil)])
        let verdict = try await Self.make(witness).0.judge(Self.failure(.invalidCredentials))
        guard case .source(let error, nil) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(error.code == code && witness.probeCount == 1)
    }

    @Test(arguments: [S3Error.Code.noSuchKey, .archived, .kms, .accessDenied, .preconditionFailed])
    func `what speaks of the object asks nobody`(code: S3Error.Code) async throws {
        let witness = Witness([Self.failure(.noSuchBucket)])
        let verdict = try await Self.make(witness).0.judge(Self.failure(code))
        guard case .object = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(witness.probeCount == 0)
    }

    @Test(arguments: [S3Error.Code.unreachable, .serviceFailure, .throttled, .shortBody, .malformedAnswer])
    func `an outage is waited out, and said`(code: S3Error.Code) async throws {
        let failure = Self.failure(code, key: nil)
        let witness = Witness(Array(repeating: failure, count: 20) + [nil])
        let waits = Waits()
        let (health, world) = Self.make(witness, waits: waits)
        let start = world.now()
        let verdict = try await health.judge(Self.failure(.unreachable))
        guard case .again = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(witness.probeCount == 21 && world.now() - start > .seconds(20))
        #expect(waits.count == 2 && waits.isOver)
    }

    @Test func `a wrong host name is told at once, and so is a certificate`() async throws {
        let witness = Witness([Self.failure(.unreachable, key: nil)])
        let (health, _) = Self.make(witness, hasAnswered: false)
        guard case .source(_, nil) = try await health.judge(Self.failure(.unreachable, key: nil)) else {
            Issue.record("waited")
            return
        }
        var certificate = Self.failure(.unreachable, key: nil)
        certificate.transferCode = .certificate
        let other = Witness([certificate])
        guard case .source(_, nil) = try await Self.make(other).0.judge(certificate) else {
            Issue.record("waited")
            return
        }
        #expect(witness.probeCount == 1 && other.probeCount == 1)
    }

    @Test func `what does not answer as S3 or STS from the start is told at once`() async throws {
        let page = Self.failure(.malformedAnswer, status: 404, key: nil)
        var role = Self.failure(.credentials, key: nil)
        role.cause = AWSError(
            code: .serviceFailure, step: "assume role", status: 404, message: "no session", advice: "None.")
        for failure in [page, role] {
            let witness = Witness([failure])
            guard case .source(_, nil) = try await Self.make(witness, hasAnswered: false).0.judge(failure) else {
                Issue.record("waited for \(failure)")
                continue
            }
            #expect(witness.probeCount == 1)
        }
    }

    @Test func `a service that answers 503 from the start is waited for`() async throws {
        let busy = Self.failure(.throttled, status: 503, key: nil)  // of the listing
        let (health, _) = Self.make(Witness([busy, busy, nil]), hasAnswered: false)
        guard case .again = try await health.judge(busy) else {
            Issue.record("not waited")
            return
        }
    }

    @Test func `patience ends`() async throws {
        let down = Self.failure(.unreachable, key: nil)
        let (health, world) = Self.make(Witness([down]), patience: .seconds(300))
        let start = world.now()
        guard case .source(_, let wait?) = try await health.judge(down) else {
            Issue.record("went on")
            return
        }
        #expect(wait.source == "one" && world.now() - start > .seconds(300) && world.now() - start < .seconds(330))
    }

    @Test func `many who meet one outage ask with one voice`() async throws {
        let down = Self.failure(.unreachable, key: nil)
        let witness = Witness([down, down, down, nil])
        let (health, _) = Self.make(witness)
        let againCount = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask { if case .again = try await health.judge(down) { true } else { false } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(witness.probeCount < 10 && againCount > 0)
    }

    @Test func `one who is cancelled leaves the question to the others`() async throws {
        let down = Self.failure(.unreachable, key: nil)
        let witness = Witness(Array(repeating: down, count: 50) + [nil])
        let (health, _) = Self.make(witness)
        let first = Task { try await health.judge(down) }
        let second = Task { try await health.judge(down) }
        while witness.probeCount == 0 { await Task.yield() }
        first.cancel()
        guard case .again = try await second.value else {
            Issue.record("not waited")
            return
        }
    }

    private static let busy = failure(.throttled, status: 503)

    /// Lets first visits fail until they are no longer taken for the objects' fault; returns how many were.
    private static func failFirstVisits(_ health: SourceHealth) async throws -> Int {
        var blamedCount = 0
        while blamedCount < 200, case .object = try await health.judge(busy) {
            health.visited(isRead: false)
            blamedCount += 1
        }
        return blamedCount
    }

    @Test func `when all objects fail and none was ever read, none is blamed until patience ends`() async throws {
        let waits = Waits()
        let (health, world) = Self.make(Witness([nil]), patience: .seconds(60), waits: waits)
        let start = world.now()
        #expect((10..<100).contains(try await Self.failFirstVisits(health)) && waits.count == 1)
        // Meanwhile reads begin only now and then.
        while case .again = try await health.judge(Self.busy) { try await health.admission() }
        #expect(world.now() - start > .seconds(60))
        // From then on each has its turn, and fails, if it does.
        guard case .object = try await health.judge(Self.busy) else {
            Issue.record("still waits")
            return
        }
        let end = world.now()
        try await health.admission()
        #expect(world.now() == end)
        // Some that are read end it.
        for _ in 0..<20 { health.visited(isRead: true) }
        #expect(waits.isOver)
    }

    @Test(arguments: [true, false])
    func `bad objects are told from an outage by one that could be read`(isOfThisRun: Bool) async throws {
        let waits = Waits()
        let (health, world) = Self.make(
            Witness([nil]), patience: .seconds(60), waits: waits, stored: isOfThisRun ? nil : "a")
        if isOfThisRun { health.read(ObjectKey("b")) }
        let start = world.now()
        #expect(try await Self.failFirstVisits(health) == 200)
        #expect(world.now() == start && waits.count == 0)
    }

    @Test func `an outage of all objects is waited for, and then the source is given up`() async throws {
        let waits = Waits()
        let witness = Witness([nil], objects: [Self.busy, Self.busy, Self.busy, nil])
        let (health, _) = Self.make(witness, patience: .seconds(60), waits: waits, stored: "a")
        #expect(try await Self.failFirstVisits(health) < 100)
        #expect(waits.count == 2 && waits.isOver)

        let (other, _) = Self.make(Witness([nil], objects: [Self.busy]), patience: .seconds(60), stored: "a")
        while case .object = try await other.judge(Self.busy) { other.visited(isRead: false) }
        guard case .source(_, _?) = try await other.judge(Self.busy) else {
            Issue.record("went on")
            return
        }
        // Nobody waits for a source that is given up.
        try await other.admission()
    }

    @Test func `a witness that is gone is none`() async throws {
        let witness = Witness([nil], objects: [Self.failure(.noSuchKey)])
        let (health, _) = Self.make(witness, patience: .seconds(60))
        health.read(ObjectKey("b"))
        #expect(try await Self.failFirstVisits(health) < 100)
        guard case .again = try await health.judge(Self.busy) else {
            Issue.record("blamed")
            return
        }
    }

    @Test func `no read begins during an outage`() async throws {
        let down = Self.failure(.unreachable, key: nil)
        let witness = Witness(Array(repeating: down, count: 30) + [nil])
        let (health, world) = Self.make(witness)
        let start = world.now()
        let judging = Task { try await health.judge(down) }
        while witness.probeCount < 2 { await Task.yield() }
        try await health.admission()
        #expect(witness.probeCount == 31 && world.now() - start > .seconds(20))
        guard case .again = try await judging.value else {
            Issue.record("not waited")
            return
        }
    }

    @Test func `a few bad objects among many are blamed at once`() async throws {
        let witness = Witness([Self.failure(.noSuchBucket)])
        let (health, _) = Self.make(witness)
        for index in 0..<1_000 {
            health.visited(isRead: index % 4 != 0)
            guard case .object = try await health.judge(Self.failure(.serviceFailure, status: 500)) else {
                Issue.record("object \(index)")
                return
            }
        }
        #expect(witness.probeCount == 0)
    }
}
