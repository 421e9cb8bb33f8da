import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeAWS

/// The providers with the transfer loop, against endpoints that listen.
@Suite struct MetadataServerTests {
    private static let canary = ProviderWorld.canary
    private static let roles = "/latest/meta-data/iam/security-credentials/"

    private static func world(_ more: String = "", id: String = "ASIANODE") -> String {
        """
        {"role":"my-role","token":"\(canary)token==",\
        "instance":\(credentialJSON(id, expiration: "2127-01-15T14:00:00Z")),\
        "authorization":"\(canary)authorization",\
        "container":\(credentialJSON("ASIATASK", expiration: "2127-01-15T14:00:00Z")),\
        "bearer":"\(canary)bearer","sso":{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"\(canary)s",\
        "sessionToken":"\(canary)t","expiration":4950000000000}}\(more)}
        """
    }

    /// Runs `body` with a server, a home directory and a loop.
    private func with(
        _ world: String = world(), _ body: (MetadataServer, URL, TransferLoop) async throws -> Void
    ) async throws {
        let server = try await MetadataServer(world: world)
        defer { server.stop() }
        let home = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: home.appending(path: ".aws/sso/cache"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        let transfer = try TransferLoop()
        do {
            try await body(server, home, transfer)
        } catch {
            await transfer.shutDown()
            throw error
        }
        await transfer.shutDown()
    }

    private func source(
        _ environment: [String: String], _ transfer: TransferLoop, profile: String? = nil,
        onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) -> BaseSource {
        CredentialSources.base(
            .defaultChain(profile: profile), environment: environment, transfer: transfer, onWarning: onWarning)
    }

    private func failure(_ source: BaseSource) async throws -> AWSError {
        let error = try #require(await #expect(throws: AWSError.self) { _ = try await source.resolved() })
        #expect(!"\(error) \(error.providers)".contains(Self.canary))
        return error
    }

    @Test func `an instance's role is found`() async throws {
        try await with { server, home, transfer in
            let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "HOME": home.path]
            let resolved = try await source(environment, transfer).resolved()
            #expect(resolved.credentials.accessKeyID == "ASIANODE")
            #expect(resolved.provider == "EC2 instance metadata (role my-role)")
            let requests = try server.requests()
            #expect(requests.map(\.method) == ["PUT", "GET", "GET"])
            #expect(requests.map(\.path) == ["/latest/api/token", Self.roles, "\(Self.roles)my-role"])
            #expect(requests[0].headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
            #expect(requests[0].headers["content-length"] == "0")
            #expect(requests[1].headers["x-aws-ec2-metadata-token"] == "\(Self.canary)token==")
        }
    }

    @Test(arguments: [#""silent":["/latest/api/token"]"#, #""drip":["/latest/api/token"]"#, #""silent":["\#(roles)"]"#])
    func `a service that hangs is left after a second`(fault: String) async throws {
        try await with(Self.world(",\(fault)")) { server, home, transfer in
            let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "HOME": home.path]
            let error = try await failure(source(environment, transfer))
            #expect(error.code == .noCredentials)
            let reason = try #require(error.providers.last?.reason)
            #expect(reason.contains("no answer from 127.0.0.1:\(server.port)"))
            // curl's words for the request's own time; the loop's limits have others.
            #expect(reason.contains("timed out after") && reason.contains("milliseconds"), "\(reason)")
        }
    }

    @Test func `an answer beyond all measure is no answer`() async throws {
        try await with(Self.world(#","bytes":{"\#(Self.roles)my-role":10000000}"#)) { server, home, transfer in
            let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "HOME": home.path]
            let error = try await failure(source(environment, transfer))
            #expect(error.code == .noCredentials)
        }
    }

    @Test func `a service that fails later doesn't end the use of what it gave`() async throws {
        try await with { server, home, transfer in
            let warnings = Counter()
            let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "HOME": home.path]
            let source = source(environment, transfer) { _ in _ = warnings.next() }
            let first = try #require(await source.credentials())
            try server.set(Self.world(#","status":{"/latest/api/token":500}"#))
            await source.refused(first)
            #expect(try await source.credentials()?.accessKeyID == "ASIANODE")
            #expect(warnings.next() == 2)
            try server.set(Self.world(id: "ASIANEW"))
            await source.refused(try #require(await source.credentials()))
            #expect(try await source.credentials()?.accessKeyID == "ASIANEW")
        }
    }

    @Test func `a pod's credentials are found with the token of its file`() async throws {
        try await with { server, home, transfer in
            let token = home.appending(path: "token")
            try "\(Self.canary)old".write(to: token, atomically: true, encoding: .utf8)
            let environment = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/container/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token.path, "HOME": home.path,
            ]
            let source = source(environment, transfer)
            let error = try await failure(source)
            #expect(error.code == .accessDenied && error.status == 401)
            try "\(Self.canary)authorization".write(to: token, atomically: true, encoding: .utf8)
            #expect(try await source.resolved().provider == "container credentials (127.0.0.1)")
        }
    }

    @Test func `a login's token gets credentials of the portal`() async throws {
        try await with { server, home, transfer in
            try """
            [default]
            sso_session = s
            sso_account_id = 123456789012
            sso_role_name = Read/Only
            [sso-session s]
            sso_region = eu-west-1
            sso_start_url = https://example.awsapps.com/start
            """.write(to: home.appending(path: ".aws/config"), atomically: true, encoding: .utf8)
            try #"{"accessToken":"\#(Self.canary)bearer","expiresAt":"2127-01-15T14:00:00Z"}"#.write(
                to: home.appending(path: ".aws/sso/cache/\(SHA1.hex("s")).json"), atomically: true, encoding: .utf8)
            let environment = ["AWS_ENDPOINT_URL_SSO": server.url, "HOME": home.path]
            #expect(try await source(environment, transfer).resolved().credentials.accessKeyID == "ASIASSO")
            #expect(
                try server.requests().last?.path
                    == "/federation/credentials?role_name=Read%2FOnly&account_id=123456789012")
        }
    }
}
