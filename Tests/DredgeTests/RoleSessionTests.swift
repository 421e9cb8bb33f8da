import Dredge
import DredgeAWS
import DredgeStore
import Foundation
import Logging
import Synchronization
import TestServers
import Testing

/// What a run asks of STS, and what it makes of the answers.
@Suite(.timeLimit(.minutes(30))) struct RoleSessionTests {
    private static let line = Array("a line of text\n".utf8)
    private let bench: Workbench
    private let log = LoggedWarnings()

    init() throws { bench = try Workbench() }

    private func scenario(externalID: String? = "id") -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(
            objects: [.init("in/a.txt", body: Self.line), .init("in/b.txt", body: Self.line)])
        scenario.sts = .init(sessionSeconds: 900, externalID: externalID)
        return scenario
    }

    private func source(at server: ScriptedS3Server, _ change: (inout Source) -> Void = { _ in }) -> Source {
        var source = Workbench.source(at: server, prefix: "in/")
        source.auth = .assumeRole([RoleHop(roleARN: "arn:aws:iam::123456789012:role/R", externalID: "id")])
        source.stsEndpointURL = server.endpointURL
        change(&source)
        return source
    }

    private func run(_ source: Source) async throws -> RunReport {
        let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
        defer { try? store.close() }
        let engine = try Engine(base: Workbench.anyKeys, environment: [:], logger: log.logger)
        return try await engine.run([source], into: store).report()
    }

    private func form(_ request: ScriptedS3Server.LoggedRequest) throws -> [String: String] {
        var components = URLComponents()
        components.percentEncodedQuery = try #require(request.form).replacing("+", with: "%20")
        return Dictionary(
            (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `the session is narrowed to the source, and its name leads back to run and source`() async throws {
        let server = try await ScriptedS3Server(scenario())
        defer { server.stop() }
        var hop = RoleHop(
            roleARN: "arn:aws:iam::123456789012:role/R", externalID: "id", sessionName: "{source}@{run_id}")
        hop.tags = ["team": "index"]
        hop.transitiveTagKeys = ["team"]
        let report = try await run(source(at: server) { $0.auth = .assumeRole([hop]) })
        #expect(report.outcome == .complete)
        let requests = try server.requests()
        let calls = requests.filter { $0.action == .assumeRole }
        #expect(calls.count == 1)
        let form = try form(#require(calls.first))
        #expect(form["RoleSessionName"] == "scripted@\(report.id)")
        #expect(form["TransitiveTagKeys.member.1"] == "team")
        let policy = try #require(form["Policy"])
        #expect(policy.contains(#""Resource":"arn:aws:s3:::bucket/in/*""#))
        #expect(policy.contains(#"{"s3:prefix":"in/*"}"#))
        let reads = requests.filter { $0.action != .assumeRole }
        #expect(reads.allSatisfy { $0.headers["x-amz-expected-bucket-owner"] == "123456789012" })
        #expect(log.all.isEmpty)
    }

    @Test func `a policy that is left out is warned of, with the source`() async throws {
        var scenario = scenario()
        scenario.faults = [.error(on: .assumeRole, 400, "PackedPolicyTooLarge")]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        #expect(try await run(source(at: server)).outcome == .complete)
        #expect(log.all.count == 1)
        #expect(log.all.first?.contains("is not narrowed to the source's bucket and prefix") == true)
        #expect(log.all.first?.hasPrefix("scripted: ") == true)
    }

    @Test(arguments: [5400.0, -5400])
    func `a clock that is an hour and a half off is corrected for STS and for S3, and it is said`(
        offset: Double
    ) async throws {
        var scenario = scenario()
        scenario.clockOffset = offset
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let report = try await run(source(at: server))
        #expect(report.outcome == .complete)
        #expect(report.indexed.objects == 2)
        let refusals = try server.requests().compactMap(\.refusal)
        #expect(refusals == ["SignatureDoesNotMatch", "RequestTimeTooSkewed"])
        #expect(log.all.count == 2)
        #expect(log.all.allSatisfy { $0.contains(offset > 0 ? "s behind" : "s ahead of") })
    }

    // MARK: Required external IDs

    @Test func `a role that its external ID protects is read`() async throws {
        let server = try await ScriptedS3Server(scenario())
        defer { server.stop() }
        let report = try await run(source(at: server) { $0.requireExternalID = true })
        #expect(report.outcome == .complete)
        #expect(report.indexed.objects == 2)
    }

    @Test(
        arguments: [(nil, "without its external ID"), ("*", "an external ID that was made up")] as [(String?, String)])
    func `a role that it doesn't protect is refused as a finding, before S3 is asked`(
        externalID: String?, words: String
    ) async throws {
        let server = try await ScriptedS3Server(scenario(externalID: externalID))
        defer { server.stop() }
        let error = await #expect(throws: RunError.self) {
            try await run(source(at: server) { $0.requireExternalID = true })
        }
        #expect(error?.code == .overTrust)
        #expect(error?.source == "scripted")
        #expect(error?.message.hasPrefix("Security finding: ") == true)
        #expect(error?.message.contains(words) == true)
        #expect(error?.advice.contains(#""sts:ExternalId": "id""#) == true)
        #expect(try server.requests().allSatisfy { $0.action == .assumeRole })
        // Unasked, it is read.
        #expect(try await run(source(at: server)).outcome == .complete)
    }

    @Test func `what was pending of such a source stays so`() async throws {
        var scenario = scenario()
        scenario.faults = [.error(on: .get, 500, "InternalError").times(-1)]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let stopped = Task { try await run(source(at: server)) }
        while try server.requests().allSatisfy({ $0.action != .get }) { try await Task.sleep(for: .milliseconds(5)) }
        stopped.cancel()
        #expect(try await stopped.value.outcome == .stopped)
        try server.play(self.scenario(externalID: nil))
        let countBefore = try server.requests().count
        let error = await #expect(throws: RunError.self) {
            try await run(source(at: server) { $0.requireExternalID = true })
        }
        #expect(error?.code == .overTrust)
        #expect(error?.report?.pending.objects == 2)
        #expect(try server.requests().dropFirst(countBefore).allSatisfy { $0.action == .assumeRole })
    }

    @Test func `a requirement that can't hold is refused before anything is sent`() async throws {
        let server = try await ScriptedS3Server(scenario())
        defer { server.stop() }
        let withoutID = SourceAuth.assumeRole([
            RoleHop(roleARN: "arn:aws:iam::123456789012:role/Own", externalID: "id"),
            RoleHop(roleARN: "arn:aws:iam::123456789012:role/R"),
        ])
        for auth in [withoutID, .ambient, .anonymous] {
            let error = await #expect(throws: RunError.self) {
                try await run(
                    source(at: server) {
                        $0.auth = auth
                        $0.requireExternalID = true
                    })
            }
            #expect(error?.code == .invalidSource)
            #expect(error?.message.contains("An external ID is required") == true)
        }
        #expect(try server.requests().isEmpty)
    }
}

/// Keeps warnings as `source: message`.
final class LoggedWarnings: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test", factory: { _ in Handler(warnings: self) }) }

    private struct Handler: LogHandler {
        let warnings: LoggedWarnings
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        func log(event: LogEvent) {
            let source = (event.metadata?["source"] ?? metadata["source"]).map { "\($0)" } ?? "?"
            warnings.lines.withLock { $0.append("\(source): \(event.message)") }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
    }
}
