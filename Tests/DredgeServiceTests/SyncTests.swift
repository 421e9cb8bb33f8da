import Foundation
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// Collections that follow a bucket.
@Suite(.timeLimit(.minutes(30))) struct SyncTests {
    private static let role = "arn:aws:iam::123456789012:role/Read"

    private struct Setup {
        let bench: ServiceBench
        let clock = StandingClock()
        var service: IndexService
        var caller: Caller
        var externalID = ""

        init(_ keys: [String]) async throws {
            bench = try await ServiceBench(Self.scenario(keys))
            service = try await bench.start(Self.configuration(clock))
            caller = try await service.caller()
            _ = try await service.collections.put("c", [:], for: caller)
            externalID = try #require(
                try await service.integrations.mint(for: caller)["external_id"]?.stringValue)
            try await register()
        }

        private static func configuration(_ clock: StandingClock) -> ServiceConfiguration {
            var configuration = ServiceConfiguration()
            configuration.allowsRolesWithoutExternalID = true
            configuration.time = clock.source
            return configuration
        }

        private static func scenario(
            _ keys: [String], _ faults: [ScriptedS3Server.Fault] = [], externalID: String? = nil
        ) -> ScriptedS3Server.Scenario {
            var scenario = ServiceBench.scenario(keys, faults: faults)
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            scenario.sts = .init(sessionSeconds: 3_600, externalID: externalID)
            return scenario
        }

        func register() async throws {
            let answer = try await service.integrations.putRole(
                ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
            try #require(answer["status"] == "active", "\(answer.text)")
        }

        /// What the bucket has from now on.
        func play(_ keys: [String], _ faults: [ScriptedS3Server.Fault] = [], externalID: String? = nil) throws {
            try bench.server.play(Self.scenario(keys, faults, externalID: externalID))
        }

        mutating func restart() async throws {
            await service.shutDown()
            service = try await bench.start(Self.configuration(clock))
        }

        func body(_ more: [String: JSON] = [:]) -> JSON {
            .object(
                [
                    "bucket": "bucket", "region": "us-east-1", "processing_type": "basic",
                    "auth": [
                        "type": "assume_role", "role_arn": .string(role), "external_id": .string(externalID),
                    ],
                ].merging(more) { $1 })
        }

        /// A new sync's ID, after its first job.
        func sync(_ more: [String: JSON] = [:]) async throws -> String {
            let sync = try await service.syncs.create(body(more), in: "c", for: caller)
            let job = try #require(sync["last_backfill_job_id"]?.stringValue, "\(sync.text)")
            let ended = try await service.end(of: job, for: caller)
            try #require(ended["status"] == "completed", "\(ended.text)")
            return try #require(sync["sync_id"]?.stringValue)
        }

        func view(_ sync: String) async throws -> JSON { try await service.syncs.get(sync, for: caller) }

        /// All jobs of a sync, the newest first.
        func jobs(_ sync: String) async throws -> [JSON] {
            try await service.jobs.list(
                status: nil, collection: nil, sync: sync, limit: 100, offset: 0, for: caller)["jobs"]?.items ?? []
        }

        /// Lets so many minutes pass, starts what is due then, and waits for its end: the newest job of the sync.
        func pass(minutes: Double, _ sync: String) async throws -> JSON {
            clock.advance(by: minutes * 60)
            try await service.syncs.startDue()
            let job = try #require(try await jobs(sync).first?["job_id"]?.stringValue)
            return try await service.end(of: job, for: caller)
        }

        /// Waits for the end of the sync's job of this number: the server starts what is due by itself, too.
        func end(ofJob number: Int, _ sync: String) async throws {
            while true {
                try await service.syncs.startDue()
                let jobs = try await jobs(sync)
                if jobs.count >= number, jobs.allSatisfy({ $0["completed_at"] != .null }) { return }
                try await Task.sleep(for: .milliseconds(10))
            }
        }

        func reconcile(_ sync: String, _ body: JSON = [:]) async throws -> JSON {
            let answer = try await service.syncs.reconcile(sync, body, for: caller)
            return try await service.end(of: try #require(answer["job_id"]?.stringValue), for: caller)
        }

        /// Names of the documents, those that are archived with a `-`.
        func documents() async throws -> [String] {
            let list = try await service.documents.list("c", limit: 1_000, offset: 0, for: caller)
            return (list["documents"]?.items ?? []).map {
                ($0["archived"] == true ? "-" : "") + ($0["filename"]?.stringValue ?? "")
            }.sorted()
        }

        func code(_ body: () async throws -> Void) async -> String {
            do { try await body() } catch ServiceError.refused(let refusal) {
                return refusal.code
            } catch ServiceError.invalid(let problems) {
                return problems.map { $0.location.joined(separator: ".") }.joined(separator: " ")
            } catch {
                return "\(error)"
            }
            return "nothing"
        }
    }

    @Test func `a new sync fills its collection, and mirrors what is added and removed`() async throws {
        var keys = ServiceBench.keys(20)
        let setup = try await Setup(keys)
        let sync = try await setup.sync(["sync_interval_minutes": 5, "custom_metadata": ["team": "x"]])
        var view = try await setup.view(sync)
        #expect(sync.hasPrefix("sync_") && view["status"] == "active" && view["sync_state"] == "idle")
        #expect(view["deletion_policy"] == "mirror" && view["storage_type"] == "s3" && view["bucket"] == "bucket")
        #expect(view["last_sync_error"] == .null && view["auth_method"] == "assume_role", "\(view.text)")
        #expect(view["next_sync_at"] == .string(timeText(setup.clock.now.timeIntervalSince1970 + 300)))
        #expect(try await setup.documents().count == 20)
        let backfill = try await setup.service.job(
            try #require(view["last_backfill_job_id"]?.stringValue), for: setup.caller)
        #expect(backfill["source"] == "sync" && backfill["sync_id"] == .string(sync))

        keys = Array(keys.dropFirst(2)) + ["new.txt"]
        try setup.play(keys)
        let job = try await setup.pass(minutes: 5, sync)
        #expect(job["status"] == "completed" && job.at("result", "files_indexed") == 1, "\(job.text)")
        #expect(job.at("result", "files_removed") == 2)
        #expect(try await setup.documents() == keys.sorted())
        let found = try await setup.service.search.query("c", ["query": "text of new.txt"], for: setup.caller)
        #expect(found["search_results"]?.items.first?["filename"] == "new.txt", "\(found.text)")
        view = try await setup.view(sync)
        #expect(view["last_job_id"] == job["job_id"] && view["last_backfill_job_id"] == backfill["job_id"])
        // Jobs of clients are no sync's.
        let own = try await setup.service.index(
            .bucket, ServiceBench.body(role: Self.role, externalID: setup.externalID), for: setup.caller)
        #expect(own["source"] == "api" && own["sync_id"] == .null)
        #expect(try await setup.jobs(sync).count == 2)
        await setup.service.shutDown()
    }

    @Test func `what may be a mistake is not mirrored until somebody confirms it`() async throws {
        let keys = ServiceBench.keys(30)
        let setup = try await Setup(keys)
        let sync = try await setup.sync(["sync_interval_minutes": 10])
        for kept in [[], Array(keys.prefix(3))] {
            try setup.play(kept)
            let job = try await setup.pass(minutes: 10, sync)
            #expect(job["status"] == "completed" && job.at("result", "files_removed") == 0, "\(job.text)")
            #expect(job.at("result", "removals_withheld") == .integer(30 - kept.count))
            let warnings = try await setup.view(sync)["last_sync_warnings"]?.items ?? []
            #expect(warnings.first?.stringValue?.contains("confirm_deletions") == true)
            #expect(try await setup.documents().count == 30)
        }
        let job = try await setup.reconcile(sync, ["confirm_deletions": true])
        #expect(job.at("result", "files_removed") == 27, "\(job.text)")
        #expect(try await setup.documents() == Array(keys.prefix(3)))
        #expect(try await setup.view(sync)["last_sync_warnings"] == [])
        await setup.service.shutDown()
    }

    @Test func `archive marks what is gone and finds it still, ignore leaves it alone`() async throws {
        let keys = ServiceBench.keys(4)
        let setup = try await Setup(keys)
        let sync = try await setup.sync(["deletion_policy": "archive"])
        try setup.play(Array(keys.dropFirst()))
        #expect(try await setup.reconcile(sync).at("result", "files_archived") == 1)
        #expect(try await setup.documents() == ["-10.txt", "11.txt", "12.txt", "13.txt"])
        let found = try await setup.service.search.query("c", ["query": "text of 10.txt"], for: setup.caller)
        let id = try #require(found["search_results"]?.items.first?["document_id"]?.stringValue, "\(found.text)")
        let document = try await setup.service.documents.get("c", id, for: setup.caller)
        #expect(document.at("metadata", "archived") == true && document.at("metadata", "filename") == "10.txt")
        try setup.play(keys)
        _ = try await setup.reconcile(sync)
        #expect(try await setup.documents() == keys, "it is back")
        _ = try await setup.service.syncs.update(sync, ["deletion_policy": "ignore"], for: setup.caller)
        try setup.play(Array(keys.dropFirst(2)))
        let job = try await setup.reconcile(sync)
        #expect(job.at("result", "files_removed") == 0 && job.at("result", "files_archived") == 0)
        #expect(try await setup.documents() == keys)
        await setup.service.shutDown()
    }

    @Test func `a sync runs once however often it was due, and one job at a time`() async throws {
        let keys = ServiceBench.keys(3)
        var setup = try await Setup(keys)
        let sync = try await setup.sync(["sync_interval_minutes": 5])
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 1, "nothing is due")
        setup.clock.advance(by: 299)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 1)
        // Twelve times due, while no server ran.
        await setup.service.shutDown()
        setup.clock.advance(by: 3_600)
        try await setup.restart()
        try await setup.end(ofJob: 2, sync)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 2)

        try setup.play(keys + ["x.txt"], [.hang(on: .get).forKey("x.txt").times(-1)])
        setup.clock.advance(by: 300)
        try await setup.service.syncs.startDue()
        try await setup.bench.waitForHang()
        setup.clock.advance(by: 3_000)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 3)
        #expect(try await setup.view(sync)["sync_state"] == "syncing")
        #expect(await setup.code { _ = try await setup.reconcile(sync) } == "sync_running")
        // The job survives, and is followed by the one that was due meanwhile.
        await setup.service.shutDown()
        try setup.play(keys + ["x.txt"])
        try await setup.restart()
        let resumed = try #require(try await setup.jobs(sync).first?["job_id"]?.stringValue)
        #expect(try await setup.service.end(of: resumed, for: setup.caller)["status"] == "completed")
        try await setup.end(ofJob: 4, sync)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 4)
        #expect(try await setup.documents() == keys + ["x.txt"])

        let paused = try await setup.service.syncs.update(sync, ["status": "paused"], for: setup.caller)
        #expect(paused["status"] == "paused" && paused["next_sync_at"] == .null)
        setup.clock.advance(by: 86_400)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 4)
        #expect(try await setup.reconcile(sync)["status"] == "completed", "when it is asked to")
        let active = try await setup.service.syncs.update(sync, ["status": "active"], for: setup.caller)
        #expect(active["next_sync_at"] == .string(timeText(setup.clock.now.timeIntervalSince1970 + 300)))
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 5, "what was missed is not made up for")
        _ = try await setup.service.syncs.update(sync, ["sync_interval_minutes": .null], for: setup.caller)
        setup.clock.advance(by: 86_400)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 5)
        await setup.service.shutDown()
    }

    @Test func `prefix and patterns narrow a sync, and can be changed`() async throws {
        let setup = try await Setup(["a/1.txt", "a/2.log", "a/3.txt", "b/4.txt"])
        let more: [String: JSON] = [
            "prefix": "a/", "include_patterns": ["**/*.txt"], "exclude_patterns": ["**/3.*"],
        ]
        let sync = try await setup.sync(more)
        #expect(try await setup.documents() == ["1.txt"])
        #expect(await setup.code { _ = try await setup.sync(more) } == "sync_exists")
        let other = try await setup.sync(["prefix": "b/"])
        #expect(
            await setup.code { _ = try await setup.service.syncs.update(other, ["prefix": "a/"], for: setup.caller) }
                == "sync_exists")
        _ = try await setup.service.syncs.update(
            sync, ["exclude_patterns": [], "include_patterns": .null], for: setup.caller)
        #expect(try await setup.reconcile(sync)["status"] == "completed")
        #expect(try await setup.documents() == ["1.txt", "2.log", "3.txt", "4.txt"])
        // Narrower filters look like a mistake; that they are none, somebody says.
        _ = try await setup.service.syncs.update(sync, ["include_patterns": ["**/1.txt"]], for: setup.caller)
        #expect(try await setup.reconcile(sync).at("result", "removals_withheld") == 2)
        #expect(try await setup.reconcile(sync, ["confirm_deletions": true]).at("result", "files_removed") == 2)
        #expect(try await setup.documents() == ["1.txt", "4.txt"])
        await setup.service.shutDown()
    }

    @Test func `a deleted sync leaves its documents to the next one, and its job ends`() async throws {
        let keys = ServiceBench.keys(3)
        let setup = try await Setup(keys)
        let sync = try await setup.sync(["sync_interval_minutes": 5])
        try setup.play(keys + ["x.txt"], [.hang(on: .get).forKey("x.txt").times(-1)])
        let running = try await setup.service.syncs.reconcile(sync, [:], for: setup.caller)
        try await setup.bench.waitForHang()
        try await setup.service.syncs.delete(sync, for: setup.caller)
        let job = try await setup.service.end(
            of: try #require(running["job_id"]?.stringValue), for: setup.caller)
        #expect(job["status"] == "cancelled")
        #expect(try await setup.view(sync)["deactivated_at"]?.stringValue != nil)
        let list = try await setup.service.syncs.list(limit: 10, offset: 0, for: setup.caller)
        #expect(list["total_count"] == 0 && list["syncs"] == [])
        setup.clock.advance(by: 3_600)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 2)
        for call: () async throws -> Void in [
            { _ = try await setup.service.syncs.reconcile(sync, [:], for: setup.caller) },
            { _ = try await setup.service.syncs.update(sync, ["status": "paused"], for: setup.caller) },
            { try await setup.service.syncs.delete(sync, for: setup.caller) },
        ] { #expect(await setup.code(call) == "sync_deactivated") }
        try setup.play(keys)
        let next = try await setup.sync()
        let backfill = try #require(try await setup.jobs(next).first?["job_id"]?.stringValue)
        let ended = try await setup.service.job(backfill, for: setup.caller)
        #expect(ended.at("result", "files_skipped") == 3 && ended.at("result", "files_indexed") == 0, "\(ended.text)")
        #expect(try await setup.documents() == keys)
        await setup.service.shutDown()
    }

    @Test func `a sync ends with its collection, and follows no other of its name`() async throws {
        let setup = try await Setup(ServiceBench.keys(2))
        let sync = try await setup.sync(["sync_interval_minutes": 5])
        try await setup.service.collections.delete("c", for: setup.caller)
        _ = try await setup.service.collections.put("c", [:], for: setup.caller)
        setup.clock.advance(by: 3_600)
        try await setup.service.syncs.startDue()
        #expect(try await setup.jobs(sync).count == 1)
        #expect(try await setup.documents() == [])
        #expect(try await setup.view(sync)["deactivated_at"]?.stringValue != nil)
        _ = try await setup.sync()
        #expect(try await setup.documents().count == 2)
        await setup.service.shutDown()
    }

    @Test func `a sync has the external ID that is valid, and tells why it could not run`() async throws {
        let keys = ServiceBench.keys(2)
        let setup = try await Setup(keys)
        let sync = try await setup.sync(["sync_interval_minutes": 5])
        let rotated = try await setup.service.integrations.rotate([:], for: setup.caller)
        let new = try #require(rotated["external_id"]?.stringValue)
        try setup.play(keys, externalID: new)
        #expect(try await setup.pass(minutes: 5, sync)["status"] == "completed")
        try await setup.service.integrations.deleteRole(Self.role, for: setup.caller)
        setup.clock.advance(by: 300)
        try await setup.service.syncs.startDue()
        var view = try await setup.view(sync)
        #expect(view["sync_state"] == "error" && view["last_sync_error"]?.stringValue?.contains("role") == true)
        #expect(view["next_sync_at"] == .string(timeText(setup.clock.now.timeIntervalSince1970 + 300)))
        #expect(try await setup.jobs(sync).count == 2)
        try await setup.register()
        try setup.play([], [.error(on: .list, 404, "NoSuchBucket").times(-1)], externalID: new)
        #expect(try await setup.pass(minutes: 5, sync)["status"] == "failed")
        view = try await setup.view(sync)
        #expect(view["sync_state"] == "error" && view["last_sync_error"]?.stringValue?.isEmpty == false)
        #expect(try await setup.documents() == keys)
        try setup.play(keys, externalID: new)
        #expect(try await setup.pass(minutes: 5, sync)["status"] == "completed")
        view = try await setup.view(sync)
        #expect(view["sync_state"] == "idle" && view["last_sync_error"] == .null)
        await setup.service.shutDown()
    }

    @Test func `what can't be synced is refused, all of it at once`() async throws {
        let setup = try await Setup([])
        let keys: JSON = ["type": "access_key", "access_key_id": "AKID", "secret_access_key": "secret"]
        let stranger: JSON = [
            "type": "assume_role", "role_arn": "arn:aws:iam::123456789012:role/Other",
            "external_id": .string(setup.externalID),
        ]
        let mismatch: JSON = ["type": "assume_role", "role_arn": .string(Self.role), "external_id": "cap_org_x"]
        for (more, expected): ([String: JSON], String) in [
            (["auth": keys], "body.auth"), (["auth": .null], "body.auth"),
            (["storage_type": "gcs"], "body.storage_type"),
            (["processing_type": "advanced"], "body.processing_type"), (["bucket": "A_"], "body.bucket"),
            (["sync_interval_minutes": 4], "body.sync_interval_minutes"),
            (["sync_interval_minutes": "5"], "body.sync_interval_minutes"),
            (["deletion_policy": "delete"], "body.deletion_policy"),
            (["include_patterns": "x"], "body.include_patterns"),
            (["exclude_patterns": ["["]], "body.exclude_patterns"), (["prefix": 1], "body.prefix"),
            (["custom_metadata": ["a": ["b": 1]]], "body.custom_metadata.a"), (["max_files": 1], "body.max_files"),
            (["prefix": .string(String(repeating: "x", count: 1_025)), "status": "paused"], "body.prefix body.status"),
            (["auth": stranger], "role_not_registered"), (["auth": mismatch], "external_id_mismatch"),
        ] { #expect(await setup.code { _ = try await setup.sync(more) } == expected, "\(more)") }
        #expect(
            await setup.code {
                _ = try await setup.service.syncs.create(setup.body(["auth": keys]), in: "c", for: setup.caller)
            } == "body.auth")
        #expect(
            await setup.code { _ = try await setup.service.syncs.create(setup.body(), in: "x", for: setup.caller) }
                == "not_found")
        let sync = try await setup.sync()
        for (change, expected): (JSON, String) in [
            (["bucket": "other-bucket"], "body.bucket"), (["status": "deleted"], "body.status"),
            (["interval": 5], "body.interval"), (["sync_interval_minutes": 1], "body.sync_interval_minutes"),
            (["auth": keys], "body.auth"), (["auth": stranger], "role_not_registered"), ([1], "body"),
        ] {
            #expect(
                await setup.code { _ = try await setup.service.syncs.update(sync, change, for: setup.caller) }
                    == expected, "\(change.text)")
        }
        let other = try await setup.service.caller("Other")
        let staging = try await setup.service.caller("Acme", .staging)
        for caller in [other, staging] {
            for call: () async throws -> Void in [
                { _ = try await setup.service.syncs.get(sync, for: caller) },
                { _ = try await setup.service.syncs.update(sync, ["status": "paused"], for: caller) },
                { try await setup.service.syncs.delete(sync, for: caller) },
                { _ = try await setup.service.syncs.reconcile(sync, [:], for: caller) },
                { _ = try await setup.service.syncs.list(collection: "c", limit: 1, offset: 0, for: caller) },
            ] { #expect(await setup.code(call) == "not_found") }
            #expect(try await setup.service.syncs.list(limit: 1, offset: 0, for: caller)["total_count"] == 0)
        }
        await setup.service.shutDown()
    }
}
