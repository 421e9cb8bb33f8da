import Foundation
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// Services that end in the midst of jobs.
@Suite(.timeLimit(.minutes(30))) struct RestartTests {
    private static let role = "arn:aws:iam::123456789012:role/Read"

    /// A bench whose service lets the role in, and what jobs ask for.
    private func bench(_ keys: [String]) async throws -> (ServiceBench, ScriptedS3Server.Scenario) {
        var scenario = ServiceBench.scenario(keys)
        scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
        scenario.sts = .init(sessionSeconds: 3_600)
        return (try await ServiceBench(scenario), scenario)
    }

    private static var configuration: ServiceConfiguration {
        var configuration = ServiceConfiguration()
        configuration.allowsRolesWithoutExternalID = true
        return configuration
    }

    private func register(_ service: IndexService, for caller: Caller) async throws -> JSON {
        let externalID = try #require(
            try await service.integrations.mint(for: caller)["external_id"]?.stringValue)
        let answer = try await service.integrations.putRole(
            ["role_arn": .string(Self.role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
        #expect(answer["status"] == "active", "\(answer.text)")
        return ServiceBench.body(role: Self.role, externalID: externalID)
    }

    @Test func `a job goes on where it was when its service stopped`() async throws {
        let keys = ServiceBench.keys(40)
        var (bench, scenario) = try await bench(keys)
        scenario.faults = [.hang(on: .get).forKey("49.txt").times(-1)]
        var service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        let (whole, _) = try await service.collections.put("whole", [:], for: caller)
        let (stopped, _) = try await service.collections.put("stopped", [:], for: caller)
        let body = try await register(service, for: caller)
        #expect(try await service.index(.bucket, body, into: "whole", for: caller)["status"] == "completed")
        try bench.server.play(scenario)
        let id = try await service.jobs.submit(
            .bucket, body, into: "stopped", idempotencyKey: "k", for: caller)
        let waiting = try await service.jobs.submit(
            .bucket, body, into: "stopped", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        await service.shutDown()

        let before = try bench.server.requests().count
        scenario.faults = []
        try bench.server.play(scenario)
        service = try await bench.start(Self.configuration)
        #expect(
            try await service.jobs.submit(.bucket, body, into: "stopped", idempotencyKey: "k", for: caller) == id)
        let job = try await service.end(of: id, for: caller)
        #expect(job["status"] == "completed" && job.at("result", "files_indexed") == 40, "\(job.text)")
        #expect(try await service.end(of: waiting, for: caller)["status"] == "completed")
        #expect(
            try await bench.digest(ofCollection: stopped.id) == bench.digest(ofCollection: whole.id))
        let again = try bench.server.requests()[before...].filter { $0.action == .get }
        #expect(Set(again.map(\.key)).count == again.count && again.contains { $0.key == Array("49.txt".utf8) })
        await service.shutDown()
    }

    @Test(arguments: [ScriptedS3Server.Action.list, .get, .assumeRole])
    func `a service stops while nobody answers it`(action: ScriptedS3Server.Action) async throws {
        var (bench, scenario) = try await bench(ServiceBench.keys(2))
        let service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let body = try await register(service, for: caller)
        scenario.faults = [.hang(on: action).times(-1)]
        try bench.server.play(scenario)
        let id = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        await service.shutDown()
        scenario.faults = []
        try bench.server.play(scenario)
        let next = try await bench.start(Self.configuration)
        #expect(try await next.end(of: id, for: caller)["status"] == "completed")
        await next.shutDown()
    }

    /// Changes the control database of a service that does not run.
    private func control(_ sql: String, _ bench: ServiceBench) async throws {
        let path = bench.directory.appending(path: "control.sqlite").path
        let outcome = try await Program.run("sqlite3", [path, sql])
        try #require(outcome.status == 0, "\(outcome)")
    }

    @Test func `a kill between the end of a run and that of its job changes neither counts nor rollback`() async throws
    {
        let keys = ServiceBench.keys(9)
        let (bench, _) = try await bench(keys)
        var service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let body = try await register(service, for: caller)
        let before = try await service.index(.bucket, body, for: caller)
        let id = try #require(before["job_id"]?.stringValue)
        await service.shutDown()
        try await control(
            "UPDATE job SET status = 'running', ended = NULL, result = NULL, run = NULL WHERE id = '\(id)'", bench)

        service = try await bench.start(Self.configuration)
        let job = try await service.end(of: id, for: caller)
        #expect(job["status"] == "completed", "\(job.text)")
        for name in ["files_indexed", "files_failed", "files_skipped", "chunks_processed", "tokens_used"] {
            #expect(job.at("result", name) == before.at("result", name), "\(name)")
        }
        #expect(job["files"]?.items.map { $0["status"] } == keys.map { _ in "completed" })
        let rolledBack = try await service.jobs.rollBack(id, for: caller)
        #expect(rolledBack["files_removed"]?.items.count == 9)
        #expect(try await service.documentNames(for: caller).isEmpty)
        await service.shutDown()
    }

    @Test func `files of collections that the control database does not know stay`() async throws {
        let (bench, _) = try await bench(ServiceBench.keys(2))
        var service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        let (kept, _) = try await service.collections.put("c", [:], for: caller)
        let body = try await register(service, for: caller)
        _ = try await service.index(.bucket, body, for: caller)
        await service.shutDown()
        let digest = try await bench.digest(ofCollection: kept.id)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: bench.directory.appending(path: "control.sqlite\(suffix)"))
        }
        service = try await bench.start(Self.configuration)
        await service.shutDown()
        #expect(try await bench.digest(ofCollection: kept.id) == digest)
    }

    @Test func `keys that came with a request are nowhere on disk, and gone with the service`() async throws {
        let (bench, _) = try await bench(ServiceBench.keys(4))
        try bench.server.play(
            ServiceBench.scenario(ServiceBench.keys(4), faults: [.hang(on: .get).forKey("13.txt").times(-1)]))
        var service = try await bench.start()
        let key = try await service.keys.create(organization: "Acme", environment: .development)
        let caller = try #require(try await service.keys.caller(withKey: key.key))
        _ = try await service.collections.put("c", [:], for: caller)
        _ = try await service.collections.put("d", [:], for: caller)
        let token = "token//IQoJb3JpZ2luX2VjEJr"
        let body = ServiceBench.body(["aws_session_token": .string(token)])
        let running = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: "k", for: caller)
        try await bench.waitForHang()
        let waiting = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: nil, for: caller)
        for secret in [ServiceBench.secret, token, key.key] { #expect(try !bench.contains(secret)) }
        #expect(try bench.contains(running), "what is looked at is what the service writes")
        await service.shutDown()
        for secret in [ServiceBench.secret, token, key.key] { #expect(try !bench.contains(secret)) }

        try bench.server.play(ServiceBench.scenario(ServiceBench.keys(4)))
        service = try await bench.start()
        for id in [running, waiting] {
            let job = try await service.job(id, for: caller)
            #expect(job["status"] == "failed" && job["error_code"] == "credentials_lost", "\(job.text)")
        }
        let again = try await service.index(.bucket, body, for: caller)
        #expect(again["status"] == "completed")
        #expect(try await service.documentNames(for: caller) == ServiceBench.keys(4))
        for secret in [ServiceBench.secret, token, key.key] { #expect(try !bench.contains(secret)) }
        await service.shutDown()
    }

    @Test func `a job that waited while its role was taken off the list does not begin`() async throws {
        var (bench, scenario) = try await bench(ServiceBench.keys(2))
        var service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let body = try await register(service, for: caller)
        scenario.faults = [.hang(on: .get).times(-1)]
        try bench.server.play(scenario)
        let running = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: nil, for: caller)
        let waiting = try await service.jobs.submit(.bucket, body, into: "c", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        try await service.integrations.deleteRole(Self.role, for: caller)
        try await service.jobs.cancel(running, for: caller)
        let job = try await service.end(of: waiting, for: caller)
        #expect(job["status"] == "failed" && job["error_code"] == "role_not_registered", "\(job.text)")
        await service.shutDown()
        service = try await bench.start(Self.configuration)
        #expect(try await service.job(waiting, for: caller) == job)
        await service.shutDown()
    }

    @Test func `a directory is one service's, and what a deletion left behind is swept`() async throws {
        let bench = try await ServiceBench(count: 1)
        var service = try await bench.start()
        let caller = try await service.caller()
        let (kept, _) = try await service.collections.put("c", [:], for: caller)
        _ = try await service.index(for: caller)
        let error = await #expect(throws: DirectoryInUse.self) { try await bench.start() }
        #expect(error?.description.contains(bench.directory.path) == true)
        await service.shutDown()
        let left = ["col_0123456789abcdef01234567.chunks", "col_0123456789abcdef01234567.chunks-wal"].map {
            bench.directory.appending(path: "collections/\($0)")
        }
        for file in left { try Data("x".utf8).write(to: file) }
        try await control("INSERT INTO deleted_collection VALUES ('col_0123456789abcdef01234567')", bench)
        service = try await bench.start()
        for file in left { #expect(!FileManager.default.fileExists(atPath: file.path)) }
        #expect(try await service.documentNames(for: caller) == ServiceBench.keys(1), "\(kept)")
        await service.shutDown()
    }

    @Test func `nothing of a deleted collection is left in any file`() async throws {
        // The first object is named by the verification of the role.
        let (bench, _) = try await bench(["0.txt", "a/secret-name.txt"])
        let service = try await bench.start(Self.configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put(
            "c", ["description": "secret-words", "metadata": ["k": "secret-data"]], for: caller)
        let more: [String: JSON] = [
            "directory_path": "a", "include": ["**/secret-name.*"], "custom_metadata": ["k": "secret-label"],
        ]
        guard case .object(let body) = try await register(service, for: caller) else { return }
        let job = try await service.index(.directory, .object(body.merging(more) { $1 }), for: caller)
        #expect(job["status"] == "completed", "\(job.text)")
        let secrets = ["secret-name", "secret-words", "secret-data", "secret-label"]
        for secret in secrets { #expect(try bench.contains(secret), "\(secret)") }
        try await service.collections.delete("c", for: caller)
        for secret in secrets { #expect(try !bench.contains(secret), "\(secret)") }
        let kept = try await service.job(try #require(job["job_id"]?.stringValue), for: caller)
        #expect(kept["status"] == "completed" && kept.at("result", "files_indexed") == 1)
        await service.shutDown()
    }

    @Test func `keys are valid until they are revoked, and in no file`() async throws {
        let (bench, _) = try await bench([])
        var service = try await bench.start()
        let first = try await service.keys.create(organization: "Acme", environment: .production)
        let second = try await service.keys.create(organization: "Acme", environment: .production)
        #expect(first.organizationID == second.organizationID && first.key.hasPrefix("cap_prod_"))
        #expect(try await service.keys.revoke(keyID: first.keyID))
        #expect(try await !service.keys.revoke(keyID: first.keyID))
        await service.shutDown()
        service = try await bench.start()
        #expect(try await service.keys.caller(withKey: first.key) == nil)
        #expect(try await service.keys.caller(withKey: second.key)?.keyID == second.keyID)
        #expect(try await service.keys.caller(withKey: "") == nil)
        #expect(try await service.keys.list(organization: "Acme").map { $0.revokedAt == nil } == [false, true])
        #expect(try !bench.contains(second.key))
        await #expect(throws: ServiceError.self) {
            try await service.keys.create(organization: " \n", environment: .development)
        }
        let attributes = try FileManager.default.attributesOfItem(
            atPath: bench.directory.appending(path: "control.sqlite").path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        await service.shutDown()
    }
}
