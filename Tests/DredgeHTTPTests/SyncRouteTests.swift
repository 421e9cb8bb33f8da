#if Server
    import DredgeAWS
    import DredgeService
    import Foundation
    import Hummingbird
    import ServiceBench
    import TestServers
    import Testing

    /// The routes of syncs and webhooks: who may call them, and what they answer.
    @Suite(.timeLimit(.minutes(30))) struct SyncRouteTests {
        private static let role = "arn:aws:iam::123456789012:role/Read"

        private static func routes(
            sync: String, endpoint: String, delivery: String
        ) -> [(HTTPRequest.Method, String, JSON?)] {
            let hook = "/v2/webhooks/endpoints/\(endpoint)"
            return [
                (.get, "/v2/syncs/\(sync)", nil), (.patch, "/v2/syncs/\(sync)", ["status": "paused"]),
                (.post, "/v2/syncs/\(sync)/reconcile", nil), (.delete, "/v2/syncs/\(sync)", nil),
                (.get, "/v2/collections/c/sync/s3", nil), (.patch, "/v2/collections/c/sync/s3", ["status": "paused"]),
                (.delete, "/v2/collections/c/sync/s3", nil), (.get, hook, nil), (.patch, hook, ["active": false]),
                (.post, "\(hook)/rotate", nil), (.post, "\(hook)/test", nil),
                (.post, "\(hook)/recover", ["since": .string(Date().ISO8601Format())]),
                (.get, "\(hook)/deliveries", nil),
                (.get, "\(hook)/deliveries/\(delivery)", nil), (.get, "\(hook)/deliveries/\(delivery)/attempts", nil),
                (.post, "\(hook)/deliveries/\(delivery)/resend", nil), (.delete, hook, nil),
            ]
        }

        private func scenario() -> ScriptedS3Server.Scenario {
            var scenario = ServiceBench.scenario(ServiceBench.keys(2))
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            scenario.sts = .init(sessionSeconds: 3_600)
            return scenario
        }

        private func start(_ bench: ServiceBench) async throws -> (APIClient, IndexService) {
            var configuration = ServiceConfiguration()
            configuration.allowsRolesWithoutExternalID = true
            configuration.allowsInsecureWebhooks = true
            configuration.allowsPrivateWebhookAddresses = true
            let service = try await bench.start(configuration)
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            return (APIClient(service, key: key), service)
        }

        private func body(_ externalID: String, _ more: [String: JSON] = [:]) -> JSON {
            .object(
                [
                    "bucket": "bucket", "region": "us-east-1", "processing_type": "basic",
                    "auth": [
                        "type": "assume_role", "role_arn": .string(Self.role), "external_id": .string(externalID),
                    ],
                ].merging(more) { $1 })
        }

        @Test func `syncs and webhooks are for who has a key of their organization and environment`() async throws {
            let bench = try await ServiceBench(scenario())
            let receiver = try await WebhookReceiver()
            let (api, service) = try await start(bench)
            try await api.call(.put, "/v2/collections/c")
            let externalID = try #require(
                try await api.call(.post, "/v2/integrations/aws").body["external_id"]?.stringValue)
            let registered = try await api.call(
                .put, "/v2/integrations/aws/role",
                ["role_arn": .string(Self.role), "bucket_name": "bucket", "bucket_region": "us-east-1"])
            #expect(registered.body["status"] == "active", "\(registered)")

            let made = try await api.call(
                .post, "/v2/webhooks/endpoints",
                ["url": .string(receiver.url("hook")), "filters": ["sources": ["sync"]], "events": ["job.completed"]])
            #expect(made.status == 201 && made.body["active"] == true, "\(made)")
            let endpoint = try #require(made.body["endpoint_id"]?.stringValue)
            try receiver.know([try #require(made.body["secret"]?.stringValue)])
            let list = try await api.call(.get, "/v2/webhooks/endpoints")
            #expect(list.body["total_count"] == 1 && !list.text.contains("whsec_"))

            let created = try await api.call(.post, "/v2/collections/c/sync/s3", body(externalID))
            #expect(created.status == 201, "\(created)")
            let sync = try #require(created.body["sync_id"]?.stringValue)
            _ = try await api.end(of: try #require(created.body["last_backfill_job_id"]?.stringValue))
            while try receiver.requests().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            let request = try #require(try receiver.requests().first)
            #expect(request.verified == [true])
            #expect(try JSON(parsing: Data(request.body.utf8)).at("data", "sync_id") == .string(sync))
            let deliveries = try await api.call(.get, "/v2/webhooks/endpoints/\(endpoint)/deliveries").body
            let delivery = try #require(deliveries["deliveries"]?.items.first?["delivery_id"]?.stringValue)

            let strangers = [
                try await service.keys.create(organization: "Other", environment: .development).key,
                try await service.keys.create(organization: "Acme", environment: .production).key,
            ]
            let routes = Self.routes(sync: sync, endpoint: endpoint, delivery: delivery)
            for (method, path, body) in routes {
                #expect(try await api.with(key: nil).call(method, path, body).status == 401, "\(method) \(path)")
                for key in strangers {
                    let answer = try await api.with(key: key).call(method, path, body)
                    #expect(answer.status == 404, "\(method) \(path): \(answer)")
                    #expect(answer.body["error_code"] == "not_found")
                }
            }
            for (method, path) in [
                (HTTPRequest.Method.get, "/v2/syncs"), (.post, "/v2/collections/c/sync/s3"),
                (.put, "/v2/collections/c/sync/s3"), (.get, "/v2/webhooks/endpoints"),
                (.post, "/v2/webhooks/endpoints"),
            ] { #expect(try await api.with(key: nil).call(method, path).status == 401, "\(method) \(path)") }
            for key in strangers {
                #expect(try await api.with(key: key).call(.get, "/v2/syncs").body["total_count"] == 0)
                #expect(try await api.with(key: key).call(.get, "/v2/webhooks/endpoints").body["total_count"] == 0)
                let put = try await api.with(key: key).call(.put, "/v2/collections/c/sync/s3", body(externalID))
                #expect(put.status == 404)
            }
            // Whose they are may, in this order.
            let attempts = try await api.call(
                .get, "/v2/webhooks/endpoints/\(endpoint)/deliveries/\(delivery)/attempts")
            #expect(attempts.body["attempts"]?.items.first?["status_code"] == 200, "\(attempts)")
            let one = try await api.call(.get, "/v2/webhooks/endpoints/\(endpoint)/deliveries/\(delivery)")
            #expect(one.body.at("payload", "type") == "job.completed", "\(one)")
            for (method, path, body) in routes where method != .delete && body?["active"] != false {
                let answer = try await api.call(method, path, body)
                #expect(answer.status == 200, "\(method) \(path): \(answer)")
                let job = answer.body["job_id"] ?? created.body["last_backfill_job_id"]
                try await api.end(of: try #require(job?.stringValue))
            }
            for (method, path, _) in routes where method == .delete && !path.contains("collections") {
                #expect(try await api.call(method, path).status == 200, "\(method) \(path)")
            }
            await service.shutDown()
        }

        @Test func `a collection's syncs are made once, replaced, and named where there are several`() async throws {
            let bench = try await ServiceBench(scenario())
            let (api, service) = try await start(bench)
            try await api.call(.put, "/v2/collections/c")
            let externalID = try #require(
                try await api.call(.post, "/v2/integrations/aws").body["external_id"]?.stringValue)
            try await api.call(
                .put, "/v2/integrations/aws/role",
                ["role_arn": .string(Self.role), "bucket_name": "bucket", "bucket_region": "us-east-1"])
            let path = "/v2/collections/c/sync/s3"
            #expect(try await api.call(.patch, path, ["status": "paused"]).status == 404)
            let made = try await api.call(.put, path, body(externalID))
            #expect(made.status == 201, "\(made)")
            let sync = try #require(made.body["sync_id"]?.stringValue)
            let conflict = try await api.call(.post, path, body(externalID))
            #expect(conflict.status == 409 && conflict.body["error_code"] == "sync_exists")
            let again = try await api.call(.put, path, body(externalID, ["deletion_policy": "archive"]))
            #expect(again.status == 200 && again.body["sync_id"] == .string(sync))
            #expect(again.body["deletion_policy"] == "archive")
            #expect(try await api.call(.patch, path, ["sync_interval_minutes": 60]).status == 200)
            let unsound = try await api.call(.post, path, ["bucket": "bucket", "sync_interval_minutes": 1])
            #expect(unsound.status == 422)
            let locations = unsound.body["detail"]?.items.compactMap { $0["loc"]?.items.last?.stringValue } ?? []
            #expect(Set(locations) == ["auth", "processing_type", "sync_interval_minutes"], "\(unsound)")
            let second = try await api.call(.post, path, body(externalID, ["prefix": "x/"]))
            #expect(second.status == 201)
            let several = try await api.call(.delete, path)
            #expect(several.status == 409 && several.body["error_code"] == "several_syncs")
            #expect(try await api.call(.delete, "\(path)?sync_id=\(sync)").status == 200)
            #expect(try await api.call(.delete, "\(path)?sync_id=\(sync)").status == 409)
            #expect(try await api.call(.delete, "\(path)?sync_id=sync_x").status == 404)
            #expect(
                try await api.call(.get, path).body["syncs"]?.items.map { $0["sync_id"] } == [second.body["sync_id"]])
            #expect(try await api.call(.delete, path).status == 200)
            let jobs = try await api.call(.get, "/v2/jobs?sync_id=\(sync)").body
            #expect(jobs["total_count"] == 1 && jobs["jobs"]?.items.first?["sync_id"] == .string(sync))
            await service.shutDown()
        }

        @Test func `a sync mirrors a bucket of moto's, with the role that its organization registered`() async throws {
            let moto = try await MotoServer()
            defer { moto.stop() }
            let (bucket, roleName) = ("acme-contracts", "customer-read")
            let objects = (10..<40).map { MotoScenario.Object("\($0).txt", Data("text of \($0)\n".utf8)) }
            let outcome = try await moto.apply(
                MotoScenario(
                    users: [
                        .init("vendor", policy: MotoScenario.allow(["sts:AssumeRole"], on: ["*"])),
                        .init("owner", policy: MotoScenario.allow(["s3:*"], on: ["*"])),
                    ], buckets: [.init(bucket, objects: objects)]))
            let vendor = try #require(outcome.accessKeys["vendor"])
            let owner = try #require(outcome.accessKeys["owner"])
            let bench = try await ServiceBench(count: 0)
            let service = try await bench.start(
                base: .fixed(Credentials(accessKeyID: vendor.id, secretAccessKey: vendor.secret)),
                endpointURL: moto.endpointURL)
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            let api = APIClient(service, key: key)
            try await api.call(.put, "/v2/collections/c")
            let externalID = try #require(
                try await api.call(.post, "/v2/integrations/aws").body["external_id"]?.stringValue)
            let trust = MotoScenario.trust([MotoScenario.userARN("vendor")], externalID: externalID)
            _ = try await moto.apply(
                MotoScenario(roles: [.init(roleName, trust: trust, policy: MotoScenario.read(bucket: bucket))]))
            let arn = JSON.string(MotoScenario.roleARN(roleName))
            let registered = try await api.call(
                .put, "/v2/integrations/aws/role",
                ["role_arn": arn, "bucket_name": .string(bucket), "bucket_region": "us-east-1"])
            #expect(registered.body["status"] == "active", "\(registered)")
            let made = try await api.call(
                .post, "/v2/collections/c/sync/s3",
                [
                    "bucket": .string(bucket), "region": "us-east-1", "processing_type": "basic",
                    "auth": ["type": "assume_role", "role_arn": arn, "external_id": .string(externalID)],
                ])
            let backfill = try await api.end(of: try #require(made.body["last_backfill_job_id"]?.stringValue))
            #expect(backfill.at("result", "files_indexed") == 30, "\(backfill.text)")
            let script = """
                import boto3
                s3 = boto3.client("s3", endpoint_url="\(moto.endpointURL)", region_name="us-east-1",
                    aws_access_key_id="\(owner.id)", aws_secret_access_key="\(owner.secret)")
                s3.delete_object(Bucket="\(bucket)", Key="10.txt")
                s3.put_object(Bucket="\(bucket)", Key="new.txt", Body=b"something new")
                """
            let edited = try await Program.run(Python.interpreter, ["-c", script])
            try #require(edited.status == 0, "\(edited)")
            let sync = try #require(made.body["sync_id"]?.stringValue)
            let answer = try await api.call(.post, "/v2/syncs/\(sync)/reconcile")
            let job = try await api.end(of: try #require(answer.body["job_id"]?.stringValue))
            #expect(job.at("result", "files_removed") == 1 && job.at("result", "files_indexed") == 1, "\(job.text)")
            let documents = try await api.call(.get, "/v2/collections/c/documents").body["documents"]?.items ?? []
            let names = Set(documents.compactMap { $0["filename"]?.stringValue })
            #expect(names.count == 30 && names.contains("new.txt") && !names.contains("10.txt"))
            await service.shutDown()
        }
    }
#endif
