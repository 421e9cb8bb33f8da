import Dredge
import DredgeAWS
import Foundation
import TestServers
import Testing

@testable import DredgeCheck

/// The check as a program calls it.
@Suite(.timeLimit(.minutes(30))) struct AccessCheckTests {
    private static let role = "arn:aws:iam::111122223333:role/DredgeRead"

    private static func scenario(_ faults: [ScriptedS3Server.Fault] = []) -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(objects: [.init("a.txt", body: Array("text\n".utf8))], faults: faults)
        scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
        scenario.session = .init(accessKeyID: "ASIASESSION", secretAccessKey: "s", sessionToken: "t")
        return scenario
    }

    private static func source(_ server: ScriptedS3Server, _ auth: SourceAuth) -> Source {
        Source(
            bucket: "bucket", region: "us-east-1", endpointURL: server.endpointURL, stsEndpointURL: server.endpointURL,
            auth: auth)
    }

    private static let base = BaseCredentials.fixed(Credentials(accessKeyID: "AKIABASE", secretAccessKey: "s"))

    @Test func `a source that does not answer ends with what was found, in the time that is given`() async throws {
        let server = try await ScriptedS3Server(Self.scenario([.hang(on: .list).times(-1)]))
        defer { server.stop() }
        var check = AccessCheck(base: Self.base, environment: [:])
        // Its time is over once the bucket has been asked.
        check.sleep = { duration in
            #expect(duration == CheckLimits.durationMax)
            while try !server.requests().contains(where: { $0.action == .list }) {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        let result = try await check.check(Self.source(server, .ambient))
        #expect(result.verdict == .failed)
        let step = try #require(result.steps.first { $0.verdict == .failed })
        #expect(step.kind == .bucket)
        #expect(step.causes.map(\.code) == [.tookTooLong])
    }

    @Test func `a program that prints no credentials is not taken for an STS that answers wrongly`() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let config = directory.appending(path: "config")
        try Data("[default]\ncredential_process = /bin/echo not json\n".utf8).write(to: config)
        let environment = ["AWS_CONFIG_FILE": config.path, "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"]
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        let result = try await AccessCheck(environment: environment).check(Self.source(server, .ambient))
        let step = try #require(result.steps.first { $0.verdict == .failed })
        #expect(step.kind == .baseCredentials)
        #expect(step.causes.map(\.code) == [.noCredentials])
        #expect(step.causes.first?.evidence.contains("credential_process '/bin/echo' is not JSON") == true)
    }

    @Test func `a cancelled check says so`() async throws {
        let server = try await ScriptedS3Server(Self.scenario([.hang(on: .list).times(-1)]))
        defer { server.stop() }
        let source = Self.source(server, .ambient)
        let task = Task { try await AccessCheck(base: Self.base, environment: [:]).check(source) }
        while try !server.requests().contains(where: { $0.action == .list }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `blanks around an external ID are told, and left out of what follows`() async throws {
        let server = try await ScriptedS3Server(
            Self.scenario([
                .error(on: .assumeRole, 403, "AccessDenied", message: "no").when("form", lacks: "ExternalId=acme&")
                    .when("form", lacks: "ExternalId=acme%20").times(-1)
            ]))
        defer { server.stop() }
        let hop = RoleHop(roleARN: Self.role, externalID: " acme\t")
        let result = try await AccessCheck(base: Self.base, environment: [:]).check(
            Self.source(server, .assumeRole([hop])))
        #expect(result.verdict == .warned)
        #expect(result.steps.first?.causes.map(\.code) == [.externalIDHasBlanks])
        #expect(result.steps.filter { $0.verdict == .failed }.isEmpty)
        #expect(try server.requests().contains { $0.form?.contains("ExternalId=acme&") == true })
    }

    @Test func `a role of another partition than its region is found without a request`() async throws {
        var hop = RoleHop(roleARN: "arn:aws-cn:iam::111122223333:role/DredgeRead")
        hop.region = "us-east-1"
        let result = try await AccessCheck(base: Self.base, environment: [:]).check(
            Source(bucket: "bucket", auth: .assumeRole([hop])))
        let step = try #require(result.steps.first)
        #expect(step.kind == .config && step.verdict == .failed)
        #expect(step.causes.map(\.code) == [.roleOfOtherPartition])
        #expect(result.steps.dropFirst().allSatisfy { $0.verdict == .skipped })
    }

    /// Keys of another service are no business of AWS's.
    @Test func `keys for an endpoint of one's own are not shown to AWS`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        var source = Self.source(server, .ambient)
        source.stsEndpointURL = nil
        let result = try await AccessCheck(base: Self.base, environment: [:]).check(source)
        #expect(result.verdict == .passed)
        let base = try #require(result.steps.first { $0.kind == .baseCredentials })
        #expect(base.facts.contains { $0.contains("was not asked") })
    }

    @Test func `a report on several sources names each of them`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        var missing = Self.source(server, .anonymous)
        missing.bucket = "missing"
        missing.name = "missing"
        let report = try await AccessCheck(base: Self.base, environment: [:]).report(
            on: [missing, Self.source(server, .anonymous)])
        #expect(report.sources.map(\.source) == ["missing", "bucket"])
        #expect(report.sources.map(\.verdict) == [.failed, .passed])
        #expect(!report.isPassed)
    }
}
