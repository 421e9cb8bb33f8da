import DredgeStore
import Foundation
import GRDB
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// Who is told of the ends of jobs, and how.
@Suite(.timeLimit(.minutes(30))) struct WebhookTests {
    private struct Setup {
        var bench: ServiceBench
        var receiver: WebhookReceiver
        let clock = StandingClock()
        var service: IndexService
        var caller: Caller

        init(_ bench: ServiceBench? = nil) async throws {
            self.bench = if let bench { bench } else { try await ServiceBench(count: 1) }
            receiver = try await WebhookReceiver()
            service = try await self.bench.start(Self.configuration(clock))
            caller = try await service.caller()
            _ = try await service.collections.put("c", [:], for: caller)
        }

        private static func configuration(_ clock: StandingClock) -> ServiceConfiguration {
            var configuration = ServiceConfiguration()
            configuration.allowsInsecureWebhooks = true
            configuration.allowsPrivateWebhookAddresses = true
            configuration.time = clock.source
            return configuration
        }

        mutating func restart() async throws {
            await service.shutDown()
            service = try await bench.start(Self.configuration(clock))
        }

        /// A new endpoint: its ID and secret.
        func endpoint(_ path: String = "hook", _ more: [String: JSON] = [:]) async throws -> (String, String) {
            let endpoint = try await service.webhooks.create(
                .object(["url": .string(receiver.url(path))].merging(more) { $1 }), for: caller)
            return (try #require(endpoint["endpoint_id"]?.stringValue), try #require(endpoint["secret"]?.stringValue))
        }

        func deliveries(_ endpoint: String) async throws -> [JSON] {
            try await service.webhooks.deliveries(endpoint, status: nil, limit: 100, offset: 0, for: caller)[
                "deliveries"]?.items ?? []
        }

        /// The endpoint's only delivery, once `isReached` says so.
        @discardableResult
        func delivery(_ endpoint: String, when isReached: (JSON) -> Bool) async throws -> JSON {
            while true {
                let deliveries = try await deliveries(endpoint)
                try #require(deliveries.count <= 1, "\(deliveries)")
                if let delivery = deliveries.first, isReached(delivery) { return delivery }
                try await Task.sleep(for: .milliseconds(10))
            }
        }

        /// Sends what is due after so many seconds more.
        func pass(_ seconds: Double) {
            clock.advance(by: seconds)
            service.webhooks.sender.wake()
        }

        func attempts(_ endpoint: String, _ delivery: JSON) async throws -> [JSON] {
            let id = try #require(delivery["delivery_id"]?.stringValue)
            return try await service.webhooks.attempts(endpoint, id, for: caller)["attempts"]?.items ?? []
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

    @Test func `the standard's verifier accepts what a job's end sends, also after a rotation`() async throws {
        let setup = try await Setup()
        let (receiver, caller) = (setup.receiver, setup.caller)
        let (endpoint, secret) = try await setup.endpoint()
        #expect(secret.hasPrefix("whsec_") && Data(base64Encoded: String(secret.dropFirst(6)))?.count == 32)
        #expect(try await setup.service.webhooks.get(endpoint, for: caller)["secret"] == nil)
        try receiver.know([secret])
        let job = try await setup.service.index(for: caller)
        let id = try #require(job["job_id"]?.stringValue)
        let delivery = try await setup.delivery(endpoint) { $0["status"] == "succeeded" }
        #expect(delivery["event_type"] == "job.completed" && delivery["event_id"] == .string("evt_\(id)"))
        #expect(delivery["attempt_count"] == 1 && delivery["last_status_code"] == 200)
        var request = try #require(try receiver.requests().first)
        #expect(request.verified == [true] && request.headers["webhook-id"] == "evt_\(id)")
        #expect(request.headers["content-type"] == "application/json")
        let event = try JSON(parsing: Data(request.body.utf8))
        #expect(event["type"] == "job.completed" && event["id"] == .string("evt_\(id)"))
        #expect(event.at("data", "job_id") == .string(id) && event.at("data", "collection_name") == "c")
        #expect(event.at("data", "result", "files_indexed") == 1 && event.at("data", "source") == "api")

        let rotated = try await setup.service.webhooks.rotate(endpoint, for: caller)
        let new = try #require(rotated["secret"]?.stringValue)
        #expect(new != secret && rotated["previous_secret_valid_until"]?.stringValue != nil)
        try receiver.know([secret, new, WebhookSecret.make().text])
        let deliveryID = try #require(delivery["delivery_id"]?.stringValue)
        _ = try await setup.service.webhooks.resend(endpoint, deliveryID, for: caller)
        try await setup.delivery(endpoint) { $0["attempt_count"] == 2 }
        request = try receiver.requests()[1]
        #expect(request.verified == [true, true, false] && request.headers["webhook-id"] == "evt_\(id)")
        // Its end, by the clock of the service: the verifier's own would find the time too new.
        setup.pass(86_401)
        _ = try await setup.service.webhooks.resend(endpoint, deliveryID, for: caller)
        try await setup.delivery(endpoint) { $0["attempt_count"] == 3 }
        #expect(try receiver.requests()[2].headers["webhook-signature"]?.split(separator: " ").count == 1)
        #expect(try await setup.attempts(endpoint, delivery).map { $0["attempt"] } == [3, 2, 1])
        await setup.service.shutDown()
    }

    @Test func `endpoints get the events that they ask for`() async throws {
        let setup = try await Setup(
            try await ServiceBench(count: 2, faults: [.error(on: .get, 403, "AccessDenied").forKey("11.txt").times(-1)])
        )
        let caller = setup.caller
        _ = try await setup.service.collections.put("d", [:], for: caller)
        let other = try await setup.service.caller("Other")
        let staging = try await setup.service.caller("Acme", .staging)
        let foreign = try await [other, staging].asyncMap { caller in
            try await setup.service.webhooks.create(["url": .string(setup.receiver.url("foreign"))], for: caller)
        }
        #expect(foreign.count == 2)
        let endpoints = try await [
            ("all", [:]), ("errors", ["events": ["job.completed_with_errors"]]), ("failed", ["events": ["job.failed"]]),
            ("c", ["filters": ["collections": ["c", "x"]]]), ("api", ["filters": ["sources": ["api"]]]),
            ("syncs", ["filters": ["sources": ["sync"]]]), ("sync", ["filters": ["sync_ids": ["sync_1"]]]),
            ("inactive", ["active": false]),
        ].asyncMap { (name: String, more: [String: JSON]) in (name, try await setup.endpoint(name, more).0) }
        _ = try await setup.service.index(into: "c", for: caller)
        _ = try await setup.service.index(
            .bucket, ServiceBench.body(["exclude": ["11.txt"]]), into: "d", for: caller)
        let missing = ServiceBench.body(["bucket_name": "no-such-bucket"])
        #expect(try await setup.service.index(.bucket, missing, into: "d", for: caller)["status"] == "failed")
        var types: [String: Set<JSON>] = [:]
        for (name, id) in endpoints {
            types[name] = Set(try await setup.deliveries(id).compactMap { $0["event_type"] })
        }
        let all: Set<JSON> = ["job.completed_with_errors", "job.completed", "job.failed"]
        #expect(types["all"] == all && types["api"] == all)
        #expect(types["errors"] == ["job.completed_with_errors"] && types["failed"] == ["job.failed"])
        #expect(types["c"] == ["job.completed_with_errors"])
        #expect(types["syncs"] == [] && types["sync"] == [] && types["inactive"] == [])
        #expect(try !setup.receiver.requests().contains { $0.path == "/foreign" })
        await setup.service.shutDown()
    }

    @Test func `what fails is tried again, ever later, and then can be recovered`() async throws {
        let setup = try await Setup()
        let (endpoint, _) = try await setup.endpoint("flaky/10")
        _ = try await setup.service.index(for: setup.caller)
        let delays = ServiceLimits.webhookRetrySeconds
        #expect(zip(delays, delays.dropFirst()).allSatisfy(<) && delays.reduce(0, +) > 3 * 86_400)
        for (index, delay) in delays.enumerated() {
            let delivery = try await setup.delivery(endpoint) { $0["attempt_count"] == .integer(index + 1) }
            #expect(delivery["status"] == "pending" && delivery["last_status_code"] == 500)
            #expect(delivery["next_attempt_at"] == .string(timeText(setup.clock.now.timeIntervalSince1970 + delay)))
            setup.pass(delay - 1)
            // Nothing is due; the next one would have come before this event of another endpoint.
            let (probe, _) = try await setup.endpoint("probe")
            _ = try await setup.service.webhooks.test(probe, for: setup.caller)
            try await setup.delivery(probe) { $0["status"] == "succeeded" }
            #expect(try await setup.deliveries(endpoint)[0]["attempt_count"] == .integer(index + 1))
            setup.pass(1.5)
        }
        var delivery = try await setup.delivery(endpoint) { $0["status"] != "pending" }
        #expect(delivery["status"] == "failed" && delivery["attempt_count"] == 10)
        #expect(delivery["next_attempt_at"] == .null)
        let since = JSON.string(timeText(setup.clock.now.timeIntervalSince1970 - 6 * 86_400))
        let recovered = try await setup.service.webhooks.recover(endpoint, ["since": since], for: setup.caller)
        #expect(recovered["recovered_count"] == 1)
        delivery = try await setup.delivery(endpoint) { $0["status"] == "succeeded" }
        #expect(delivery["attempt_count"] == 11)
        let again = try await setup.service.webhooks.recover(endpoint, ["since": since], for: setup.caller)
        #expect(again["recovered_count"] == 0)
        let early = JSON.string(timeText(setup.clock.now.timeIntervalSince1970 - 8 * 86_400))
        for wrong: JSON in [[:], ["since": early], ["since": "yesterday"], ["since": "2999-01-01T00:00:00Z"]] {
            #expect(
                await setup.code { _ = try await setup.service.webhooks.recover(endpoint, wrong, for: setup.caller) }
                    == "body.since")
        }
        await setup.service.shutDown()
    }

    @Test func `answers mean what HTTP says`() async throws {
        let setup = try await Setup()
        var ids: [String: String] = [:]
        for path in [
            "status/204", "long/100000", "redirect", "status/404", "status/410", "later/503/1000", "later/429/x",
        ] { ids[path] = try await setup.endpoint(path).0 }
        _ = try await setup.service.index(for: setup.caller)
        var found: [String: JSON] = [:]
        for (path, id) in ids { found[path] = try await setup.delivery(id) { $0["attempt_count"] == 1 } }
        #expect(found["status/204"]?["status"] == "succeeded")
        #expect(found["long/100000"]?["status"] == "succeeded" && found["long/100000"]?["last_status_code"] == 200)
        #expect(found["redirect"]?["status"] == "pending" && found["redirect"]?["last_status_code"] == 307)
        #expect(found["status/404"]?["status"] == "pending")
        let now = setup.clock.now.timeIntervalSince1970
        #expect(found["later/503/1000"]?["next_attempt_at"] == .string(timeText(now + 1_000)))
        #expect(found["later/429/x"]?["next_attempt_at"] == .string(timeText(now + 5)))
        #expect(found["status/410"]?["status"] == "failed")
        let gone = try #require(ids["status/410"])
        let endpoint = try await setup.service.webhooks.get(gone, for: setup.caller)
        #expect(endpoint["active"] == false && endpoint["disabled_reason"]?.stringValue?.contains("410") == true)
        #expect(
            await setup.code { _ = try await setup.service.webhooks.test(gone, for: setup.caller) }
                == "endpoint_inactive")
        let patched = try await setup.service.webhooks.update(gone, ["active": true], for: setup.caller)
        #expect(patched["active"] == true && patched["disabled_reason"] == .null)
        #expect(try !setup.receiver.requests().contains { $0.path == "/redirected" })
        await setup.service.shutDown()
    }

    @Test func `what was not delivered is sent by the next server`() async throws {
        var setup = try await Setup(
            try await ServiceBench(count: 3, faults: [.hang(on: .get).forKey("12.txt").times(-1)]))
        let (endpoint, _) = try await setup.endpoint("flaky/1")
        let id = try await setup.service.jobs.submit(
            .bucket, ServiceBench.body(), into: "c", idempotencyKey: nil, for: setup.caller)
        try await setup.bench.waitForHang()
        // Its keys are gone with this server: the next one ends it.
        try await setup.restart()
        var delivery = try await setup.delivery(endpoint) { $0["attempt_count"] == 1 }
        #expect(delivery["event_type"] == "job.failed" && delivery["event_id"] == .string("evt_\(id)"))
        #expect(delivery["status"] == "pending")
        await setup.service.shutDown()
        setup.clock.advance(by: 10)
        try await setup.restart()
        delivery = try await setup.delivery(endpoint) { $0["status"] == "succeeded" }
        #expect(delivery["attempt_count"] == 2)
        let request = try #require(try setup.receiver.requests().last)
        #expect(try JSON(parsing: Data(request.body.utf8)).at("data", "error_code") == "credentials_lost")
        await setup.service.shutDown()
    }

    @Test func `a receiver that does not answer holds up nobody else`() async throws {
        let setup = try await Setup()
        let hanging = try await (0..<ServiceLimits.webhookOrganizationRequestMax).map { $0 }.asyncMap { _ in
            try await setup.endpoint("hang").0
        }
        for endpoint in hanging { _ = try await setup.service.webhooks.test(endpoint, for: setup.caller) }
        while try setup.receiver.requests().count < hanging.count { try await Task.sleep(for: .milliseconds(10)) }
        let other = try await setup.service.caller("Other")
        let endpoint = try await setup.service.webhooks.create(
            ["url": .string(setup.receiver.url("other"))], for: other)
        let id = try #require(endpoint["endpoint_id"]?.stringValue)
        _ = try await setup.service.webhooks.test(id, for: other)
        while try !setup.receiver.requests().contains(where: { $0.path == "/other" }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        // Nor does it hold up the end of the service, after which it is due still.
        await setup.service.shutDown()
    }

    @Test func `nothing within the operator's network can be reached, unless the operator allows it`() async throws {
        let bench = try await ServiceBench(count: 0)
        let receiver = try await WebhookReceiver()
        var configuration = ServiceConfiguration()
        configuration.allowsInsecureWebhooks = true
        var service = try await bench.start(configuration)
        let caller = try await service.caller()
        func code(_ url: String) async -> String {
            do {
                _ = try await service.webhooks.create(["url": .string(url)], for: caller)
                return "made"
            } catch ServiceError.invalid(let problems) {
                return problems.map { $0.location.joined(separator: ".") }.joined(separator: " ")
            } catch { return "\(error)" }
        }
        for host in [
            "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "[::1]", "[fe80::1]",
            "[fd00:ec2::254]", "[::ffff:127.0.0.1]", "224.0.0.1", "255.255.255.255",
        ] { #expect(await code("http://\(host):\(receiver.port)/x") == "body.url", "\(host)") }
        for url in [
            "ftp://example.com/", "https://", "https:///x", "//example.com", "https://user@example.com/",
            "https://user:secret@example.com/", "https://example.com/#part", "https://exa mple.com/",
            "https://example.com/\r\nX: y", "https://example.com/\u{e9}",
            "https://example.com/\(String(repeating: "x", count: 3_000))", "HTTPS://example.com", "",
        ] { #expect(await code(url) == "body.url", "\(url)") }
        // Names, and numbers that only the resolver understands, are looked at when they are connected to.
        for host in ["localhost", "2130706433", "0x7f000001", "127.1"] {
            let endpoint = try await service.webhooks.create(
                ["url": .string("http://\(host):\(receiver.port)/x")], for: caller)
            let id = try #require(endpoint["endpoint_id"]?.stringValue)
            _ = try await service.webhooks.test(id, for: caller)
            var delivery: JSON?
            while delivery?["status"] ?? "pending" == "pending" {
                try await Task.sleep(for: .milliseconds(10))
                delivery = try await service.webhooks.deliveries(id, status: nil, limit: 1, offset: 0, for: caller)[
                    "deliveries"]?.items.first
            }
            #expect(delivery?["status"] == "failed" && delivery?["last_error"] == "private_address", "\(host)")
            #expect(delivery?["last_status_code"] == .null)
        }
        #expect(try receiver.requests().isEmpty)
        await service.shutDown()
        service = try await bench.start()
        #expect(await code("http://example.com/") == "body.url")
        #expect(await code("https://example.com/") == "made")
        await service.shutDown()
    }

    @Test func `endpoints, their filters and their logs are bounded`() async throws {
        let setup = try await Setup()
        let webhooks = setup.service.webhooks
        for wrong: (JSON, String) in [
            (["events": []], "body.events"), (["events": ["job.started"]], "body.events"),
            (["filters": ["collections": .array((0..<11).map { .string("c\($0)") })]], "body.filters.collections"),
            (["filters": ["sync_ids": .array((0..<11).map { .string("s\($0)") })]], "body.filters.sync_ids"),
            (["filters": ["sources": ["console"]]], "body.filters.sources"),
            (["filters": ["buckets": []]], "body.filters.buckets"), (["secret": "whsec_x"], "body.secret"),
            (["description": .string(String(repeating: "x", count: 2_000))], "body.description"),
            (["active": "yes"], "body.active"),
        ] {
            #expect(
                await setup.code { _ = try await setup.endpoint("x", wrong.0.members) } == wrong.1, "\(wrong.0.text)")
        }
        let (endpoint, _) = try await setup.endpoint()
        for _ in 1..<ServiceLimits.webhookEndpointCountMax { _ = try await setup.endpoint() }
        #expect(await setup.code { _ = try await setup.endpoint() } == "too_many_endpoints")
        let other = try await setup.service.caller("Other")
        let url: JSON = ["url": .string(setup.receiver.url("x"))]
        _ = try await webhooks.create(url, for: other)
        let now = setup.clock.now.timeIntervalSince1970
        try await webhooks.database.write { db in
            for index in 0..<ServiceLimits.webhookDeliveryCountMax + 5 {
                try Webhooks.insert(
                    db, for: endpoint, event: "evt_\(index)", type: "job.completed", job: nil, "{}", now: now)
            }
            try Webhooks.failWaiting(db, endpoint)
            // The oldest of all: it is still to be sent.
            try db.execute(sql: "UPDATE webhook_delivery SET status = 'pending' WHERE event = 'evt_0'")
            try Webhooks.insert(
                db, for: endpoint, event: "evt_last", type: "job.completed", job: nil, "{}", now: now)
        }
        let page = try await webhooks.deliveries(endpoint, status: "failed", limit: 2, offset: 0, for: setup.caller)
        #expect(page["total_count"] == .integer(ServiceLimits.webhookDeliveryCountMax - 1))
        #expect(page["deliveries"]?.items.first?["event_id"] == "evt_2004")
        let waiting = try await webhooks.database.read { db in
            try String.fetchAll(db, sql: "SELECT event FROM webhook_delivery WHERE event IN ('evt_0', 'evt_1')")
        }
        #expect(waiting == ["evt_0"])
        setup.clock.advance(by: ServiceLimits.webhookDeliverySeconds + 1)
        _ = try await webhooks.test(endpoint, for: setup.caller)
        #expect(try await setup.deliveries(endpoint).count == 1)
        try await webhooks.delete(endpoint, for: setup.caller)
        #expect(await setup.code { _ = try await webhooks.get(endpoint, for: setup.caller) } == "not_found")
        _ = try await setup.endpoint()
        await setup.service.shutDown()
    }
}

extension Collection where Element: Sendable {
    /// The results of `transform`, one after the other.
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}

extension JSON {
    /// Of an object.
    var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
}
