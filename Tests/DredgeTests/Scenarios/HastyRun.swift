import DredgeAWS
import DredgeStore
import DredgeTransfer
import Foundation
import Logging
import TestServers

@testable import Dredge

/// Runs whose waits take a twentieth of their time, so that an outage of minutes takes seconds.
struct HastyRun: Sendable {
    let bench: Workbench
    var limits = Limits()
    var transfer = TransferLimits()
    var environment: [String: String] = [:]

    static let haste = 20
    static let time = TimeSource(
        now: { Date() }, sleep: { try await Task.sleep(for: $0 / haste) }, random: { Double.random(in: $0) })

    init(_ bench: Workbench) {
        self.bench = bench
        limits.partByteCount = Limits.partByteCountMin
        limits.requestCount = 16
        limits.workerCount = 1
        limits.memoryByteCount = 64 << 20
        limits.outagePatience = .seconds(60)
    }

    func run(_ source: Source, into name: String) async throws -> Result<RunReport, RunError> {
        let store = try ChunkStore.open(at: bench.path(name), settings: IndexSettings())
        defer { try? store.close() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let world = try S3World(
            limits: limits, base: Workbench.anyKeys, environment: environment, sessionName: "dredge-test",
            logger: logger, transfer: transfer, time: Self.time)
        let engine = Engine(
            limits: limits, base: Workbench.anyKeys, environment: environment, world: world, logger: logger)
        let result: Result<RunReport, RunError>
        do throws(RunError) {
            result = .success(try await engine.run([source], into: store).report())
        } catch {
            result = .failure(error)
        }
        await engine.shutDown()
        return result
    }
}

extension HastyRun {
    /// With the settings of a scenario.
    init(_ bench: Workbench, _ scenario: FaultScenario) {
        self.init(bench)
        let settings = scenario.settings
        if let count = settings?.partByteCount { limits.partByteCount = count }
        if let count = settings?.attemptCount { environment["AWS_MAX_ATTEMPTS"] = "\(count)" }
        if let seconds = settings?.outagePatience { limits.outagePatience = .seconds(seconds) }
        if let seconds = settings?.progressTimeout { transfer.progressTimeout = .seconds(seconds) }
        if let seconds = settings?.floorPeriod { transfer.floorPeriod = .seconds(seconds) }
        if let count = settings?.floorByteCount { transfer.floorByteCount = count }
    }
}

extension Result<RunReport, RunError> {
    /// Of a run that was ended, too.
    var report: RunReport? {
        switch self {
        case .success(let report): report
        case .failure(let error): error.report
        }
    }

    var isComplete: Bool {
        guard case .success(let report) = self else { return false }
        return report.outcome == .complete && !report.isIncomplete
    }
}

extension Source {
    /// The same, read with sessions that the server gives.
    func assumingRole(at server: ScriptedS3Server) -> Source {
        var source = self
        source.auth = .assumeRole([RoleHop(roleARN: "arn:aws:iam::123456789012:role/R", externalID: "id")])
        source.stsEndpointURL = server.endpointURL
        return source
    }
}

extension RunReport {
    /// Whether every listed object is in one of the counts.
    var addsUp: Bool {
        let parts = [indexed, unchanged, skipped, failed, vanished, changed, pending]
        return listed.objects == parts.map(\.objects).reduce(0, +)
            && listed.bytes == parts.map(\.bytes).reduce(0, +)
    }
}

/// Scripted servers that play one thing after the other: a few, however many tests there are.
actor ScriptedServers {
    static let shared = ScriptedServers(count: 6)

    private var unstartedCount: Int
    private(set) var all: [ScriptedS3Server] = []
    private var free: [ScriptedS3Server] = []
    private var waiting: [CheckedContinuation<ScriptedS3Server, Never>] = []

    init(count: Int) { unstartedCount = count }

    /// Runs `body` with a server that nobody else has meanwhile.
    nonisolated func with<Value: Sendable>(
        _ body: @Sendable (ScriptedS3Server) async throws -> Value
    ) async throws -> Value {
        let server = try await take()
        do {
            let value = try await body(server)
            await giveBack(server)
            return value
        } catch {
            await giveBack(server)
            throw error
        }
    }

    private func take() async throws -> ScriptedS3Server {
        if let server = free.popLast() { return server }
        if unstartedCount > 0 {
            unstartedCount -= 1
            let server = try await ScriptedS3Server(.init())
            all.append(server)
            return server
        }
        return await withCheckedContinuation { waiting.append($0) }
    }

    private func giveBack(_ server: ScriptedS3Server) {
        if waiting.isEmpty { free.append(server) } else { waiting.removeFirst().resume(returning: server) }
    }
}
