import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

@Suite struct SSOTests {
    private typealias World = ProviderWorld
    /// SHA-1 of `corp`, and of the start URL: where `aws sso login` leaves its tokens.
    private static let sessionToken = "/home/me/.aws/sso/cache/\(SHA1.hex("corp")).json"
    private static let legacyToken = "/home/me/.aws/sso/cache/40a89917e3175433e361b710a9d43528d7f1890a.json"
    private static let startURL = "https://d-abc123.awsapps.com/start"
    private static let bearer = "\(World.canary)bearer"

    private static let config = """
        [profile p]
        sso_session = corp
        sso_account_id = 123456789012
        sso_role_name = Read Only
        [sso-session corp]
        sso_region = eu-west-1
        sso_start_url = \(startURL)
        sso_registration_scopes = sso:account:access
        [profile legacy]
        sso_account_id = 123456789012
        sso_role_name = ReadOnly
        sso_region = cn-north-1
        sso_start_url = \(startURL)
        """

    private static func token(_ expiresAt: String = "2027-01-15T09:00:00Z") -> String {
        #"{"startUrl":"\#(startURL)","region":"eu-west-1","accessToken":"\#(bearer)","expiresAt":"\#(expiresAt)"}"#
    }

    private static func answer(_ id: String = "ASIASSO", expiration: Int = 1_800_003_600_000) -> String {
        #"{"roleCredentials":{"accessKeyId":"\#(id)","secretAccessKey":"\#(World.canary)secret","#
            + #""sessionToken":"\#(World.canary)token","expiration":\#(expiration)}}"#
    }

    private func world(_ config: String = config, token: String? = token()) -> World {
        let world = World(config: config)
        world.setFile(Self.sessionToken, token.map { .success($0) })
        world.onRequest { _ in .answer(200, Self.answer()) }
        return world
    }

    @Test func `the login's token gets the role's credentials`() async throws {
        let world = world()
        let resolved = try await world.resolved(profile: "p")
        #expect(resolved.credentials.accessKeyID == "ASIASSO")
        #expect(resolved.credentials.isTemporary)
        #expect(resolved.credentials.expiration == Date(timeIntervalSince1970: 1_800_003_600))
        #expect(resolved.provider == "SSO (role Read Only in account 123456789012, profile 'p')")
        let request = try #require(world.requests.first)
        #expect(
            request.url
                == "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Read%20Only&account_id=123456789012"
        )
        #expect(request.header("x-amz-sso_bearer_token") == Self.bearer)
        #expect(!request.bypassesProxy)
    }

    @Test func `the older form keeps its token under the start URL`() async throws {
        let world = world(token: nil)
        #expect(SHA1.hex(Self.startURL) + ".json" == Self.legacyToken.split(separator: "/").last ?? "")
        world.setFile(Self.legacyToken, .success(Self.token("2027-01-15T09:00:00UTC")))
        #expect(try await world.id(profile: "legacy") == "ASIASSO")
        #expect(world.requests[0].url.hasPrefix("https://portal.sso.cn-north-1.amazonaws.com.cn/federation/"))
    }

    @Test func `the portal can lie elsewhere`() async throws {
        let world = world()
        world.setVariable("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9/")
        _ = try await world.id(profile: "p")
        #expect(world.requests[0].url.hasPrefix("http://127.0.0.1:9/federation/credentials?role_name="))
    }

    @Test func `a login in the meantime counts`() async throws {
        let world = world(token: nil)
        let error = try await world.failure(profile: "p")
        #expect(error.message.contains("is not there") && error.message.contains(Self.sessionToken))
        #expect(error.advice == "Log in again: aws sso login --profile p")
        world.setFile(Self.sessionToken, .success(Self.token("2027-01-15T08:00:00Z")))
        let expired = try await world.failure(profile: "p")
        #expect(expired.code == .expiredBaseCredentials)
        #expect(expired.message.contains("ended at 2027-01-15T08:00:00Z"))
        #expect(expired.advice.contains("aws sso login --profile p"))
        #expect(world.requests.isEmpty)
        world.setFile(Self.sessionToken, .success(Self.token()))
        #expect(try await world.id(profile: "p") == "ASIASSO")
    }

    @Test(arguments: [
        "", "[]", "{", "\(World.canary)", #"{"accessToken":"\#(World.canary)"}"#,
        #"{"accessToken":7,"expiresAt":"2027-01-15T09:00:00Z"}"#,
        #"{"accessToken":"","expiresAt":"2027-01-15T09:00:00Z"}"#,
        #"{"accessToken":"a\r\n\#(World.canary)","expiresAt":"2027-01-15T09:00:00Z"}"#,
        #"{"accessToken":"\#(World.canary)","expiresAt":"tomorrow"}"#,
        String(repeating: World.canary, count: 11_000),
    ])
    func `a token file that is none is told of`(token: String) async throws {
        let world = world(token: token)
        let error = try await world.failure(profile: "p")
        #expect(error.message.contains(Self.sessionToken))
        #expect(world.requests.isEmpty)
    }

    @Test(arguments: [
        "", "[]", "<html>\(World.canary)</html>", "{}", #"{"roleCredentials":null}"#, #"{"roleCredentials":{}}"#,
        #"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"\#(World.canary)","expiration":1800003600000}}"#,
        #"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"\#(World.canary)","#
            + #""sessionToken":"t","expiration":"soon"}}"#,
        #"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":["\#(World.canary)"],"#
            + #""sessionToken":"t","expiration":1800003600000}}"#,
        #"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"a b\#(World.canary)","#
            + #""sessionToken":"t","expiration":1800003600000}}"#,
        answer(expiration: 1_800_000_000_000),
    ])
    func `an answer without good credentials ends the search`(answer: String) async throws {
        let world = world(Self.config + "\n[default]\n\(World.keys("DEFAULT"))")
        world.onRequest { _ in .answer(200, answer) }
        _ = try await world.failure(profile: "p")
    }

    @Test(arguments: [
        (401, AWSError.Code.expiredBaseCredentials, "aws sso login --profile p"), (403, .accessDenied, "sso_role_name"),
        (404, .accessDenied, "sso_account_id"), (400, .invalidParameter, "sso_region"),
    ])
    func `a refusal says what to change`(status: Int, code: AWSError.Code, advice: String) async throws {
        let world = world()
        world.onRequest { _ in .answer(status, #"{"message":"\#(Self.bearer)"}"#) }
        let error = try await world.failure(profile: "p")
        #expect(error.code == code && error.status == status)
        #expect(error.advice.contains(advice))
        #expect(world.requests.count == 1)
    }

    @Test func `what passes is tried again, and then told of`() async throws {
        let world = world()
        for (step, code) in [
            (ScriptedTransport.Step.answer(503, ""), AWSError.Code.serviceFailure), (.answer(429, ""), .throttled),
            (.failure(.connectTimeout), .unreachable),
        ] {
            let before = world.requests.count
            world.onRequest { _ in step }
            #expect(try await world.failure(profile: "p").code == code)
            #expect(world.requests.count - before == AWSLimits.endpointAttemptCountMax)
        }
    }

    @Test(arguments: [
        ("sso_account_id = 1\nsso_session = nowhere", "sso_session 'nowhere', which isn't there"),
        ("sso_account_id = 1\nsso_session = s", "no sso_role_name, sso_start_url"),
        ("sso_role_name = r", "no sso_account_id, sso_region, sso_start_url"),
        ("sso_account_id = 1\nsso_role_name = r\nsso_session = s\nsso_region = us-east-1", "sso_region of the profile"),
        ("sso_account_id = 1\nsso_role_name = r\nsso_start_url = u\nsso_region = a/b", "not the name of a region"),
    ])
    func `a profile that is half for SSO is told of`(lines: String, message: String) async throws {
        let world = World(
            config: "[profile p]\n\(lines)\n[sso-session s]\nsso_region = eu-west-1\n",
            files: ["/home/me/.aws/sso/cache/\(SHA1.hex("u")).json": Self.token()])
        let error = try await world.failure(profile: "p")
        #expect(error.code == .malformedConfigFile)
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func `a profile with a session alone asks for no role`() async throws {
        let world = world("[profile p]\nsso_session = corp\n\(World.keys("P"))")
        #expect(try await world.id(profile: "p") == "P")
        let empty = self.world("[profile p]\nsso_session = corp\n")
        #expect(try await empty.failure(profile: "p").message.contains("neither sso_account_id nor sso_role_name"))
    }

    @Test func `it comes before the keys of the credentials file`() async throws {
        let world = world()
        world.setFile(World.credentialsPath, .success("[p]\n\(World.keys("P"))"))
        #expect(try await world.id(profile: "p") == "ASIASSO")
    }
}
