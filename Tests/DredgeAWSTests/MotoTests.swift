import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeAWS

/// A moto server with a vendor and a customer in it, for the tests of one suite.
struct MotoFixture: Sendable {
    static let externalID = "cap_org_0123456789abcdef01234567"
    let server: MotoServer
    let outcome: MotoScenario.Outcome
    let transfer: TransferLoop

    @TaskLocal static var current: MotoFixture?

    func key(_ user: String) throws -> MotoScenario.AccessKey { try #require(outcome.accessKeys[user]) }

    func source(
        _ hops: [RoleHop], id: String? = nil, secret: String? = nil, token: String? = nil, user: String = "vendor",
        endpoint: String? = nil, narrowing: SessionNarrowing? = nil
    ) throws -> any CredentialSource {
        let key = try key(user)
        return CredentialSources.assumeRole(
            hops,
            access: access(
                Credentials(accessKeyID: id ?? key.id, secretAccessKey: secret ?? key.secret, sessionToken: token),
                endpoint: endpoint), narrowing: narrowing)
    }

    func access(
        _ credentials: Credentials, endpoint: String? = nil, onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) -> STSAccess {
        STSAccess(
            base: CredentialSources.fixed(credentials), defaultSessionName: "dredge-test", region: "us-east-1",
            endpointURL: endpoint ?? server.endpointURL, environment: [:], transfer: transfer, onWarning: onWarning)
    }

    /// The status of a signed GET.
    func get(_ path: String, _ credentials: Credentials?) async throws -> Int {
        var request = HTTPRequest(url: server.endpointURL + path)
        if let credentials {
            SigV4Signer(region: "us-east-1", service: "s3").sign(
                &request, credentials: credentials, date: Date(), unsignedPayload: false)
        }
        let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 64 << 10)
        return try await transfer.perform(request, into: body).status
    }
}

/// Starts the fixture before a suite and ends it behind the suite.
struct WithMoto: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    )
        async throws
    {
        let server = try await MotoServer()
        defer { server.stop() }
        let outcome = try await server.apply(
            .vendorAndCustomer(externalID: MotoFixture.externalID, objects: [.init("2025/a.txt", Data("hello".utf8))]))
        let transfer = try TransferLoop()
        do {
            try await MotoFixture.$current.withValue(MotoFixture(server: server, outcome: outcome, transfer: transfer))
            {
                try await function()
            }
        } catch {
            await transfer.shutDown()
            throw error
        }
        await transfer.shutDown()
    }
}

/// Signatures, trust policies, external IDs and session tokens as checked by moto.
@Suite(WithMoto()) struct MotoTests {
    private let moto: MotoFixture
    private let roleARN = MotoScenario.roleARN("customer-read")

    init() throws { moto = try #require(MotoFixture.current) }

    private func failure(_ source: any CredentialSource) async throws -> AWSError {
        try #require(await #expect(throws: AWSError.self) { _ = try await source.credentials() })
    }

    @Test func `the right external ID opens the bucket and nothing else`() async throws {
        let source = try moto.source([RoleHop(roleARN: roleARN, externalID: MotoFixture.externalID)])
        let credentials = try #require(await source.credentials())
        #expect(credentials.isTemporary)
        #expect(try #require(credentials.expiration) > Date().addingTimeInterval(3000))
        #expect(try await moto.get("/acme-contracts?list-type=2", credentials) == 200)
        #expect(try await moto.get("/acme-contracts/2025/a.txt", credentials) == 200)
        #expect(try await moto.get("/acme-contracts?policy", credentials) == 403)
        #expect(try await moto.get("/acme-contracts/2025/a.txt", nil) == 403)
        let vendor = try moto.key("vendor")
        #expect(
            try await moto.get(
                "/acme-contracts/2025/a.txt", Credentials(accessKeyID: vendor.id, secretAccessKey: vendor.secret))
                == 403)
    }

    @Test func `a wrong external ID is denied, and the advice says so`() async throws {
        let error = try await failure(moto.source([RoleHop(roleARN: roleARN, externalID: "wrong-id")]))
        #expect(error.code == .accessDenied)
        #expect(error.serviceCode == "AccessDenied")
        #expect(error.status == 403)
        #expect(error.requestID != nil)
        #expect(error.message.contains("sts:AssumeRole"))
        #expect(error.advice.contains(") the external ID that was sent isn't the one"))
        #expect(error.description.hasPrefix("could not assume role \(roleARN): "))
    }

    @Test func `no external ID is denied, and the advice says that none was sent`() async throws {
        let error = try await failure(moto.source([RoleHop(roleARN: roleARN)]))
        #expect(error.code == .accessDenied)
        #expect(
            error.advice.contains(
                ") the role's trust policy demands an external ID (sts:ExternalId), and none was sent"))
    }

    @Test func `a user whom the role doesn't trust is denied`() async throws {
        let error = try await failure(
            moto.source([RoleHop(roleARN: roleARN, externalID: MotoFixture.externalID)], user: "stranger"))
        #expect(error.code == .accessDenied)
    }

    @Test func `a chain of two roles reaches the bucket`() async throws {
        let source = try moto.source([
            RoleHop(roleARN: MotoScenario.roleARN("hub"), sessionName: "through-hub"),
            RoleHop(
                roleARN: MotoScenario.roleARN("customer-behind-hub"), externalID: MotoFixture.externalID,
                duration: .seconds(900)),
        ])
        let credentials = try #require(await source.credentials())
        #expect(try await moto.get("/acme-contracts?list-type=2", credentials) == 200)
        #expect(try #require(credentials.expiration) < Date().addingTimeInterval(1000))
    }

    @Test func `the hop of a chain that failed is named`() async throws {
        let error = try await failure(
            moto.source([
                RoleHop(roleARN: MotoScenario.roleARN("hub"), sessionName: "through-hub"),
                RoleHop(roleARN: MotoScenario.roleARN("customer-behind-hub"), externalID: "wrong-id"),
            ]))
        #expect(error.code == .accessDenied)
        #expect(error.step == "assume role \(MotoScenario.roleARN("customer-behind-hub")) (hop 2 of 2)")
        #expect(error.advice.contains("the session of the hop before"))
    }

    @Test func `an unknown key is told from a wrong secret`() async throws {
        let hops = [RoleHop(roleARN: roleARN, externalID: MotoFixture.externalID)]
        let unknown = try await failure(moto.source(hops, id: "AKIAAAAAAAAAAAAAAAAA"))
        #expect(unknown.code == .unknownBaseCredentials)
        #expect(unknown.advice.contains("AKIA…AAAA"))
        let wrong = try await failure(moto.source(hops, secret: "wrong"))
        #expect(wrong.code == .wrongSecretKey)
        #expect(wrong.serviceCode == "SignatureDoesNotMatch")
    }

    @Test func `odd values of parameters survive the form and the signature`() async throws {
        var hop = RoleHop(roleARN: roleARN, externalID: MotoFixture.externalID, sessionName: "a+b=c,d.e@f-g_h")
        hop.sessionPolicy = .document(
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}], "é": "~!*()'"}"#)
        hop.tags = ["team name": "a & b/c", "é": "ü+%"]
        hop.transitiveTagKeys = ["team name"]
        hop.sourceIdentity = "someone@example.org"
        #expect(try await moto.source([hop]).credentials() != nil)
    }

    @Test func `a role that a profile names is assumed with its source's keys`() async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home.appending(path: ".aws"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        let vendor = try moto.key("vendor")
        func write(externalID: String) throws {
            try """
            [profile customer]
            role_arn = \(MotoScenario.roleARN("customer-behind-hub"))
            source_profile = hub
            external_id = \(externalID)
            region = us-east-1
            services = local
            [profile hub]
            role_arn = \(MotoScenario.roleARN("hub"))
            role_session_name = through-hub
            source_profile = vendor
            [profile vendor]
            credential_process = echo '{"Version": 1, "AccessKeyId": "\(vendor.id)", \
            "SecretAccessKey": "\(vendor.secret)"}'
            [services local]
            sts =
              endpoint_url = \(moto.server.endpointURL)
            """.write(to: home.appending(path: ".aws/config"), atomically: true, encoding: .utf8)
        }
        try write(externalID: MotoFixture.externalID)
        let source = CredentialSources.base(
            .defaultChain(profile: "customer"),
            environment: ["HOME": home.path, "PATH": "/usr/local/bin:/usr/bin:/bin"], transfer: moto.transfer)
        let resolved = try await source.resolved()
        #expect(resolved.provider.contains("credential_process 'echo' of profile 'vendor'"))
        #expect(try await moto.get("/acme-contracts?list-type=2", resolved.credentials) == 200)

        try write(externalID: "wrong-id")
        await source.refused(resolved.credentials)
        let error = try await failure(source)
        #expect(error.code == .accessDenied)
        #expect(error.step.contains("(hop 2 of 2) for the profile 'customer'"))
        #expect(!"\(error)".contains(vendor.secret))
    }

    @Test func `an endpoint that nobody listens on is named`() async throws {
        let port = try LoopbackPort.free()
        let error = try await failure(
            moto.source([RoleHop(roleARN: roleARN)], endpoint: "http://127.0.0.1:\(port)"))
        #expect(error.code == .unreachable)
        #expect(error.message.contains("127.0.0.1:\(port)"))
        #expect(error.advice.contains("127.0.0.1:\(port)"))
    }
}
