import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeAWS

/// Trust policies as moto judges them: one that demands the external ID, and those that only seem to.
@Suite(WithMoto(), .serialized) struct TrustProbeTests {
    private let moto: MotoFixture
    private let warnings = Warnings()

    init() throws {
        moto = try #require(MotoFixture.current)
    }

    private func access(user: String = "vendor", secret: String? = nil, endpoint: String? = nil) throws -> STSAccess {
        let key = try moto.key(user)
        return moto.access(
            Credentials(accessKeyID: key.id, secretAccessKey: secret ?? key.secret), endpoint: endpoint,
            onWarning: { [warnings] in warnings.append($0) })
    }

    private func hop(_ role: String, externalID: String? = MotoFixture.externalID) -> RoleHop {
        RoleHop(roleARN: MotoScenario.roleARN(role), externalID: externalID, sessionName: "through-hub")
    }

    private func name(_ verdict: TrustVerdict) -> String {
        switch verdict {
        case .enforced: "enforced"
        case .assumableWithout: "assumableWithout"
        case .assumableWithWrong: "assumableWithWrong"
        case .unknown(let error): "unknown: \(error.code.rawValue)"
        }
    }

    /// A role with this trust policy.
    private func makeRole(_ trust: String) async throws -> RoleHop {
        let name = "probed-\(UUID().uuidString.prefix(8).lowercased())"
        _ = try await moto.server.apply(
            MotoScenario(roles: [.init(name, trust: trust, policy: MotoScenario.allow(["s3:*"], on: ["*"]))]))
        return hop(name)
    }

    @Test func `a trust policy that demands the external ID is found to`() async throws {
        let verdict = try await TrustProbe([hop("customer-read")], access: access()).verdict(ofHop: 0)
        #expect(name(verdict) == "enforced")
    }

    @Test func `a trust policy without a condition is found`() async throws {
        let role = try await makeRole(MotoScenario.trust([MotoScenario.userARN("vendor")]))
        let verdict = try await TrustProbe([role], access: access()).verdict(ofHop: 0)
        #expect(name(verdict) == "assumableWithout")
    }

    @Test func `a trust policy that takes any external ID is found`() async throws {
        let role = try await makeRole(
            MotoScenario.policy(
                #"{"Effect":"Allow","Principal":{"AWS":["\#(MotoScenario.userARN("vendor"))"]},"#
                    + #""Action":"sts:AssumeRole","#
                    + #""Condition":{"StringLike":{"sts:ExternalId":"*"}}}"#))
        let verdict = try await TrustProbe([role], access: access()).verdict(ofHop: 0)
        #expect(name(verdict) == "assumableWithWrong")
    }

    @Test func `a hop behind others is probed with the session of the one before`() async throws {
        let hops = [hop("hub", externalID: nil), hop("customer-behind-hub")]
        let verdict = try await TrustProbe(hops, access: access()).verdict(ofHop: 1)
        #expect(name(verdict) == "enforced")
    }

    @Test func `what can't be found out is said with its cause`() async throws {
        let wrongSecret = try await TrustProbe([hop("customer-read")], access: access(secret: "wrong")).verdict(
            ofHop: 0)
        #expect(name(wrongSecret) == "unknown: wrongSecretKey")
        let port = try LoopbackPort.free()
        let unreachable = try await TrustProbe(
            [hop("customer-read")], access: access(endpoint: "http://127.0.0.1:\(port)")
        ).verdict(ofHop: 0)
        #expect(name(unreachable) == "unknown: unreachable")
    }

    @Test func `what a probe asks for could do nothing`() async throws {
        let server = try await ScriptedS3Server(.init())
        defer { server.stop() }
        var scenario = ScriptedS3Server.Scenario()
        scenario.sts = .init(sessionSeconds: 900)
        scenario.faults = [.error(on: .assumeRole, 403, "AccessDenied").times(1)]
        try server.play(scenario)
        var hop = hop("customer-read")
        hop.duration = .seconds(43_200)
        hop.tags = ["team": "index"]
        hop.sourceIdentity = "someone"
        let verdict = try await TrustProbe([hop], access: access(endpoint: server.endpointURL)).verdict(ofHop: 0)
        #expect(name(verdict) == "assumableWithWrong")
        let forms = try server.requests().map { try #require($0.form) }
        #expect(forms.count == 2)
        for form in forms {
            #expect(form.contains("DurationSeconds=900"))
            #expect(
                form.contains(
                    "Policy=%7B%22Version%22%3A%222012-10-17%22%2C"
                        + "%22Statement%22%3A%5B%7B%22Effect%22%3A%22Deny%22"
                        + "%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
                ))
            #expect(!form.contains(MotoFixture.externalID))
            // The trust policy may ask for these, too.
            #expect(form.contains("SourceIdentity=someone") && form.contains("Tags.member.1.Key=team"))
        }
        #expect(forms.map { $0.contains("ExternalId=") } == [false, true])
        let wrong = try #require(forms[1].split(separator: "&").first { $0.hasPrefix("ExternalId=") })
        #expect(RoleHopRules.externalID(String(wrong.dropFirst("ExternalId=".count))) == nil)
        #expect(warnings.all.isEmpty)
    }
}

/// What a call of STS can meet on its way, by a server that does it.
@Suite(.timeLimit(.minutes(30))) struct CredentialTransportTests {
    /// - Parameter durationMax: of one attempt.
    private func session(
        _ faults: [ScriptedS3Server.Fault], durationMax: Duration = .seconds(86_400),
        _ body: (ScriptedS3Server, Session) async throws -> Void
    ) async throws {
        var scenario = ScriptedS3Server.Scenario(faults: faults)
        scenario.sts = .init(sessionSeconds: 900)
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let transfer = try TransferLoop()
        // Waits take no time, and tell the service's time from the machine's nevertheless.
        let clock = ServiceClock(
            TimeSource(
                now: { Date() }, sleep: { _ in try Task.checkCancellation() }, random: { $0.upperBound }))
        let chain = RoleChain(
            hops: [RoleHop(roleARN: "arn:aws:iam::123456789012:role/R")],
            base: CredentialSources.fixed(Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")),
            defaultSessionName: "test",
            endpoints: STSEndpointRules(
                endpointURL: server.endpointURL, settings: EndpointSettings(environment: [:])),
            client: STSClient(
                transport: LoopTransport(transfer, durationMax: durationMax), clock: clock))
        let session = Session(clock: clock) { () async throws(AWSError) in try await chain.credentials() }
        do { try await body(server, session) } catch { Issue.record(error) }
        session.close()
        await transfer.shutDown()
    }

    @Test func `a service that hangs is given up after a bounded time`() async throws {
        try await session([.hang(on: .assumeRole).times(-1)], durationMax: .milliseconds(500)) {
            (_, session) async throws in
            let error = await #expect(throws: AWSError.self) { try await session.credentials() }
            #expect(error?.code == .unreachable && error?.transferCode == .stalled)
            #expect(error?.message.contains("after 5 attempts") == true)
        }
    }

    @Test func `whoever waits for a service that hangs can be cancelled`() async throws {
        try await session([.hang(on: .assumeRole).times(-1)]) { (server, session) async throws in
            let waiting = Task { try await session.credentials() }
            while try server.requests().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            waiting.cancel()
            let error = await #expect(throws: AWSError.self) { try await waiting.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test(arguments: [
        ScriptedS3Server.Fault.partialSession(), .expiredSession(), .raw(on: .assumeRole, "<html>sign in</html>"),
    ])
    func `a session that is none is told, and nothing is signed with it`(fault: ScriptedS3Server.Fault) async throws {
        try await session([fault.times(1)]) { (server, session) async throws in
            let error = await #expect(throws: AWSError.self) { try await session.credentials() }
            #expect(error?.code == .malformedAnswer)
            #expect(error?.advice.isEmpty == false)
            #expect(try await session.credentials()?.isTemporary == true)
        }
    }

    @Test func `throttling and failures are waited out`() async throws {
        let faults: [ScriptedS3Server.Fault] = [
            .error(on: .assumeRole, 400, "Throttling", message: "Rate exceeded"),
            .error(on: .assumeRole, 503, "ServiceUnavailable"),
        ]
        try await session(faults) { (server, session) async throws in
            #expect(try await session.credentials()?.isTemporary == true)
            #expect(try server.requests().count == 3)
        }
    }

    @Test(arguments: [3600.0, -3600])
    func `a service whose clock differs by an hour is signed for in its own time`(offset: Double) async throws {
        var scenario = ScriptedS3Server.Scenario()
        scenario.sts = .init(sessionSeconds: 900)
        scenario.clockOffset = offset
        let other = scenario
        try await session([]) { (server, session) async throws in
            try server.play(other)
            let credentials = try #require(try await session.credentials())
            #expect(try server.requests().map(\.refusal) == ["SignatureDoesNotMatch", nil])
            // Fresh in the service's time, though this machine's says that it is over, or far from it.
            for _ in 0..<10 {
                #expect(try await session.credentials()?.accessKeyID == credentials.accessKeyID)
            }
            #expect(try server.requests().count == 2)
        }
    }
}
