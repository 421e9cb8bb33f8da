import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

@Suite struct WebIdentityTests {
    private typealias World = ProviderWorld
    private static let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ik\(World.canary).eyJhdWQiOlsic3RzIl19.c2ln-_"
    private static let environment = [
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token", "AWS_ROLE_ARN": World.role, "AWS_REGION": "eu-west-1",
    ]

    private func world(_ environment: [String: String] = environment, config: String? = nil) -> World {
        let world = World(config: config, files: ["/var/run/token": Self.token], environment: environment)
        world.onRequest { _ in .session("ASIAWEB", secret: World.canary) }
        return world
    }

    @Test func `the token is sent without a signature`() async throws {
        let world = world()
        let resolved = try await world.resolved()
        #expect(resolved.credentials.accessKeyID == "ASIAWEB")
        #expect(resolved.provider == "web identity (role \(World.role), token file /var/run/token)")
        let request = try #require(world.requests.first)
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(request.headers.map(\.name) == ["content-type"])
        #expect(
            request.form == [
                "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": World.role,
                "RoleSessionName": "dredge-test", "WebIdentityToken": Self.token,
            ])
    }

    @Test func `the token's file is read anew each time`() async throws {
        let world = world()
        let chain = world.chain()
        _ = try await chain.resolved()
        world.setFile("/var/run/token", .success("second.token.\(World.canary)\n"))
        _ = try await chain.resolved()
        #expect(world.requests.map { $0.form["WebIdentityToken"] } == [Self.token, "second.token.\(World.canary)"])
    }

    @Test func `a profile can name it, too, and the environment comes first unless the profile was named`() async throws
    {
        let config = """
            [default]
            web_identity_token_file = /other
            role_arn = arn:aws:iam::123456789012:role/OfProfile
            role_session_name = of-profile
            [profile source]
            role_arn = arn:aws:iam::123456789012:role/Behind
            source_profile = default
            """
        let profile = world([:], config: config)
        profile.setFile("/other", .success("other.token"))
        _ = try await profile.id()
        #expect(profile.requests[0].form["WebIdentityToken"] == "other.token")
        #expect(profile.requests[0].form["RoleSessionName"] == "of-profile")

        let both = world(Self.environment, config: config)
        both.setFile("/other", .success("other.token"))
        _ = try await both.id()
        // As in botocore, each value is looked up for itself.
        #expect(both.requests[0].form["RoleArn"] == World.role)
        #expect(both.requests[0].form["RoleSessionName"] == "of-profile")
        _ = try await both.id(profile: "default")
        #expect(both.requests[1].form["WebIdentityToken"] == "other.token")
        _ = try await both.id(profile: "source")
        #expect(both.requests[2].form["Action"] == "AssumeRoleWithWebIdentity")
        #expect(both.requests[3].header("authorization")?.contains("Credential=ASIAWEB/") == true)
    }

    @Test func `the environment's keys come before it`() async throws {
        #expect(try await world(Self.environment.merging(World.environmentKeys) { $1 }).id() == "ENVIRONMENT")
    }

    @Test func `what is missing or wrong ends the search, though another provider has keys`() async throws {
        var cases: [(String, (World) -> Void)] = []
        cases.append(("doesn't exist", { $0.setFile("/var/run/token", nil) }))
        cases.append(
            (
                "can't be read: Permission denied",
                { $0.setFile("/var/run/token", .failure(.unreadable("Permission denied"))) }
            ))
        cases.append(("is empty", { $0.setFile("/var/run/token", .success("")) }))
        cases.append(
            ("too large", { $0.setFile("/var/run/token", .success(String(repeating: World.canary, count: 20_000))) }))
        cases.append(
            ("20000", { $0.setFile("/var/run/token", .success(String(repeating: World.canary, count: 3400))) }))
        cases.append(("4 to 20000", { $0.setFile("/var/run/token", .success("\n \n")) }))
        cases.append(("no role to assume", { $0.setVariable("AWS_ROLE_ARN", nil) }))
        cases.append(("is not the ARN of a role", { $0.setVariable("AWS_ROLE_ARN", "Reader") }))
        cases.append(("session", { $0.setVariable("AWS_ROLE_SESSION_NAME", "a b") }))
        for (message, change) in cases {
            let world = world(Self.environment, config: "[default]\n\(World.keys("DEFAULT"))")
            change(world)
            let error = try await world.failure()
            #expect(error.message.contains(message), "\(error)")
            #expect(world.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("ExpiredTokenException", 400, AWSError.Code.expiredBaseCredentials, "has ended"),
        ("InvalidIdentityToken", 400, .accessDenied, "OIDC"), ("IDPRejectedClaim", 403, .accessDenied, "refused"),
        ("AccessDenied", 403, .accessDenied, "sts:AssumeRoleWithWebIdentity"),
        ("RegionDisabledException", 403, .regionDisabled, "eu-west-1"),
    ])
    func `each refusal has a code and an advice, and repeats no token`(
        serviceCode: String, status: Int, code: AWSError.Code, advice: String
    ) async throws {
        let world = world()
        world.onRequest { _ in .error(serviceCode, "the token \(Self.token) is no good", status: status) }
        let error = try await world.failure()
        #expect(error.code == code)
        #expect(error.advice.contains(advice))
        #expect(error.step == "assume role \(World.role) with a web identity")
        #expect(world.requests.count == 1)
    }

    @Test func `what passes is tried again`() async throws {
        let world = world()
        world.onRequest { [count = Counter()] _ in
            count.next() < 3 ? .error("IDPCommunicationError", status: 400) : .session("ASIAWEB")
        }
        #expect(try await world.id() == "ASIAWEB")
        #expect(world.requests.count == 3)
    }
}
