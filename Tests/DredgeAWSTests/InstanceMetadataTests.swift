import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

@Suite struct InstanceMetadataTests {
    private typealias World = ProviderWorld
    private static let token = "\(World.canary)metadata-token=="
    private static let base = "http://169.254.169.254"

    /// An instance's metadata service, which gives `keys` last.
    private static func service(
        role: String = "my-role", keys: @escaping @Sendable () -> ScriptedTransport.Step = { .keys("ASIANODE") }
    ) -> @Sendable (HTTPRequest) -> ScriptedTransport.Step {
        { request in
            if request.method == .put {
                return request.url.hasSuffix("/latest/api/token")
                    && request.header("x-aws-ec2-metadata-token-ttl-seconds") == "21600"
                    ? .answer(200, token) : .answer(400, "")
            }
            guard request.header("x-aws-ec2-metadata-token") == token else { return .answer(401, "") }
            return request.url.hasSuffix("/security-credentials/") ? .answer(200, role) : keys()
        }
    }

    private func world(
        _ environment: [String: String] = [:], config: String? = nil, role: String = "my-role",
        keys: @escaping @Sendable () -> ScriptedTransport.Step = { .keys("ASIANODE") }
    ) -> World {
        let world = World(config: config, environment: environment)
        world.onRequest(Self.service(role: role, keys: keys))
        return world
    }

    @Test func `the environment, else the profile, says how patiently the service is asked`() async throws {
        func requests(_ environment: [String: String], config: String? = nil) async throws -> [HTTPRequest] {
            let world = World(config: config, environment: environment)
            _ = try await world.failure()
            return world.requests.filter { $0.method == .put }
        }
        let ordinary = try await requests([:])
        #expect(ordinary.count == 1 && ordinary[0].timeout == .seconds(1))
        let config = "[default]\nmetadata_service_timeout = 5\nmetadata_service_num_attempts = 4\n"
        let patient = try await requests([:], config: config)
        #expect(patient.count == 4 && patient.allSatisfy { $0.timeout == .seconds(5) })
        let overruled = try await requests(
            ["AWS_METADATA_SERVICE_TIMEOUT": "2", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "2"], config: config)
        #expect(overruled.count == 2 && overruled.allSatisfy { $0.timeout == .seconds(2) })
        for name in ["AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"] {
            for text in ["0", "61", "-1", "soon"] {
                let error = try await World(environment: [name: text]).failure()
                #expect(error.code == .invalidParameter && error.message.contains(name))
            }
        }
    }

    @Test func `version 2 is asked for a token, the role and its credentials`() async throws {
        let world = world()
        let resolved = try await world.resolved()
        #expect(resolved.credentials.accessKeyID == "ASIANODE")
        #expect(resolved.credentials.expiration == Date(timeIntervalSince1970: 1_800_021_600))
        #expect(resolved.provider == "EC2 instance metadata (role my-role)")
        let path = "/latest/meta-data/iam/security-credentials/"
        #expect(
            world.requests.map(\.url) == [
                "\(Self.base)/latest/api/token", Self.base + path, "\(Self.base)\(path)my-role",
            ])
        #expect(world.requests.allSatisfy { $0.bypassesProxy && $0.timeout == .seconds(1) })
        #expect(world.warnings.isEmpty)
    }

    @Test(arguments: [
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/"], "http://127.0.0.1:1338"),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
        (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv4"], "http://169.254.169.254"),
        (
            [
                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv6",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[::1]:80/base",
            ], "http://[::1]:80/base"
        ),
    ])
    func `the endpoint can be another one`(environment: [String: String], base: String) async throws {
        let world = world(environment)
        _ = try await world.id()
        #expect(world.requests.allSatisfy { $0.url.hasPrefix("\(base)/latest/") })
    }

    @Test func `a profile can name the endpoint`() async throws {
        let world = world(config: "[default]\nec2_metadata_service_endpoint_mode = IPv6\n")
        _ = try await world.id()
        #expect(world.requests[0].url == "http://[fd00:ec2::254]/latest/api/token")
    }

    @Test(arguments: [
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "169.254.169.254"],
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://a b/"],
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://u:\(World.canary)@h/"],
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://h/?\(World.canary)"],
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"],
    ])
    func `an endpoint that can't be one ends the search`(environment: [String: String]) async throws {
        let world = world(environment)
        #expect(try await world.failure().code == .invalidParameter)
        #expect(world.requests.isEmpty)
    }

    @Test func `it isn't asked where it is switched off`() async throws {
        let world = world(["AWS_EC2_METADATA_DISABLED": "True"])
        let error = try await world.failure()
        #expect(
            error.providers.last
                == ProviderReason(provider: "EC2 instance metadata", reason: "AWS_EC2_METADATA_DISABLED is set"))
        #expect(world.requests.isEmpty)
    }

    @Test func `a machine that is no instance is asked once`() async throws {
        let world = World()
        world.onRequest { _ in .failure(.connectTimeout) }
        let error = try await world.failure()
        #expect(error.code == .noCredentials)
        #expect(error.providers.last?.reason.contains("no answer from") == true)
        #expect(error.providers.last?.reason.contains("hop limit") == true)
        #expect(world.requests.count == 1)
    }

    @Test(arguments: [
        (403, "gives no token (status 403); version 1 of it isn't used"), (404, "status 404"), (405, "status 405"),
        (400, "status 400 instead of a token"),
    ])
    func `without a token nothing is asked for`(status: Int, reason: String) async throws {
        let world = World()
        world.onRequest { _ in .answer(status, World.canary) }
        #expect(try await world.failure().providers.last?.reason.contains(reason) == true)
        #expect(world.requests.count == 1)
    }

    @Test(arguments: ["", "a b\(World.canary)", "\(World.canary)\r\n", String(repeating: World.canary, count: 200)])
    func `a token that can't be one isn't sent on`(token: String) async throws {
        let world = World()
        world.onRequest { _ in .answer(200, token) }
        #expect(try await world.failure().providers.last?.reason == "its token can't be one")
        #expect(world.requests.count == 1)
    }

    @Test(arguments: ["", "<html>", "../../x", "a b", String(repeating: "r", count: 65)])
    func `a role's name that can't be one isn't asked for`(role: String) async throws {
        let world = world(role: role)
        #expect(try await world.failure().providers.last?.reason.contains("list of roles") == true)
        #expect(world.requests.count == 2)
    }

    @Test func `an instance without a role says so`() async throws {
        let world = World()
        world.onRequest { $0.method == .put ? .answer(200, Self.token) : .answer(404, "") }
        #expect(try await world.failure().providers.last?.reason == "no role is attached to this instance")
    }

    @Test(arguments: [
        ("", "is not JSON"), ("{", "is not JSON"), ("[]", "not an object"), ("{}", "has no Expiration"),
        (#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"\#(World.canary)"}"#, "AssumeRoleUnauthorizedAccess"),
        (
            #"{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Token":"t"}"#,
            "has no Expiration"
        ),
        (
            #"{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","#
                + #""Expiration":"2027-01-15T14:00:00Z"}"#,
            "has no Token"
        ),
        (
            #"{"Code":"Success","AccessKeyId":1,"SecretAccessKey":"\#(World.canary)","Token":"t","#
                + #""Expiration":"2027-01-15T14:00:00Z"}"#,
            "AccessKeyId of the answer for role my-role is a number"
        ),
    ])
    func `an answer without good credentials is the reason why there are none`(answer: String, reason: String)
        async throws
    {
        let world = world { .answer(200, answer) }
        let error = try await world.failure()
        #expect(error.providers.last?.reason.contains(reason) == true, "\(error)")
    }

    @Test func `an answer that passes is asked for again`() async throws {
        let world = world { [count = Counter()] in count.next() < 3 ? .answer(503, "") : .keys("ASIANODE") }
        #expect(try await world.id() == "ASIANODE")
        #expect(world.requests.count == 5)
    }

    // MARK: Static stability

    @Test(arguments: ["2027-01-15T08:04:59Z", "2027-01-15T08:00:00Z", "2027-01-15T02:00:00Z"])
    func `credentials that could not be renewed are used on, with a warning`(expiration: String) async throws {
        let world = world { .keys("ASIAOLD", expiration: expiration) }
        let source = BaseSource(world.chain())
        #expect(try await source.credentials()?.accessKeyID == "ASIAOLD")
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].contains(expiration) && world.warnings[0].contains("in 10 minutes"))
        // The dice of the test always give the upper bound: nobody asks for ten minutes.
        world.clock.advance(599)
        #expect(try await source.credentials()?.accessKeyID == "ASIAOLD")
        #expect(world.requests.count == 3)
        world.clock.advance(2)
        while world.requests.count < 6 {
            #expect(try await source.credentials()?.accessKeyID == "ASIAOLD")
            await Task.yield()
        }
    }

    @Test func `credentials with the usual rest of their life are no reason for a warning`() async throws {
        let world = world { .keys("ASIANODE", expiration: "2027-01-15T08:05:00Z") }
        #expect(try await world.resolved().credentials.expiration == Date(timeIntervalSince1970: 1_800_000_300))
        #expect(world.warnings.isEmpty)
    }

    @Test(arguments: [
        ScriptedTransport.Step.failure(.connectTimeout), .answer(500, "\(ProviderWorld.canary)"),
        .answer(200, "<html>\(ProviderWorld.canary)</html>"),
    ])
    func `a service that fails doesn't end the use of what it gave`(step: ScriptedTransport.Step) async throws {
        let world = world()
        let source = BaseSource(world.chain())
        #expect(try await source.credentials()?.accessKeyID == "ASIANODE")
        world.onRequest { _ in step }
        // Also beyond the end of the credentials.
        for _ in 0..<4 {
            world.clock.advance(3 * 3600)
            #expect(try await source.credentials()?.accessKeyID == "ASIANODE")
        }
        #expect(world.warnings.count >= 2)
        #expect(world.warnings.allSatisfy { !$0.contains(World.canary) && $0.contains("used on") })

        world.onRequest(Self.service { .keys("ASIANEW", expiration: "2027-01-17T08:00:00Z") })
        world.clock.advance(3600)
        #expect(try await source.credentials()?.accessKeyID == "ASIANEW")
    }

    @Test func `without earlier credentials a failure is one`() async throws {
        let world = World()
        world.onRequest { _ in .answer(500, "") }
        let chain = world.chain()
        await #expect(throws: AWSError.self) { _ = try await chain.resolved() }
        #expect(world.warnings.isEmpty)
    }

    @Test func `what was let go isn't used on`() async throws {
        let world = world()
        let chain = world.chain()
        _ = try await chain.resolved()
        world.onRequest { _ in .failure(.connectTimeout) }
        #expect(try await chain.resolved().credentials.accessKeyID == "ASIANODE")
        chain.forget()
        await #expect(throws: AWSError.self) { _ = try await chain.resolved() }
    }

    @Test(arguments: [true, false])
    func `a service that is switched off is told of, and not the roles' trust`(isOfProfile: Bool) async throws {
        let world = World(
            config: "[profile p]\nrole_arn = \(World.role)\ncredential_source = Ec2InstanceMetadata\n")
        world.onRequest { _ in .answer(403, World.canary) }
        let error = try await world.failure(profile: isOfProfile ? "p" : nil)
        #expect(error.advice.contains("HttpEndpoint must be enabled") && error.advice.contains("hop limit"))
        #expect(!error.advice.contains("AWS_ACCESS_KEY_ID") && !error.advice.contains("credential_source"))
    }
}
