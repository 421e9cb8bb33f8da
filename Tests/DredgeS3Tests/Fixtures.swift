import DredgeAWS
import DredgeBase
import DredgeS3
import DredgeTransfer
import Foundation
import Synchronization
import TestServers

/// A number that tasks count up together.
final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func next() -> Int {
        state.withLock {
            $0 += 1
            return $0
        }
    }
}

/// What was warned of.
final class Warnings: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { state.withLock { $0 } }
    func append(_ warning: String) { state.withLock { $0.append(warning) } }
}

/// Waits that are written down instead of waited.
final class RecordedWaits: Sendable {
    private let waits = Mutex<[Duration]>([])
    private let onWait: @Sendable () -> Void
    init(onWait: @escaping @Sendable () -> Void = {}) { self.onWait = onWait }
    var all: [Duration] { waits.withLock { $0 } }
    /// Always the longest wait that the jitter may give.
    var clock: ServiceClock {
        ServiceClock(
            TimeSource(
                now: { Date() },
                sleep: { delay in
                    try Task.checkCancellation()
                    self.onWait()
                    self.waits.withLock { $0.append(delay) }
                }, random: { $0.upperBound }))
    }
}

/// Gives one pair of keys after the other, the next whenever the service refused one.
final class RotatingCredentials: CredentialSource {
    private let state: Mutex<(given: Int, refused: [String])>
    private let accessKeyIDs: [String]
    init(_ accessKeyIDs: [String]) {
        self.accessKeyIDs = accessKeyIDs
        state = Mutex((0, []))
    }
    var refused: [String] { state.withLock { $0.refused } }
    func credentials() async throws(AWSError) -> Credentials? {
        let index = state.withLock { min($0.given, accessKeyIDs.count - 1) }
        return Credentials(accessKeyID: accessKeyIDs[index], secretAccessKey: "secret")
    }
    func refused(_ credentials: Credentials) async {
        state.withLock {
            $0.given += 1
            $0.refused.append(credentials.accessKeyID)
        }
    }
}

/// Credentials that are over as soon as they are given: one pair of keys after the other, then the last again, or an
/// error.
final class OutlivedCredentials: CredentialSource {
    private let accessKeyIDs: [String]
    private let failsThen: Bool
    private let given = Counter()

    init(_ accessKeyIDs: [String], failsThen: Bool = false) {
        self.accessKeyIDs = accessKeyIDs
        self.failsThen = failsThen
    }

    func credentials() async throws(AWSError) -> Credentials? {
        let number = given.next()
        guard number <= accessKeyIDs.count || !failsThen else {
            throw AWSError(code: .noCredentials, step: "refresh", message: "there are no more", advice: "")
        }
        return Credentials(
            accessKeyID: accessKeyIDs[min(number, accessKeyIDs.count) - 1], secretAccessKey: "secret",
            expiration: .now.addingTimeInterval(-1))
    }

    func refused(_ credentials: Credentials) async {}
}

/// A gate for one attempt at a time that counts what it is told.
final class CountingGate: AttemptGate {
    final class Place: Admission {
        private let gate: CountingGate
        fileprivate init(_ gate: CountingGate) { self.gate = gate }
        deinit { gate.state.withLock { $0.isTaken = false } }
    }
    private struct State {
        var isTaken = false
        var entryCount = 0
        var outcomes: [AttemptOutcome] = []
        var waitCount = 0
        var isWaitedFor = false
    }
    private let state = Mutex(State())

    func enterIfFree() -> (any Admission)? {
        let isFree = state.withLock { state in
            if state.isTaken { return false }
            state.isTaken = true
            state.entryCount += 1
            return true
        }
        return isFree ? Place(self) : nil
    }

    func enter() async throws(CancellationError) -> any Admission {
        while true {
            if Task.isCancelled { throw CancellationError() }
            if let place = enterIfFree() { return place }
            state.withLock { $0.isWaitedFor = true }
            await Task.yield()
        }
    }

    func attemptEnded(_ outcome: AttemptOutcome) { state.withLock { $0.outcomes.append(outcome) } }

    /// A request waits for its next attempt.
    func waitBegins() {
        state.withLock { state in
            if state.isTaken { state.waitCount += 1 }
        }
    }

    /// Waits during which a place was held.
    var heldWaitCount: Int { state.withLock { $0.waitCount } }
    /// Whether anybody has had to wait for a place.
    var isWaitedFor: Bool { state.withLock { $0.isWaitedFor } }
    var isTaken: Bool { state.withLock { $0.isTaken } }
    var entryCount: Int { state.withLock { $0.entryCount } }
    var outcomes: [AttemptOutcome] { state.withLock { $0.outcomes } }
    var throttleCount: Int { outcomes.count { $0 == .throttled } }
}

/// A client of a scripted server, with what a test wants to look at.
struct ScriptedBucket {
    let server: ScriptedS3Server
    let loop: TransferLoop
    let client: S3Client
    let pool = BufferPool(byteLimit: 64 << 20)
    let waits: RecordedWaits
    let gate: CountingGate

    /// Runs `body` with a bucket whose server plays `scenario`, and ends everything.
    static func with<Value>(
        _ scenario: ScriptedS3Server.Scenario, credentials: (any CredentialSource)? = nil, retry: RetryPolicy = .init(),
        limits: S3Limits = .init(), region: String? = nil, bucket: String = "bucket", virtualHost: Bool = false,
        expectedBucketOwner: String? = nil, requestPayer: Bool = false, waitsForReal: Bool = false,
        transferLimits: TransferLimits = .init(), environment: [String: String] = [:],
        listRoom: (any ListRoom)? = nil, _ body: (ScriptedBucket) async throws -> Value
    ) async throws -> Value {
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let loop = try TransferLoop(limits: transferLimits)
        let gate = CountingGate()
        let waits = RecordedWaits(onWait: { gate.waitBegins() })
        let settings = S3ClientSettings(
            bucket: bucket, region: region,
            endpointURL: (virtualHost ? server.virtualHostEndpointURL : server.endpointURL)
                + (scenario.basePath ?? ""),
            pathStyle: virtualHost ? false : nil, expectedBucketOwner: expectedBucketOwner, requestPayer: requestPayer,
            retry: retry)
        let client = S3Client(
            settings: settings,
            credentials: credentials
                ?? CredentialSources.fixed(
                    Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")),
            transfer: loop, environment: environment, limits: limits,
            clock: waitsForReal ? ServiceClock() : waits.clock, gate: gate, listRoom: listRoom)
        let fixture = ScriptedBucket(
            server: server, loop: loop, client: client, waits: waits, gate: gate)
        do {
            let value = try await body(fixture)
            await loop.shutDown()
            return value
        } catch {
            await loop.shutDown()
            throw error
        }
    }

    /// Reads a range: what the GET told, and the bytes.
    func read(
        _ key: String, _ range: Range<UInt64>, ifMatch eTag: String? = nil
    ) async throws -> (head: ObjectHead, bytes: [UInt8]) {
        let body = try await pool.buffer(byteCount: max(range.count, 1))
        let head = try await client.getObject(ObjectKey(key), range: range, ifMatch: eTag.map(ETag.init), into: body)
        return (head, Array(body.bytes))
    }

    /// The error that reading gives, if any.
    func readError(_ key: String, _ range: Range<UInt64>, ifMatch eTag: String? = nil) async throws -> S3Error? {
        do {
            _ = try await read(key, range, ifMatch: eTag)
            return nil
        } catch let error as S3Error {
            return error
        }
    }

    /// The error that listing gives, if any.
    func listError(prefix: String = "") async throws -> S3Error? {
        do {
            _ = try await client.listPage(prefix: ObjectKey(prefix))
            return nil
        } catch {
            return error
        }
    }

    /// The ranges that were asked for, in order.
    func rangesAsked() throws -> [String?] {
        try server.requests().filter { $0.action == .get }.map { $0.headers["range"] }
    }
}

/// Bytes in which every position can be told from every other nearby.
func patternedBytes(count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

/// A directory for one test, which removes it at its end.
struct TestDirectory {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Makes a file of these bytes.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }

    /// Of what is in it.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted() }
}
