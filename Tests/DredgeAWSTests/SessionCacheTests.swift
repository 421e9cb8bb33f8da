import DredgeTransfer
import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// An STS that gives a session for each call, or refuses, and keeps whose call it was.
private final class RoleServer: CredentialTransport {
    private struct State {
        /// The last part of a role's ARN, and the access key that signed.
        var calls: [(role: String, signer: String)] = []
        var refusedSigners: Set<String> = []
    }
    private let state = Mutex(State())
    let expiration: Date

    init(expiration: Date) { self.expiration = expiration }

    var roles: [String] { state.withLock { $0.calls.map(\.role) } }
    var signers: [String] { state.withLock { $0.calls.map(\.signer) } }
    /// Denies what is signed with the session that call number `number` gave, counted from 1.
    func revoke(_ number: Int) { state.withLock { _ = $0.refusedSigners.insert("ASIA\(number)") } }

    func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer {
        let role = request.form["RoleArn"]?.split(separator: "/").last ?? ""
        let authorization = request.value(of: "authorization") ?? ""
        let signer = authorization.split(separator: "Credential=").last?.split(separator: "/").first ?? ""
        let (number, isRefused) = state.withLock { state in
            state.calls.append((String(role), String(signer)))
            return (state.calls.count, state.refusedSigners.contains(String(signer)))
        }
        let step: ScriptedTransport.Step =
            isRefused
            ? .error("AccessDenied")
            : .session("ASIA\(number)", expiration: expiration.formatted(.iso8601))
        return try step.answer()
    }
}

@Suite struct SessionCacheTests {
    private let clock = ManualClock()
    private let base = BaseSource(Credentials(accessKeyID: "AKIABASE", secretAccessKey: "secret"))
    private let cache = SessionCache()
    private let server: RoleServer
    private let serviceClock: ServiceClock

    init() {
        server = RoleServer(expiration: clock.now.addingTimeInterval(86_400))
        serviceClock = ServiceClock(clock.source())
    }

    private func hop(_ name: String, externalID: String? = nil) -> RoleHop {
        RoleHop(roleARN: "arn:aws:iam::123456789012:role/\(name)", externalID: externalID)
    }

    private func source(
        _ hops: [RoleHop], base other: BaseSource? = nil, sessionName: String = "run", narrowedTo policy: String? = nil
    ) -> any CredentialSource {
        cache.source(
            RoleChain(
                hops: hops, narrowing: policy.map { policy in SessionNarrowing { _, _ in policy } },
                base: other ?? base, defaultSessionName: sessionName,
                endpoints: STSEndpointRules(settings: EndpointSettings(environment: [:])),
                client: STSClient(transport: server, clock: serviceClock)))
    }

    /// Tells whether the secrets that `source` gives now are still in memory.
    private func watchSecrets(of source: any CredentialSource) async throws -> () -> Bool {
        let storage = try #require(try await source.credentials()).storage
        return { [weak storage] in storage != nil }
    }

    @Test func `sources with the same chain make one call for each hop`() async throws {
        let sources = (0..<5).map { _ in source([hop("A"), hop("B", externalID: "xx")], narrowedTo: "{}") }
        let ids = await withTaskGroup { group in
            for source in sources { group.addTask { try? await source.credentials()?.accessKeyID } }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(ids == ["ASIA2"])
        #expect(server.roles == ["A", "B"])
        #expect(server.signers == ["AKIABASE", "ASIA1"])
        #expect(cache.sessionCount == 2)
        for source in sources { source.close() }
    }

    @Test func `chains that begin alike share the hops in common`() async throws {
        let sources = [
            source([hop("A"), hop("B")], narrowedTo: "{}"), source([hop("A"), hop("B")], narrowedTo: "{ }"),
            source([hop("A"), hop("B", externalID: "yy")], narrowedTo: "{}"), source([hop("A"), hop("B"), hop("C")]),
            source([hop("A")]),
        ]
        for source in sources { _ = try await source.credentials() }
        #expect(server.roles == ["A", "B", "B", "B", "B", "C"])
        #expect(Set(server.signers.dropFirst().dropLast()) == ["ASIA1"])
        for source in sources { source.close() }
        #expect(cache.sessionCount == 0)
    }

    @Test func `another base, session name, region or tag is another session`() async throws {
        var (region, tag) = (hop("A"), hop("A"))
        region.region = "eu-west-1"
        tag.tags = ["team": "x"]
        let other = BaseSource(Credentials(accessKeyID: "AKIABASE", secretAccessKey: "secret"))
        let sources = [
            source([hop("A")]), source([hop("A")], base: other), source([hop("A")], sessionName: "other"),
            source([region]), source([tag]),
        ]
        for source in sources { _ = try await source.credentials() }
        #expect(server.roles.count == 5 && cache.sessionCount == 5)
        for source in sources { source.close() }
    }

    @Test func `closing one leaves the other working, closing the last wipes`() async throws {
        let first = source([hop("A"), hop("B")])
        let second = source([hop("A"), hop("B")])
        let isHeld = try await watchSecrets(of: first)
        first.close()
        first.close()
        await #expect(throws: AWSError.self) { try await first.credentials() }
        #expect(try await second.credentials()?.accessKeyID == "ASIA2")
        #expect(server.roles.count == 2 && cache.sessionCount == 2 && isHeld())
        second.close()
        #expect(cache.sessionCount == 0)
        #expect(!isHeld())
    }

    @Test func `a source that is dropped lets its sessions go`() async throws {
        do {
            let dropped = source([hop("A"), hop("B")])
            _ = try await dropped.credentials()
        }
        #expect(cache.sessionCount == 0)
    }

    @Test func `what the service refused is renewed once for all`() async throws {
        let sources = [source([hop("A"), hop("B")]), source([hop("A"), hop("B")])]
        for source in sources {
            let credentials = try #require(try await source.credentials())
            await source.refused(credentials)
        }
        // The second refused what the first one's refusal had brought.
        #expect(try await sources[0].credentials()?.accessKeyID == "ASIA4")
        #expect(server.roles == ["A", "B", "B", "B"])
        for source in sources { source.close() }
    }

    @Test func `a session on the way that was revoked is replaced`() async throws {
        let source = source([hop("A"), hop("B")])
        let credentials = try #require(try await source.credentials())
        server.revoke(1)
        await source.refused(credentials)
        #expect(try await source.credentials()?.accessKeyID == "ASIA5")
        #expect(server.roles == ["A", "B", "B", "A", "B"])
        #expect(server.signers == ["AKIABASE", "ASIA1", "ASIA1", "AKIABASE", "ASIA4"])
        source.close()
    }

    @Test func `a denial with a session that came just now is told at once`() async throws {
        let source = source([hop("A"), hop("B")])
        server.revoke(1)
        let error = await #expect(throws: AWSError.self) { try await source.credentials() }
        #expect(error?.code == .accessDenied)
        #expect(server.roles == ["A", "B"])
        source.close()
    }

    @Test func `a hop that can't be asked for is told before anything is sent`() async throws {
        let source = source([hop("A"), RoleHop(roleARN: "nonsense")])
        let error = await #expect(throws: AWSError.self) { try await source.credentials() }
        #expect(error?.code == .invalidParameter)
        #expect(server.roles.isEmpty && cache.sessionCount == 0)
    }

    @Test func `a key shows nothing of what it is made of`() throws {
        let chain = RoleChain(
            hops: [hop("A", externalID: "CANARYCANARY")], base: base, defaultSessionName: "run",
            endpoints: STSEndpointRules(settings: EndpointSettings(environment: [:])),
            client: STSClient(transport: server, clock: serviceClock))
        let key = SessionKey(try chain.call(0), signedWith: SessionKey(base))
        var text = "\(key)"
        dump(key, to: &text)
        #expect(!text.contains("CANARY"))
    }
}
