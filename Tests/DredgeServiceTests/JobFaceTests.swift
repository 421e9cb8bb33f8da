import Foundation
import GRDB
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// What is shown of jobs that went another way than most.
@Suite(.timeLimit(.minutes(10))) struct JobFaceTests {
    private func start(_ bench: ServiceBench) async throws -> (IndexService, Caller) {
        let service = try await bench.start()
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        return (service, caller)
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch ServiceError.refused(let refusal) {
            return "\(refusal.kind) \(refusal.code)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a job that completed in spite of its cancellation was cancelled by nobody`() async throws {
        let bench = try await ServiceBench(count: 1)
        let (service, caller) = try await start(bench)
        let database = await service.jobs.database
        try await database.write {
            try $0.execute(
                sql: "CREATE TRIGGER hold BEFORE UPDATE OF ended ON job BEGIN SELECT RAISE(ABORT, 'held'); END")
        }
        let id = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        while await !service.jobs.isPausing { try await Task.sleep(for: .milliseconds(10)) }
        try await service.jobs.cancel(id, for: caller)
        try await database.write { try $0.execute(sql: "DROP TRIGGER hold") }
        let job = try await service.end(of: id, for: caller)
        #expect(job["status"] == "completed" && job["cancelled_by"] == .null && job["cancelled_at"] == .null)
        await service.shutDown()
    }

    @Test func `a job that lost its credentials shows how far it came`() async throws {
        let bench = try await ServiceBench(count: 9, faults: [.hang(on: .get).forKey("15.txt").times(-1)])
        var (service, caller) = try await start(bench)
        let id = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        await service.shutDown()
        service = try await bench.start()
        let job = try await service.end(of: id, for: caller)
        #expect(job["error_code"] == "credentials_lost")
        let states = (job["files"]?.items ?? []).compactMap { $0["status"]?.stringValue }
        #expect(states.count == 9 && job.at("progress", "files_total") == 9, "\(job.text)")
        #expect(job.at("progress", "files_processed")?.intValue == states.count { $0 == "completed" })
        #expect(job.at("files_page", "total_estimated") == 9)
        let fields: Set = [
            "uri", "status", "stage", "progress_message", "updated_at", "document_id", "chunk_count", "error_code",
            "error_message",
        ]
        for case .object(let file) in job["files"]?.items ?? [] { #expect(Set(file.keys) == fields) }
        await service.shutDown()
    }

    @Test func `a job outlives its collection, and a key of idempotency still stands for it`() async throws {
        let bench = try await ServiceBench(count: 1)
        let (service, caller) = try await start(bench)
        func submit() async throws -> String {
            try await service.jobs.submit(.bucket, ServiceBench.body(), into: "c", idempotencyKey: "k", for: caller)
        }
        let id = try await submit()
        _ = try await service.end(of: id, for: caller)
        try await service.collections.delete("c", for: caller)
        #expect(try await submit() == id)
        #expect(try await service.job(id, for: caller)["status"] == "completed")
        #expect(
            await code { _ = try await service.jobs.rollBack(id, for: caller) } == "notFound collection_deleted")
        #expect(try await service.job(id, for: caller)["status"] == "completed")
        await service.shutDown()
    }

    @Test func `a job whose row can't be read stands in no other's way`() async throws {
        let bench = try await ServiceBench(count: 1)
        var (service, caller) = try await start(bench)
        let whole = try await service.index(for: caller)["job_id"]?.stringValue ?? ""
        let broken = try await service.index(for: caller)["job_id"]?.stringValue ?? ""
        let waiting = try await service.index(for: caller)["job_id"]?.stringValue ?? ""
        try await service.jobs.database.write { db in
            try db.execute(sql: "UPDATE job SET request = '{}', result = '[]' WHERE id = ?", arguments: [broken])
            try db.execute(
                sql: "UPDATE job SET request = '{}', ended = NULL, status = 'pending', has_keys = 0 WHERE id = ?",
                arguments: [waiting])
        }
        let list = try await service.jobs.list(status: nil, collection: nil, limit: 10, offset: 0, for: caller)
        #expect(list["jobs"]?.items.map { $0["job_id"]?.stringValue } == [waiting, broken, whole])
        #expect(try await service.job(broken, for: caller)["error_code"] == "server_error")
        await service.shutDown()
        service = try await bench.start()
        #expect(try await service.end(of: waiting, for: caller)["error_code"] == "server_error")
        #expect(try await service.index(for: caller)["status"] == "completed")
        await service.shutDown()
    }

    @Test(arguments: [("ExpiredToken", "credentials_expired"), ("InvalidAccessKeyId", "invalid_credentials")])
    func `an access key that ends in the midst of a job is told of`(answer: String, code: String) async throws {
        let bench = try await ServiceBench(
            count: 4, faults: [.error(on: .get, 403, answer).times(-1, afterSkipping: 2)])
        let (service, caller) = try await start(bench)
        let job = try await service.index(for: caller)
        let codes = (job["files"]?.items ?? []).compactMap { $0["error_code"]?.stringValue }
        #expect(job["error_code"]?.stringValue == code || codes.contains(code), "\(job.text)")
        #expect(!codes.contains("read_failed"))
        await service.shutDown()
    }
}
