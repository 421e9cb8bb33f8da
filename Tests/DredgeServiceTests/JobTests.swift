import DredgeStore
import Foundation
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// What jobs do to collections.
@Suite(.timeLimit(.minutes(30))) struct JobTests {
    private func start(_ bench: ServiceBench) async throws -> (IndexService, Caller) {
        let service = try await bench.start()
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        return (service, caller)
    }

    @Test func `a job tells what it did, in all and of each file`() async throws {
        let bench = try await ServiceBench(
            count: 3, faults: [.error(on: .get, 403, "AccessDenied").forKey("11.txt").times(-1)])
        let (service, caller) = try await start(bench)
        let job = try await service.index(for: caller)
        #expect(job["status"] == "completed_with_failures" && job["job_type"] == "index_s3")
        #expect(job.at("result", "files_indexed") == 2 && job.at("result", "files_failed") == 1)
        #expect(job.at("progress", "files_total") == 3 && job.at("progress", "current_stage") == "finalizing")
        #expect(job.at("result", "chunks_processed") == 2)
        #expect(job.at("result", "tokens_used")?.intValue ?? 0 > 10)
        let files = job["files"]?.items ?? []
        #expect(files.map { $0["uri"] } == ["s3://bucket/10.txt", "s3://bucket/11.txt", "s3://bucket/12.txt"])
        #expect(files.map { $0["status"] } == ["completed", "failed", "completed"])
        #expect(files[1]["error_code"] == "access_denied" && files[1]["document_id"] == .null)
        #expect(files[1]["error_message"]?.stringValue?.contains("s3:GetObject") == true)
        await service.shutDown()
    }

    @Test func `an allowed endpoint is asked at public addresses only, unless the operator says otherwise`()
        async throws
    {
        let bench = try await ServiceBench(count: 1)
        for mayBePrivate in [false, true] {
            var configuration = ServiceConfiguration()
            configuration.allowedEndpoints = [AllowedEndpoint(bench.server.endpointURL, mayBePrivate: mayBePrivate)]
            let service = try await bench.start(configuration)
            let caller = try await service.caller()
            _ = try await service.collections.put("c", [:], for: caller)
            let job = try await service.index(
                .bucket, ServiceBench.body(["endpoint": .string(bench.server.endpointURL)]), for: caller)
            #expect(job["status"] == (mayBePrivate ? "completed" : "failed"), "\(job.text)")
            if !mayBePrivate {
                #expect(job["error_code"] == "endpoint_unreachable")
                #expect(job["error_message"]?.stringValue?.contains("public internet") == true)
                #expect(try bench.server.requests().isEmpty)
            }
            await service.shutDown()
        }
    }

    @Test func `a job's files are paged without gaps`() async throws {
        let bench = try await ServiceBench(count: 7)
        let (service, caller) = try await start(bench)
        let id = try #require(try await service.index(for: caller)["job_id"]?.stringValue)
        var (uris, cursor, pageCount) = ([String?](), String?.none, 0)
        repeat {
            let page = try await service.jobs.show(id, filesLimit: 3, filesCursor: cursor, for: caller)
            uris += page["files"]?.items.map { $0["uri"]?.stringValue } ?? []
            cursor = page.at("files_page", "next_cursor")?.stringValue
            pageCount += 1
        } while cursor != nil && pageCount < 9
        #expect(uris == ServiceBench.keys(7).map { "s3://bucket/\($0)" } && pageCount == 3)
        await #expect(throws: ServiceError.self) {
            try await service.jobs.show(id, filesLimit: 3, filesCursor: "x", for: caller)
        }
        await service.shutDown()
    }

    @Test func `a directory is not its longer neighbour, and is one document with the bucket's`() async throws {
        let bench = try await ServiceBench(ServiceBench.scenario(["a-old/1.txt", "a/1.txt", "a/b/2.txt", "b/3.txt"]))
        let (service, caller) = try await start(bench)
        let directory = try await service.index(
            .directory, ServiceBench.body(["directory_path": "a"]), for: caller)
        #expect(directory["status"] == "completed", "\(directory.text)")
        #expect(try await service.documentNames(for: caller) == ["a/1.txt", "a/b/2.txt"])
        let bucket = try await service.index(for: caller)
        #expect(bucket.at("result", "files_indexed") == 2 && bucket.at("result", "files_skipped") == 2)
        #expect(try await service.documentNames(for: caller) == ["a-old/1.txt", "a/1.txt", "a/b/2.txt", "b/3.txt"])
        let file = try await service.index(
            .file, ServiceBench.body(["file_uri": "s3://bucket/a/1.txt"]), for: caller)
        #expect(file.at("result", "files_skipped") == 1, "\(file.text)")
        #expect(try await service.documentNames(for: caller).count == 4)
        #expect(try bench.server.requests().filter { $0.action == .get }.count == 4)
        await service.shutDown()
    }

    @Test func `a file's name is no pattern and no prefix`() async throws {
        let bench = try await ServiceBench(ServiceBench.scenario(["x*.txt", "x*.txt.old", "x1.txt"]))
        let (service, caller) = try await start(bench)
        let job = try await service.index(.file, ServiceBench.body(["file_uri": "s3://bucket/x*.txt"]), for: caller)
        #expect(job["status"] == "completed")
        #expect(try await service.documentNames(for: caller) == ["x*.txt"])
        await service.shutDown()
    }

    @Test func `max_files ends the listing, and patterns are counted before it`() async throws {
        let bench = try await ServiceBench(count: 6)
        let (service, caller) = try await start(bench)
        let first = try await service.index(.bucket, ServiceBench.body(["max_files": 2]), for: caller)
        #expect(first.at("progress", "files_total") == 2)
        #expect(try await service.documentNames(for: caller) == ["10.txt", "11.txt"])
        _ = try await service.index(
            .bucket, ServiceBench.body(["max_files": 2, "exclude": ["1[0-2].txt"]]), for: caller)
        #expect(try await service.documentNames(for: caller) == ["10.txt", "11.txt", "13.txt", "14.txt"])
        await service.shutDown()
    }

    @Test func `what is there is skipped, or read again when it is to be`() async throws {
        let bench = try await ServiceBench(count: 3)
        let (service, caller) = try await start(bench)
        _ = try await service.index(for: caller)
        let again = try await service.index(for: caller)
        #expect(again.at("result", "files_skipped") == 3 && again.at("result", "files_indexed") == 0)
        #expect(try bench.server.requests().filter { $0.action == .get }.count == 3)
        let reread = try await service.index(
            .bucket, ServiceBench.body(["skip_existing": false, "overwrite_existing": true]), for: caller)
        #expect(reread.at("result", "files_indexed") == 3, "\(reread.text)")
        #expect(try bench.server.requests().filter { $0.action == .get }.count == 6)
        #expect(try await service.documentNames(for: caller).count == 3)
        await service.shutDown()
    }

    @Test func `a document's metadata is that of its job`() async throws {
        let bench = try await ServiceBench(count: 1)
        let (service, caller) = try await start(bench)
        _ = try await service.index(.bucket, ServiceBench.body(["custom_metadata": ["year": 2025]]), for: caller)
        let list = try await service.documents.list("c", limit: 10, offset: 0, for: caller)
        let id = try #require(list["documents"]?.items.first?["document_id"]?.stringValue)
        let document = try await service.documents.get("c", id, for: caller)
        #expect(document.at("metadata", "custom_metadata", "year") == 2025)
        #expect(document["chunks"]?.items.first?["content"] == .string(ServiceBench.text(of: "10.txt")))
        #expect(document.at("metadata", "uri") == "s3://bucket/10.txt")
        let number = try #require(id.split(separator: "_").last)
        for other in ["doc_+\(number)", "doc_0\(number)", "doc_999", "doc_", "\(number)"] {
            await #expect(throws: ServiceError.notFound("document")) {
                try await service.documents.get("c", other, for: caller)
            }
        }
        await service.shutDown()
    }

    // MARK: Ends

    @Test func `a job that waits is cancelled before it begins, one that runs in its midst`() async throws {
        let bench = try await ServiceBench(count: 3, faults: [.hang(on: .get).forKey("12.txt").times(-1)])
        let (service, caller) = try await start(bench)
        let running = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        let waiting = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        #expect(try await service.job(waiting, for: caller)["status"] == "pending")
        try await service.jobs.cancel(waiting, for: caller)
        let first = try await service.job(waiting, for: caller)
        #expect(first["status"] == "cancelled" && first["started_at"] == .null && first["cancelled_at"] != .null)
        #expect(try await service.job(running, for: caller)["status"] == "running")
        // Its progress is told now and then.
        while try await service.job(running, for: caller).at("progress", "current_stage") != "chunking" {
            try await Task.sleep(for: .milliseconds(10))
        }
        try await service.jobs.cancel(running, for: caller)
        let second = try await service.end(of: running, for: caller)
        #expect(second["status"] == "cancelled" && second["cancelled_by"] == .string(caller.keyID))
        #expect(second["error_code"] == .null)
        // Once more changes nothing.
        try await service.jobs.cancel(running, for: caller)
        #expect(try await service.job(running, for: caller) == second)
        #expect(try await service.jobs.event(running, for: caller).isLast)
        await service.shutDown()
    }

    @Test func `a job that has ended is not cancelled`() async throws {
        let bench = try await ServiceBench(count: 1)
        let (service, caller) = try await start(bench)
        let job = try await service.index(for: caller)
        let id = try #require(job["job_id"]?.stringValue)
        try await service.jobs.cancel(id, for: caller)
        #expect(try await service.job(id, for: caller) == job)
        await service.shutDown()
    }

    @Test func `what a job stored is taken back, and no byte of it stays`() async throws {
        let bench = try await ServiceBench(ServiceBench.scenario(["kept.txt"]))
        let (service, caller) = try await start(bench)
        _ = try await service.index(for: caller)
        var generator = SeededGenerator(seed: 7)
        // Characters that LZ4 leaves as they are, so that they can be looked for.
        let noise = (0..<4_000).map { _ in UInt8(ascii: "0") + UInt8(generator.next(below: 75)) }
        let needle = String(decoding: noise[1_000..<1_012], as: UTF8.self)
        try bench.server.play(
            ScriptedS3Server.Scenario(
                objects: [
                    .init("kept.txt", body: Array(ServiceBench.text(of: "kept.txt").utf8)),
                    .init("secret-name.txt", body: noise), .init("stuck.txt", body: noise),
                ], faults: [.hang(on: .get).forKey("stuck.txt").times(-1)]))
        let id = try await service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: caller)
        try await bench.waitForHang()
        await #expect(throws: ServiceError.jobRunning) { try await service.jobs.rollBack(id, for: caller) }
        await #expect(throws: ServiceError.inUse) { try await service.documents.deleteAll("c", for: caller) }
        await #expect(throws: ServiceError.inUse) { try await service.collections.delete("c", for: caller) }
        try await service.jobs.cancel(id, for: caller)
        _ = try await service.end(of: id, for: caller)
        try bench.server.play(
            ScriptedS3Server.Scenario(objects: [
                .init("kept.txt", body: Array(ServiceBench.text(of: "kept.txt").utf8)),
                .init("secret-name.txt", body: noise),
            ]))
        let second = try await service.index(for: caller)
        let secondID = try #require(second["job_id"]?.stringValue)
        #expect(try await service.documentNames(for: caller) == ["kept.txt", "secret-name.txt"])
        #expect(try bench.contains("secret-name.txt"))
        #expect(try bench.contains(needle))
        var removed: [JSON] = []
        for job in [id, secondID] {
            removed += try await service.jobs.rollBack(job, for: caller)["files_removed"]?.items ?? []
        }
        #expect(removed == ["s3://bucket/secret-name.txt"])
        #expect(try await service.documentNames(for: caller) == ["kept.txt"])
        #expect(try await service.job(id, for: caller)["status"] == "rolled_back")
        #expect(try !bench.contains(needle))
        #expect(try !bench.contains("secret-name.txt"))
        // It is new to the next job.
        #expect(try await service.index(for: caller).at("result", "files_indexed") == 1)
        await service.shutDown()
    }

    @Test func `documents are read while others are deleted`() async throws {
        let bench = try await ServiceBench(count: 12)
        let (service, caller) = try await start(bench)
        _ = try await service.index(for: caller)
        let list = try await service.documents.list("c", limit: 100, offset: 0, for: caller)
        let ids = list["documents"]?.items.compactMap { $0["document_id"]?.stringValue } ?? []
        #expect(ids.count == 12)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in ids.prefix(6) {
                group.addTask {
                    // One deletion at a time: others say that the collection is in use.
                    while true {
                        do { return try await service.documents.delete("c", id, for: caller) } catch let error
                            as ServiceError where error == .inUse
                        {
                            await Task.yield()
                        }
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for id in ids.suffix(6) {
                        let document = try await service.documents.get("c", id, for: caller)
                        #expect(document["chunk_count"] == 1)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await service.documentNames(for: caller) == Array(ServiceBench.keys(12).suffix(6)))
        #expect(try await service.documents.deleteAll("c", for: caller) == 6)
        #expect(try await service.documentNames(for: caller) == [])
        #expect(try await service.index(for: caller).at("result", "files_indexed") == 12)
        try await service.collections.delete("c", for: caller)
        #expect(try !bench.contains("10.txt"), "neither documents nor jobs name it any more")
        await service.shutDown()
    }

    // MARK: Again

    @Test func `a key of idempotency stands for one request of one organization`() async throws {
        let bench = try await ServiceBench(count: 1)
        let (service, caller) = try await start(bench)
        let others = [try await service.caller("Other"), try await service.caller("Acme", .production)]
        func submit(_ key: String, _ more: [String: JSON] = [:], for caller: Caller) async throws -> String {
            try await service.jobs.submit(
                .bucket, ServiceBench.body(more), into: "c", idempotencyKey: key, for: caller)
        }
        let id = try await submit("k", for: caller)
        #expect(try await submit("k", for: caller) == id)
        _ = try await service.end(of: id, for: caller)
        #expect(try await submit("k", for: caller) == id)
        #expect(try await submit("l", for: caller) != id)
        await #expect(throws: ServiceError.self) { try await submit("k", ["max_files": 1], for: caller) }
        await #expect(throws: ServiceError.self) {
            try await service.jobs.submit(
                .directory, ServiceBench.body(["directory_path": "a"]), into: "c", idempotencyKey: "k", for: caller)
        }
        for other in others {
            await #expect(throws: ServiceError.notFound("collection")) { try await submit("k", for: other) }
            _ = try await service.collections.put("c", [:], for: other)
            #expect(try await submit("k", for: other) != id)
        }
        for key in ["", String(repeating: "k", count: 256)] {
            await #expect(throws: ServiceError.self) { try await submit(key, for: caller) }
        }
        await service.shutDown()
    }

    @Test func `a region that leads elsewhere is refused at once`() async throws {
        let bench = try await ServiceBench(count: 1)
        let service = try await bench.start(endpointURL: "")
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        for region in ["x.example/", "a@b", "us east 1", "../"] {
            await #expect(throws: ServiceError.self, "\(region)") {
                try await service.jobs.submit(
                    .bucket, ServiceBench.body(["bucket_region": .string(region)]), into: "c", idempotencyKey: nil,
                    for: caller)
            }
        }
        await service.shutDown()
    }

    @Test func `only what has failed is read by a second try, with a role`() async throws {
        let role = "arn:aws:iam::123456789012:role/Read"
        var scenario = ServiceBench.scenario(
            ServiceBench.keys(3), faults: [.error(on: .get, 403, "AccessDenied").forKey("11.txt").times(-1)])
        scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
        scenario.sts = .init(sessionSeconds: 3_600)
        let bench = try await ServiceBench(scenario)
        var configuration = ServiceConfiguration()
        configuration.allowsRolesWithoutExternalID = true
        let service = try await bench.start(configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let externalID = try #require(
            try await service.integrations.mint(for: caller)["external_id"]?.stringValue)
        let answer = try await service.integrations.putRole(
            ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
        #expect(answer["status"] == "active", "\(answer.text)")
        let body = ServiceBench.body(role: role, externalID: externalID)
        let job = try await service.index(.bucket, body, for: caller)
        #expect(job["status"] == "completed_with_failures", "\(job.text)")
        let id = try #require(job["job_id"]?.stringValue)
        scenario.faults = []
        try bench.server.play(scenario)
        let before = try bench.server.requests().count
        let second = try await service.jobs.retry(id, for: caller)
        #expect(try await service.end(of: second, for: caller)["status"] == "completed")
        let read = try bench.server.requests()[before...].filter { $0.action == .get }
        #expect(read.map { String(decoding: $0.key, as: UTF8.self) } == ["11.txt"])
        let error = await #expect(throws: ServiceError.self) { try await service.jobs.retry(second, for: caller) }
        #expect(error.map { "\($0)".contains("nothing_to_retry") } == true)
        let withKeys = try await service.index(for: caller)
        let lost = await #expect(throws: ServiceError.self) {
            try await service.jobs.retry(withKeys["job_id"]?.stringValue ?? "", for: caller)
        }
        #expect(lost.map { "\($0)".contains("credentials_lost") } == true)
        await service.shutDown()
    }
}
