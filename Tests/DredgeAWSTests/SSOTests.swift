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
        ("sso_account_id = 1\nsso_session = nowhere", "sso_session 'nowhere' (/home/me/.aws/config, line 3), which"),
        (
            "sso_account_id = 1\nsso_session = s",
            "it has no sso_role_name, and [sso-session s] in /home/me/.aws/config has no sso_start_url"
        ),
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
        #expect(error.message.contains("profile 'p'"), "\(error)")
    }

    @Test(arguments: [
        ("sso_session = s", "the profile 'p' in /home/me/.aws/config asks for SSO, but it has no sso_account_id"),
        ("sso_session = nowhere", "names the sso_session 'nowhere' (/home/me/.aws/config, line 2), which isn't there"),
        ("sso_start_url = u\nsso_region = eu-west-1", "has no sso_account_id, sso_role_name"),
    ])
    func `a named profile that is half for SSO doesn't lead to another one's credentials`(
        lines: String, message: String
    ) async throws {
        let world = World(
            config: "[profile p]\n\(lines)\n[default]\n\(lines)\n[sso-session s]\nsso_region = eu-west-1\n",
            environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"])
        world.onRequest { _ in .keys("CONTAINER") }
        let error = try await world.failure(profile: "p")
        #expect(error.code == .malformedConfigFile && error.message.contains(message), "\(error)")
        world.setVariable("AWS_PROFILE", "p")
        #expect(try await world.failure().message.contains(message))
        #expect(world.requests.isEmpty)
        // Nobody has named the default one: it goes on, as botocore does.
        world.setVariable("AWS_PROFILE", nil)
        #expect(try await world.id() == "CONTAINER")
    }

    @Test func `a profile with a session alone asks for no role`() async throws {
        let world = world("[profile p]\nsso_session = corp\n\(World.keys("P"))")
        #expect(try await world.id(profile: "p") == "P")
        let empty = self.world("[profile p]\nsso_session = corp\n")
        #expect(try await empty.failure(profile: "p").message.contains("names the sso_session 'corp'"))
    }

    @Test func `it comes before the keys of the credentials file`() async throws {
        let world = world()
        world.setFile(World.credentialsPath, .success("[p]\n\(World.keys("P"))"))
        #expect(try await world.id(profile: "p") == "ASIASSO")
    }

    // MARK: Endpoints

    /// By the endpoint rules of botocore's `sso` and `sso-oidc`.
    @Test(arguments: [
        ("eu-west-1", true, false, "-fips.eu-west-1.amazonaws.com"),
        ("eu-west-1", false, true, ".eu-west-1.api.aws"),
        ("eu-west-1", true, true, "-fips.eu-west-1.api.aws"),
        ("us-gov-west-1", true, false, ".us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", true, true, "-fips.us-gov-west-1.api.aws"),
        ("cn-north-1", false, true, ".cn-north-1.api.amazonwebservices.com.cn"),
        ("cn-north-1", false, false, ".cn-north-1.amazonaws.com.cn"),
    ])
    func `both endpoints have the variants that are asked for`(
        region: String, fips: Bool, dualStack: Bool, host: String
    ) async throws {
        let config = Self.config.replacing("sso_region = eu-west-1", with: "sso_region = \(region)")
        let flags = "use_fips_endpoint = \(fips)\nuse_dualstack_endpoint = \(dualStack)\n"
        let byProfile = world(config.replacing("[profile p]\n", with: "[profile p]\n\(flags)"), token: Self.old())
        let byEnvironment = world(config, token: Self.old())
        byEnvironment.setVariable("AWS_USE_FIPS_ENDPOINT", "\(fips)")
        byEnvironment.setVariable("AWS_USE_DUALSTACK_ENDPOINT", "\(dualStack)")
        for world in [byProfile, byEnvironment] {
            world.onRequest { $0.method == .post ? .answer(200, Self.renewed) : .answer(200, Self.answer()) }
            #expect(try await world.id(profile: "p") == "ASIASSO")
            #expect(
                world.requests.map { String($0.url.prefix { $0 != "?" }) } == [
                    "https://oidc\(host)/token", "https://portal.sso\(host)/federation/credentials",
                ])
        }
    }

    @Test func `a variant of an endpoint that is named is refused`() async throws {
        let world = world()
        world.setVariable("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
        world.setVariable("AWS_USE_FIPS_ENDPOINT", "true")
        let error = try await world.failure(profile: "p")
        #expect(error.code == .invalidParameter && error.advice.contains("use_fips_endpoint = false"))
    }

    // MARK: Renewal

    private static let renewal =
        #""clientId":"client","clientSecret":"\#(World.canary)client","#
        + #""refreshToken":"\#(World.canary)refresh","registrationExpiresAt":"2027-03-01T00:00:00Z""#
    private static let renewed =
        #"{"accessToken":"\#(World.canary)new","expiresIn":3600,"tokenType":"Bearer","#
        + #""refreshToken":"\#(World.canary)refresh2"}"#

    /// A login that ends then, and can be renewed.
    private static func old(_ end: String = "2027-01-15T08:14:59Z", _ renewal: String = renewal) -> String {
        #"{"startUrl":"\#(startURL)","region":"eu-west-1","accessToken":"\#(bearer)","expiresAt":"\#(end)","#
            + #""later":{"list":[1,2.5,true,null,"a\"\\\n"]},\#(renewal)}"#
    }

    private static func onRenewal(_ world: World, _ answer: @escaping @Sendable () -> ScriptedTransport.Step) {
        world.onRequest { $0.method == .post ? answer() : .answer(200, Self.answer()) }
    }

    private static func members(_ text: String?) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data((text ?? "").utf8)) as? [String: Any])
    }

    @Test(arguments: ["2027-01-15T08:14:59Z", "2027-01-15T07:00:00Z"])
    func `a login that ends soon, or is over, is renewed and kept as the AWS CLI has it`(end: String) async throws {
        let world = world(token: Self.old(end))
        Self.onRenewal(world) { .answer(200, Self.renewed) }
        #expect(try await world.id(profile: "p") == "ASIASSO")
        let request = try #require(world.requests.first)
        #expect(request.url == "https://oidc.eu-west-1.amazonaws.com/token")
        #expect(request.header("content-type") == "application/json")
        let asked = try Self.members(String(decoding: request.body ?? [], as: UTF8.self)) as? [String: String]
        #expect(
            asked == [
                "grantType": "refresh_token", "clientId": "client", "clientSecret": "\(World.canary)client",
                "refreshToken": "\(World.canary)refresh",
            ])
        #expect(world.requests.last?.header("x-amz-sso_bearer_token") == "\(World.canary)new")
        var expected = try Self.members(Self.old(end))
        expected["accessToken"] = "\(World.canary)new"
        expected["refreshToken"] = "\(World.canary)refresh2"
        expected["expiresAt"] = "2027-01-15T09:00:00Z"
        #expect(try Self.members(world.file(Self.sessionToken)) as NSDictionary == expected as NSDictionary)
        // It is good now.
        _ = try await world.id(profile: "p")
        #expect(world.requests.count { $0.method == .post } == 1)
        #expect(world.warnings.isEmpty)
    }

    @Test(arguments: [
        ("2027-01-15T08:15:00Z", renewal), ("2027-01-15T08:10:00Z", #""clientId":"client""#),
        ("2027-01-15T08:10:00Z", renewal.replacing("2027-03-01", with: "2027-01-01")),
    ])
    func `what needs no renewal, or can't have one, is used as it is`(end: String, renewal: String) async throws {
        let world = world(token: Self.old(end, renewal))
        #expect(try await world.id(profile: "p") == "ASIASSO")
        #expect(world.requests.map(\.method) == [.get])
        #expect(world.file(Self.sessionToken) == Self.old(end, renewal))
    }

    @Test func `the older form of login is never renewed`() async throws {
        let world = world(token: nil)
        world.setFile(Self.legacyToken, .success(Self.old()))
        _ = try await world.id(profile: "legacy")
        #expect(world.requests.map(\.method) == [.get])
    }

    @Test(arguments: [
        ScriptedTransport.Step.answer(400, #"{"error":"invalid_grant","error_description":"\#(bearer)"}"#),
        .answer(400, bearer), .answer(500, ""), .failure(.couldNotConnect), .answer(200, "{}"),
        .answer(200, #"{"accessToken":"\#(bearer)"}"#), .answer(200, #"{"accessToken":"a","expiresIn":0}"#),
    ])
    func `a login that can't be renewed is used while it lasts, and then told of`(
        step: ScriptedTransport.Step
    ) async throws {
        let world = world(token: Self.old())
        Self.onRenewal(world) { step }
        #expect(try await world.id(profile: "p") == "ASIASSO")
        #expect(world.requests.last?.header("x-amz-sso_bearer_token") == Self.bearer)
        #expect(world.file(Self.sessionToken) == Self.old())
        let warning = try #require(world.warnings.first)
        #expect(warning.contains("could not be renewed") && warning.contains("until it ends at 2027-01-15T08:14:59Z"))
        #expect(!warning.contains(World.canary))
        world.setFile(Self.sessionToken, .success(Self.old("2027-01-15T07:59:59Z")))
        let error = try await world.failure(profile: "p")
        #expect(error.message.contains("ended at 2027-01-15T07:59:59Z, and could not be renewed: "), "\(error)")
    }

    @Test func `a login that no file takes is kept in memory`() async throws {
        let world = world(token: Self.old())
        world.forbidWriting()
        Self.onRenewal(world) { .answer(200, Self.renewed) }
        let chain = world.chain(profile: "p")
        for _ in 1...2 {
            _ = try await chain.resolved()
            #expect(world.requests.last?.header("x-amz-sso_bearer_token") == "\(World.canary)new")
        }
        #expect(world.requests.count { $0.method == .post } == 1)
        #expect(world.file(Self.sessionToken) == Self.old())
        #expect(world.warnings.count == 1 && world.warnings[0].contains("Read-only file system"), "\(world.warnings)")
    }

    @Test func `what another program has renewed meanwhile is used, and not written over`() async throws {
        let theirs = Self.token("2027-01-15T09:30:00Z").replacing(Self.bearer, with: "\(World.canary)theirs")
        for step in [ScriptedTransport.Step.answer(400, #"{"error":"invalid_grant"}"#), .answer(200, Self.renewed)] {
            let world = world(token: Self.old())
            Self.onRenewal(world) {
                world.setFile(Self.sessionToken, .success(theirs))
                return step
            }
            let chain = world.chain(profile: "p")
            _ = try await chain.resolved()
            _ = try await chain.resolved()
            #expect(world.requests.last?.header("x-amz-sso_bearer_token") == "\(World.canary)theirs")
            #expect(world.file(Self.sessionToken) == theirs)
            #expect(world.warnings.isEmpty)
        }
    }
}
