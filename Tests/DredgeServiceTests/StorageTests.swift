import Foundation
import GRDB
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// A disk that is full for a while.
@Suite(.timeLimit(.minutes(10))) struct StorageTests {
    private func start(_ bench: ServiceBench) async throws -> (IndexService, Caller) {
        let service = try await bench.start()
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        return (service, caller)
    }

    @Test func `a request that can't be stored is refused, and may come again`() async throws {
        let bench = try await ServiceBench(count: 1)
        defer { withExtendedLifetime(bench) {} }
        let (service, caller) = try await start(bench)
        let text = String(repeating: "x", count: ServiceLimits.metadataTextLengthMax)
        let metadata = (0..<ServiceLimits.metadataFieldCountMax).map { ("\($0)", JSON.string(text)) }
        let body = ServiceBench.body(["custom_metadata": .object(Dictionary(uniqueKeysWithValues: metadata))])
        // The connection's own bound of the file acts as a full disk does.
        try await service.jobs.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let error = await #expect(throws: ServiceError.self) {
            try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: "k", for: caller)
        }
        guard case .refused(let refusal) = error else { throw ServerProblem(description: "\(error as Any)") }
        #expect(refusal.kind == .unavailable && refusal.code == "storage_full")
        try await service.jobs.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        let id = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: "k", for: caller)
        #expect(try await service.end(of: id, for: caller)["status"] == "completed")
        await service.shutDown()
    }

    @Test(arguments: ["status", "ended"])
    func `a job's beginning and end are stored when that is possible again`(column: String) async throws {
        let bench = try await ServiceBench(count: 1)
        defer { withExtendedLifetime(bench) {} }
        let (service, caller) = try await start(bench)
        try await service.jobs.database.write { try $0.execute(sql: Self.refuse(column)) }
        let id = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        while await !service.jobs.isPausing { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try await service.job(id, for: caller)["completed_at"] == .null)
        try await service.jobs.database.write { try $0.execute(sql: "DROP TRIGGER full") }
        let job = try await service.end(of: id, for: caller)
        #expect(job["status"] == "completed" && job.at("result", "files_indexed") == 1, "\(job.text)")
        await service.shutDown()
    }

    @Test func `a server whose disk stays full can be stopped, and the next one ends the job`() async throws {
        let bench = try await ServiceBench(count: 1)
        var (service, caller) = try await start(bench)
        try await service.jobs.database.write { try $0.execute(sql: Self.refuse("ended")) }
        let id = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        while await !service.jobs.isPausing { try await Task.sleep(for: .milliseconds(10)) }
        await service.shutDown()
        let outcome = try await Program.run(
            "sqlite3", [bench.directory.appending(path: "control.sqlite").path, "DROP TRIGGER full"])
        try #require(outcome.status == 0, "\(outcome)")
        service = try await bench.start()
        #expect(try await service.end(of: id, for: caller)["error_code"] == "credentials_lost")
        await service.shutDown()
    }

    private static func refuse(_ column: String) -> String {
        "CREATE TRIGGER full BEFORE UPDATE OF \(column) ON job BEGIN SELECT RAISE(ABORT, 'full'); END"
    }
}
