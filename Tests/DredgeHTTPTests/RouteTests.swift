#if Server
    import DredgeService
    import Foundation
    import Hummingbird
    import ServiceBench
    import TestServers
    import Testing

    @testable import DredgeHTTP

    /// Every route: who may call it, what it answers, and how it refuses.
    @Suite(.timeLimit(.minutes(30))) struct RouteTests {
        /// Runs `body` with a client that has a key of Acme's development.
        private func serve(
            _ bench: ServiceBench, _ configuration: ServiceConfiguration = ServiceConfiguration(),
            _ body: @Sendable (APIClient, IndexService) async throws -> Void
        ) async throws {
            let service = try await bench.start(configuration)
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            try await body(APIClient(service, key: key), service)
            await service.shutDown()
        }

        private func index(_ api: APIClient, _ path: String = "c/index/s3", _ more: [String: JSON] = [:]) async throws
            -> JSON
        {
            let answer = try await api.call(.post, "/v2/collections/\(path)", ServiceBench.body(more))
            #expect(answer.status == 200 && answer.body["status"] == "pending", "\(answer)")
            return try await api.end(of: answer.body["job_id"]?.stringValue ?? "")
        }

        private static let routes: [(HTTPRequest.Method, String)] = [
            (.get, "/v2/collections"), (.get, "/v2/collections/c"), (.put, "/v2/collections/c"),
            (.delete, "/v2/collections/c"), (.get, "/v2/collections/c/documents"),
            (.delete, "/v2/collections/c/documents"), (.get, "/v2/collections/c/documents/doc_1"),
            (.delete, "/v2/collections/c/documents/doc_1"), (.get, "/v2/collections/c/documents/doc_1/chunks"),
            (.post, "/v2/collections/c/index/s3"), (.post, "/v2/collections/c/index/s3/file"),
            (.post, "/v2/collections/c/index/s3/directory"), (.get, "/v2/jobs"), (.get, "/v2/jobs/job_1"),
            (.delete, "/v2/jobs/job_1"), (.post, "/v2/jobs/job_1/cancel"), (.patch, "/v2/jobs/job_1/rollback"),
            (.post, "/v2/jobs/job_1/retry"), (.get, "/v2/jobs/job_1/events"), (.get, "/v2/integrations/aws"),
            (.post, "/v2/integrations/aws"), (.put, "/v2/integrations/aws/role"),
            (.delete, "/v2/integrations/aws/role"), (.post, "/v2/integrations/aws/verify"),
            (.post, "/v2/integrations/aws/rotate"),
        ]

        @Test func `no route is for who has no valid key`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, service in
                let revoked = try await service.keys.create(organization: "Acme", environment: .development)
                #expect(try await service.keys.revoke(keyID: revoked.keyID))
                for (method, path) in Self.routes {
                    for key in [nil, "", "x", revoked.key, api.key! + "0"] {
                        let answer = try await api.with(key: key).call(method, path)
                        #expect(answer.status == 401, "\(method) \(path)")
                        #expect(answer.body["error_code"] == "invalid_api_key" && answer.body["detail"] != nil)
                        #expect(answer.headers[.wwwAuthenticate] == "Bearer")
                    }
                }
                #expect(try await api.with(key: nil).call(.get, "/healthz").status == 200)
            }
        }

        @Test func `the organization that a request names must be the key's`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, service in
                let own = try await service.keys.list()[0].organizationID
                let other = try await service.keys.create(organization: "Other", environment: .development)
                let name = "X-Organization-ID"
                #expect(try await api.call(.get, "/v2/jobs", headers: [name: own]).status == 200)
                #expect(try await api.call(.get, "/v2/jobs", headers: [name: own.uppercased()]).status == 200)
                for wrong in [other.organizationID, "x", ""] {
                    let answer = try await api.call(.get, "/v2/jobs", headers: [name: wrong])
                    #expect(answer.status == 403 && answer.body["error_code"] == "organization_mismatch")
                }
            }
        }

        @Test func `what is nowhere is told in JSON`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, _ in
                for (method, path) in Self.routes.filter({ $0.1.contains("/c") || $0.1.contains("job_1") }) {
                    if method == .put || path == "/v2/collections" { continue }
                    let body: JSON? = method == .post ? (path.hasSuffix("/s3") ? ServiceBench.body() : nil) : nil
                    let answer = try await api.call(method, path, body)
                    if path.hasSuffix("/s3/file") || path.hasSuffix("/s3/directory") {
                        #expect(answer.status == 422)
                        continue
                    }
                    #expect(answer.status == 404, "\(method) \(path): \(answer)")
                    #expect(answer.body["error_code"] == "not_found" && answer.body["detail"]?.stringValue != nil)
                }
                for path in ["/", "/v2", "/v2/nothing", "/v2/collections/c/d/e", "/v3/jobs"] {
                    let answer = try await api.call(.get, path)
                    #expect(answer.status == 404 && answer.body["detail"]?.stringValue != nil, "\(path): \(answer)")
                }
                let patch = try await api.call(.patch, "/v2/collections")
                #expect(patch.status == 405 && patch.headers[.allow] == "GET", "\(patch)")
                let trace = try await api.call(.trace, "/v2/jobs/job_1")
                #expect(trace.status == 405 && trace.headers[.allow] == "GET, DELETE", "\(trace)")
            }
        }

        @Test func `collections are made, listed and deleted`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, _ in
                let made = try await api.call(.put, "/v2/collections/b", ["description": "d", "metadata": ["k": 1]])
                #expect(made.status == 201 && made.body["collection_name"] == "b" && made.body["status"] == "created")
                let again = try await api.call(.put, "/v2/collections/b")
                #expect(again.status == 200 && again.body["collection_id"] == made.body["collection_id"])
                #expect(try await api.call(.put, "/v2/collections/a").status == 201)
                let list = try await api.call(.get, "/v2/collections").body
                #expect(list["collections"]?.items.map { $0["collection_name"] } == ["a", "b"])
                #expect(list["total_count"] == 2 && list["limit"] == 100 && list["offset"] == 0)
                let page = try await api.call(.get, "/v2/collections?limit=1&offset=1").body
                #expect(page["collections"]?.items.map { $0["collection_name"] } == ["b"] && page["total_count"] == 2)
                let one = try await api.call(.get, "/v2/collections/b").body
                #expect(one["environment"] == "development" && one["description"] == "d" && one["is_active"] == true)
                #expect(one["metadata"] == ["k": 1] && one["document_count"] == 0)
                let deleted = try await api.call(.delete, "/v2/collections/b")
                #expect(deleted.status == 200 && deleted.body["success"] == true)
                #expect(try await api.call(.delete, "/v2/collections/b").status == 404)
                #expect(try await api.call(.get, "/v2/collections/b").status == 404)
            }
        }

        @Test func `what can't be taken is told in FastAPI's shape`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, _ in
                try await api.call(.put, "/v2/collections/c")
                let long = JSON.string(String(repeating: "x", count: 20_000))
                let calls: [(HTTPRequest.Method, String, JSON?, [JSON])] = [
                    (.put, "/v2/collections/-c", nil, ["path", "collection_name"]),
                    (.put, "/v2/collections/a%20b", nil, ["path", "collection_name"]),
                    (.put, "/v2/collections/c", ["descriptio": "x"], ["body", "descriptio"]),
                    (.put, "/v2/collections/c", ["description": 1], ["body", "description"]),
                    (.put, "/v2/collections/c", ["description": long], ["body", "description"]),
                    (.put, "/v2/collections/c", ["metadata": [1]], ["body", "metadata"]),
                    (.put, "/v2/collections/c", ["metadata": ["k": long]], ["body", "metadata"]),
                    (.put, "/v2/collections/c", [1], ["body"]),
                    (.get, "/v2/collections?limit=0", nil, ["query", "limit"]),
                    (.get, "/v2/collections?limit=1001", nil, ["query", "limit"]),
                    (.get, "/v2/collections?limit=x", nil, ["query", "limit"]),
                    (.get, "/v2/collections?offset=-1", nil, ["query", "offset"]),
                    (.get, "/v2/jobs?limit=201", nil, ["query", "limit"]),
                    (.get, "/v2/jobs?status=done", nil, ["query", "status"]),
                    (.get, "/v2/jobs?job_environment=test", nil, ["query", "job_environment"]),
                    (.get, "/v2/jobs/job_1?files_limit=501", nil, ["query", "files_limit"]),
                    (.get, "/v2/collections/c/documents?limit=9999999999999999999", nil, ["query", "limit"]),
                    (.get, "/v2/collections/c/documents/doc_1/chunks?limit=501", nil, ["query", "limit"]),
                    (.post, "/v2/collections/c/index/s3", ["bucket_name": 1], ["body", "bucket_name"]),
                    (.post, "/v2/collections/c/index/s3", ServiceBench.body(["x": 1]), ["body", "x"]),
                    (
                        .post, "/v2/collections/c/index/s3", ServiceBench.body(["auth": ["type": "x"]]),
                        ["body", "auth"]
                    ),
                    (.put, "/v2/integrations/aws/role", ["role_arn": "x", "bucket_name": "b"], ["body", "role_arn"]),
                    (.post, "/v2/integrations/aws/verify", [:], ["body", "role_arn"]),
                    (.post, "/v2/integrations/aws/rotate", ["overlap_seconds": 86_401], ["body", "overlap_seconds"]),
                ]
                for (method, path, body, location) in calls {
                    let answer = try await api.call(method, path, body)
                    #expect(answer.status == 422, "\(method) \(path): \(answer)")
                    let problem = try #require(answer.body["detail"]?.items.first, "\(method) \(path): \(answer)")
                    #expect(problem["loc"]?.items == location, "\(method) \(path): \(answer.body.text)")
                    #expect(problem["msg"]?.stringValue != nil && problem["type"]?.stringValue != nil)
                }
                let both = try await api.call(
                    .post, "/v2/collections/c/index/s3", ServiceBench.body(["overwrite_existing": true]))
                #expect(both.status == 400 && both.body["error_code"] == "conflicting_options")
            }
        }

        @Test func `a body that is no JSON or too large does no harm`() async throws {
            try await serve(try await ServiceBench(count: 0)) { api, _ in
                let deep = String(repeating: "[", count: 100_000)
                for text in ["", "{", "nul", "\u{0}", "{\"a\":1e999}", "{} {}", deep, "{\"a\":\"\\ud800\"}"] {
                    let answer = try await api.call(.post, "/v2/collections/c/index/s3", bytes: Data(text.utf8))
                    #expect(answer.status == 422, "\(text.prefix(20)): \(answer)")
                }
                let invalid = try await api.call(.post, "/v2/integrations/aws/verify", bytes: Data([0xFF, 0xFE]))
                #expect(invalid.status == 422)
                let large = Data(repeating: UInt8(ascii: " "), count: ServiceLimits.bodyByteCountMax + 1)
                let answer = try await api.call(.post, "/v2/collections/c/index/s3", bytes: large)
                #expect(answer.status == 413 && answer.body["detail"]?.stringValue != nil, "\(answer)")
            }
        }

        @Test func `a bucket is indexed and read back`() async throws {
            try await serve(try await ServiceBench(ServiceBench.scenario(["a/1.txt", "a/2.txt", "b/3.txt"]))) {
                api, _ in
                try await api.call(.put, "/v2/collections/c")
                let bucket = try await index(api)
                #expect(bucket["status"] == "completed" && bucket["job_type"] == "index_s3")
                for name in [
                    "job_id", "collection_name", "environment", "created_at", "updated_at", "started_at",
                    "completed_at", "progress", "progress_message", "files", "files_page", "result", "error_code",
                    "error_message", "cancelled_by", "cancelled_at", "rolled_back_at",
                ] { #expect(bucket[name] != nil, "\(name)") }
                let file = try await index(api, "c/index/s3/file", ["file_uri": "s3://bucket/a/1.txt"])
                #expect(file["job_type"] == "index_s3_file" && file.at("result", "files_skipped") == 1)
                let directory = try await index(api, "c/index/s3/directory", ["directory_path": "a"])
                #expect(directory["job_type"] == "index_s3_directory" && directory.at("result", "files_skipped") == 2)

                let jobs = try await api.call(.get, "/v2/jobs").body
                #expect(try await api.call(.get, "/v2/jobs?job_environment=development").body == jobs)
                #expect(try await api.call(.get, "/v2/jobs?job_environment=staging").body["total_count"] == 0)
                #expect(jobs["total_count"] == 3 && jobs["limit"] == 50)
                #expect(jobs["jobs"]?.items.first?["job_id"] == directory["job_id"], "the newest first")
                #expect(jobs["jobs"]?.items.last?["files_indexed"] == 3)
                #expect(try await api.call(.get, "/v2/jobs?status=failed").body["total_count"] == 0)
                #expect(try await api.call(.get, "/v2/jobs?collection=c&limit=1").body["jobs"]?.items.count == 1)
                #expect(try await api.call(.get, "/v2/jobs?collection=d").body["total_count"] == 0)

                #expect(try await api.call(.get, "/v2/collections/c").body["document_count"] == 3)
                let documents = try await api.call(.get, "/v2/collections/c/documents").body
                #expect(documents["total_count"] == 3 && documents["collection_name"] == "c")
                let first = try #require(documents["documents"]?.items.first)
                #expect(
                    first["filename"] == "1.txt" && first["content_type"] == "text/plain" && first["chunk_count"] == 1)
                let path = "/v2/collections/c/documents/\(first["file_id"]?.stringValue ?? "")"
                let document = try await api.call(.get, path).body
                #expect(document["document_id"] == first["file_id"])
                let text = ServiceBench.text(of: "a/1.txt")
                #expect(document["chunks"]?.items.map { $0["content"] } == [.string(text)])
                let chunks = try await api.call(.get, "\(path)/chunks?limit=5").body
                #expect(chunks["total_count"] == 1 && chunks["chunks"] == document["chunks"])
                #expect(chunks["next_offset"] == .null)
                #expect(chunks["chunks"]?.items.first?["byte_length"] == .integer(text.utf8.count))
                #expect(try await api.call(.get, "\(path)/chunks?offset=1").body["chunks"]?.items == [])
                #expect(try await api.call(.delete, path).body["success"] == true)
                #expect(try await api.call(.delete, path).status == 404)

                let id = bucket["job_id"]?.stringValue ?? ""
                #expect(try await api.call(.post, "/v2/jobs/\(id)/cancel").body["status"] == "completed")
                let retry = try await api.call(.post, "/v2/jobs/\(id)/retry")
                #expect(retry.status == 409 && retry.body["error_code"] == "credentials_lost")
                let rolledBack = try await api.call(.patch, "/v2/jobs/\(id)/rollback")
                #expect(rolledBack.status == 200 && rolledBack.body["files_removed"]?.items.count == 2)
                #expect(rolledBack.body["rolled_back_at"]?.stringValue != nil)
                let all = try await api.call(.delete, "/v2/collections/c/documents")
                #expect(all.body["documents_deleted"] == 0)
            }
        }

        @Test func `a key of idempotency is answered with its job, and with 409 for another request`() async throws {
            try await serve(try await ServiceBench(count: 1)) { api, service in
                try await api.call(.put, "/v2/collections/c")
                let (path, headers) = ("/v2/collections/c/index/s3", ["Idempotency-Key": UUID().uuidString])
                let first = try await api.call(.post, path, ServiceBench.body(), headers: headers)
                let second = try await api.call(.post, path, ServiceBench.body(), headers: headers)
                #expect(first.status == 200 && second.status == 200 && first.body == second.body)
                let other = try await api.call(.post, path, ServiceBench.body(["max_files": 1]), headers: headers)
                #expect(other.status == 409 && other.body["error_code"] == "idempotency_conflict")
                _ = try await api.end(of: first.body["job_id"]?.stringValue ?? "")
            }
        }

        @Test func `two organizations and two environments see nothing of each other`() async throws {
            try await serve(try await ServiceBench(count: 2)) { api, service in
                try await api.call(.put, "/v2/collections/c")
                let job = try await index(api)
                let id = try #require(job["job_id"]?.stringValue)
                let list = try await api.call(.get, "/v2/collections/c/documents").body
                let document = try #require(list["documents"]?.items.first?["file_id"]?.stringValue)
                let before = try await api.call(.get, "/v2/jobs/\(id)").body
                for (organization, environment) in [
                    ("Other", APIEnvironment.development), ("Acme", .production), ("Acme", .staging),
                ] {
                    let key = try await service.keys.create(organization: organization, environment: environment).key
                    let foreign = api.with(key: key)
                    func expectNothing(_ when: String) async throws {
                        for (method, path) in Self.routes {
                            let path = path.replacing("job_1", with: id).replacing("doc_1", with: document)
                            // Those that name no ID, or, once it has one, the collection of its own.
                            guard path.contains(id) || path.contains(document) || when == "without a collection",
                                path.contains("/c") || path.contains(id), path != "/v2/collections", method != .put
                            else { continue }
                            let more: [String: JSON] =
                                path.hasSuffix("file")
                                ? ["file_uri": "s3://bucket/10.txt"]
                                : path.hasSuffix("directory") ? ["directory_path": "a"] : [:]
                            let body = path.contains("/index/") ? ServiceBench.body(more) : nil
                            let answer = try await foreign.call(method, path, body)
                            #expect(answer.status == 404, "\(organization) \(environment) \(method) \(path) \(when)")
                        }
                    }
                    try await expectNothing("without a collection")
                    #expect(try await foreign.call(.get, "/v2/collections").body["total_count"] == 0)
                    // Its own collection of the same name is another one.
                    #expect(try await foreign.call(.put, "/v2/collections/c").status == 201)
                    try await expectNothing("with a collection of that name")
                    #expect(try await foreign.call(.get, "/v2/collections/c/documents").body["total_count"] == 0)
                    #expect(try await foreign.call(.get, "/v2/jobs").body["total_count"] == 0)
                    #expect(try await foreign.call(.delete, "/v2/collections/c").status == 200)
                }
                #expect(try await api.call(.get, "/v2/jobs/\(id)").body == before)
                #expect(try await api.call(.get, "/v2/collections/c/documents").body == list)
            }
        }

        @Test func `an integration is one organization's, and each of its environments'`() async throws {
            var configuration = ServiceConfiguration()
            configuration.principalARN = "arn:aws:iam::123456789012:role/vendor"
            try await serve(try await ServiceBench(count: 0), configuration) { api, service in
                #expect(try await api.call(.get, "/v2/integrations/aws").status == 404)
                #expect(try await api.call(.post, "/v2/integrations/aws/rotate").status == 404)
                let minted = try await api.call(.post, "/v2/integrations/aws").body
                let externalID = try #require(minted["external_id"]?.stringValue)
                #expect(minted["trust_policy"]?.text.contains(externalID) == true)
                #expect(minted["permission_policy"]?.text.contains("s3:ListBucket") == true)
                #expect(minted["status"] == "pending" && minted["roles"] == [])
                #expect(try await api.call(.get, "/v2/integrations/aws").body == minted)
                let production = try await service.keys.create(organization: "Acme", environment: .production)
                let same = api.with(key: production.key)
                #expect(try await same.call(.post, "/v2/integrations/aws").body == minted)
                let other = api.with(
                    key: try await service.keys.create(organization: "Other", environment: .development).key)
                #expect(try await other.call(.get, "/v2/integrations/aws").status == 404)
                let rotated = try await api.call(.post, "/v2/integrations/aws/rotate", ["overlap_seconds": 60]).body
                #expect(rotated["external_id"] != .string(externalID))
                #expect(rotated["previous_external_id_valid_until"]?.stringValue != nil)

                try await api.call(.put, "/v2/collections/c")
                let role = "arn:aws:iam::123456789012:role/Read"
                let wrong = try await api.call(
                    .post, "/v2/collections/c/index/s3", ServiceBench.body(role: role, externalID: "cap_org_wrong"))
                #expect(wrong.status == 403 && wrong.body["error_code"] == "external_id_mismatch")
                let unknown = try await api.call(
                    .post, "/v2/collections/c/index/s3", ServiceBench.body(role: role, externalID: externalID))
                #expect(unknown.status == 403 && unknown.body["error_code"] == "role_not_registered")
                let verify = try await api.call(
                    .post, "/v2/integrations/aws/verify", ["role_arn": .string(role), "bucket_name": "bucket"])
                #expect(verify.status == 404)
                let put = try await api.call(
                    .put, "/v2/integrations/aws/role",
                    ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"])
                #expect(put.status == 200 && put.body["status"] == "pending", "\(put)")
                #expect(put.body.at("check", "verdict") == "failed")
                let inactive = try await api.call(
                    .post, "/v2/collections/c/index/s3", ServiceBench.body(role: role, externalID: externalID))
                #expect(inactive.status == 403 && inactive.body["error_code"] == "role_not_active")
                let query = role.replacing("/", with: "%2F").replacing(":", with: "%3A")
                let taken = try await other.call(.delete, "/v2/integrations/aws/role?role_arn=\(query)")
                #expect(taken.status == 404, "it is not the other's")
                let gone = try await api.call(.delete, "/v2/integrations/aws/role?role_arn=\(query)")
                #expect(gone.status == 200, "\(gone)")
            }
        }

        @Test func `a job's events end with it, and those that were seen are not sent again`() async throws {
            try await serve(try await ServiceBench(count: 1)) { api, _ in
                try await api.call(.put, "/v2/collections/c")
                let id = try await index(api)["job_id"]?.stringValue ?? ""
                func events(after lastID: String? = nil) async throws -> String {
                    let answer = try await api.call(
                        .get, "/v2/jobs/\(id)/events", headers: lastID.map { ["Last-Event-ID": $0] } ?? [:])
                    #expect(answer.status == 200 && answer.headers[.contentType] == "text/event-stream")
                    return answer.text
                }
                let text = try await events()
                #expect(text.hasPrefix("id: completed\nevent: state\ndata: {") && text.hasSuffix("}\n\n"), "\(text)")
                #expect(text.contains("\"job_id\":\"\(id)\"") && text.split(separator: "\n").count == 3)
                #expect(try await events(after: "completed") == "")
                #expect(try await events(after: "running-1-0-0") == text)
            }
        }

        @Test func `a stream of events ends when its key is revoked`() async throws {
            let bench = try await ServiceBench(count: 1, faults: [.hang(on: .get).times(-1)])
            try await serve(bench) { api, service in
                try await api.call(.put, "/v2/collections/c")
                let started = try await api.call(.post, "/v2/collections/c/index/s3", ServiceBench.body())
                let id = started.body["job_id"]?.stringValue ?? ""
                try await bench.waitForHang()
                let key = try await service.keys.create(organization: "Acme", environment: .development)
                async let answer = api.with(key: key.key).call(.get, "/v2/jobs/\(id)/events")
                try await Task.sleep(for: .milliseconds(100))
                #expect(try await service.keys.revoke(keyID: key.keyID))
                // It would go on for ever otherwise; the revocation may also have come before the stream.
                let status = try await answer.status
                #expect(status == 200 || status == 401)
            }
        }

        @Test func `a key follows a bounded number of jobs at once`() async throws {
            let bench = try await ServiceBench(count: 0)
            let service = try await bench.start()
            let looks = EventLooks(service, every: .seconds(1))
            let (caller, other) = (try await service.caller(), try await service.caller())
            var places: [EventLooks.Place] = []
            for _ in 0..<ServiceLimits.streamCountMaxOfKey { places.append(try await looks.place(for: caller)) }
            await #expect(throws: ServiceError.self) { try await looks.place(for: caller) }
            _ = try await looks.place(for: other)
            places.removeLast()
            while (try? await looks.place(for: caller)) == nil { try await Task.sleep(for: .milliseconds(5)) }
            await service.shutDown()
        }
    }
#endif
