import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

@Suite struct ContainerProviderTests {
    private typealias World = ProviderWorld
    private static let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    private static let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

    private func world(_ environment: [String: String]) -> World {
        let world = World(environment: environment)
        world.onRequest { _ in .keys("ASIATASK") }
        return world
    }

    @Test func `a task asks its agent with the path that it was given`() async throws {
        let world = world([Self.relative: "/v2/credentials/8f1c?x=y"])
        let resolved = try await world.resolved()
        #expect(resolved.credentials.accessKeyID == "ASIATASK")
        #expect(resolved.credentials.expiration == Date(timeIntervalSince1970: 1_800_021_600))
        #expect(resolved.provider == "container credentials (169.254.170.2)")
        let request = try #require(world.requests.first)
        #expect(request.url == "http://169.254.170.2/v2/credentials/8f1c?x=y")
        #expect(request.bypassesProxy && request.timeout == AWSLimits.containerTimeout)
        #expect(request.header("authorization") == nil)
    }

    @Test func `a pod's token file is read anew each time`() async throws {
        let world = world([
            Self.full: "http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "\(World.canary)other",
        ])
        world.setFile("/token", .success("\(World.canary) first"))
        let chain = world.chain()
        _ = try await chain.resolved()
        world.setFile("/token", .success("\(World.canary) second"))
        _ = try await chain.resolved()
        #expect(
            world.requests.map { $0.header("authorization") } == ["\(World.canary) first", "\(World.canary) second"])
        world.setVariable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", nil)
        _ = try await world.id()
        #expect(world.requests[2].header("authorization") == "\(World.canary)other")
    }

    @Test func `the relative path comes before the full one`() async throws {
        let world = world([Self.relative: "/r", Self.full: "http://127.0.0.1/f"])
        _ = try await world.id()
        #expect(world.requests[0].url == "http://169.254.170.2/r")
    }

    /// The list is botocore's `ContainerMetadataFetcher._ALLOWED_HOSTS`; the golden chain compares it too.
    @Test(arguments: [
        ("http://localhost/x", true), ("http://127.0.0.1:8080/x", true), ("http://127.9.8.7", true),
        ("http://[::1]:80/x", true), ("http://169.254.170.2/x", true), ("http://169.254.170.23/x", true),
        ("http://[fd00:ec2::23]/x", true), ("https://example.org/x", false), ("https://[2001:db8::1]:443/x", false),
        ("https://localhost:8443/x", true),
    ])
    func `https goes anywhere, http to this machine and the agents`(url: String, isNearby: Bool) async throws {
        let world = world([Self.full: url])
        #expect(try await world.id() == "ASIATASK")
        #expect(world.requests[0].url == url)
        #expect(world.requests[0].bypassesProxy == isNearby)
    }

    @Test(arguments: [
        "http://example.org/x", "http://169.254.169.254/x", "http://169.254.170.22/", "http://[::2]/",
        "http://127.0.0.1.example.org/", "http://localhost.example.org/", "http://127.0.0.1@example.org/",
        "http://user:\(World.canary)@127.0.0.1/", "http://127.0.0.1\\@example.org/", "http://example.org#@127.0.0.1/",
        "http://example.org?@127.0.0.1/", "http://0x7f000001/", "http://2130706433/", "http://127.1/",
        "http://127.0.0.01/",
        "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://[127.0.0.1]/", "http://127.0.0.1:/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:+80/", "http:///x", "http://", "ftp://127.0.0.1/", "127.0.0.1/x", "file:///etc/passwd",
        "http://a b/",
        "http://127.0.0.1%2eexample.org/", "https://ex ample/", "https:///x", "http://127.0.0.1/x\r\nHost: example.org",
        "http://[fd00:ec2::23", "http://[fd00:ec2::23]x/",
    ])
    func `nobody else is asked`(url: String) async throws {
        let world = world([Self.full: url])
        let error = try await world.failure()
        #expect(error.code == .invalidParameter)
        #expect(world.requests.isEmpty)
    }

    @Test(arguments: ["x", ":80@example.org/", ".example.org/", "@example.org/", " /x", "//\n"])
    func `a relative path that would lead elsewhere is refused`(path: String) async throws {
        let world = world([Self.relative: path])
        #expect(try await world.failure().code == .invalidParameter)
        #expect(world.requests.isEmpty)
    }

    @Test(arguments: ["\(World.canary)\r\nX-Evil: 1", "\(World.canary)\n", "\(World.canary)\0", "\(World.canary) ü"])
    func `a token that can't stand in a header is refused, and not shown`(token: String) async throws {
        for name in ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            let world = world([Self.relative: "/x", name: name.hasSuffix("FILE") ? "/token" : token])
            world.setFile("/token", .success(token))
            let error = try await world.failure()
            #expect(error.message.contains(name))
            #expect(world.requests.isEmpty)
        }
    }

    @Test func `a token file that isn't there ends the search`() async throws {
        let world = world([Self.relative: "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"])
        #expect(
            try await world.failure().message.contains("/token, which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names"))
        world.setFile("/token", .success(String(repeating: World.canary, count: 11_000)))
        #expect(try await world.failure().message.contains("too large"))
    }

    @Test(arguments: [
        "", "[]", "null", "\(World.canary)", "<html>\(World.canary)</html>", "{}", #"{"AccessKeyId":"A"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Expiration":"2027-01-15T14:00:00Z"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Token":"t"}"#,
        #"{"AccessKeyId":"","SecretAccessKey":"\#(World.canary)","Token":"t","#
            + #""Expiration":"2027-01-15T14:00:00Z"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Token":"t","Expiration":"soon"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Token":"t","Expiration":1800021600}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":{"a":"\#(World.canary)"},"Token":"t","#
            + #""Expiration":"2027-01-15T14:00:00Z"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)\n","Token":"t","Expiration":"2027-01-15T14:00:00Z"}"#,
        #"{"AccessKeyId":"A","SecretAccessKey":"\#(World.canary)","Token":"t","Expiration":"2027-01-15T14:00:00Z"} x"#,
        credentialJSON("A", expiration: "2027-01-15T08:00:00Z"),
    ])
    func `an answer without good credentials ends the search`(answer: String) async throws {
        let world = world([Self.relative: "/x"])
        world.onRequest { _ in .answer(200, answer) }
        let error = try await world.failure()
        #expect([.malformedAnswer, .noCredentials, .expiredBaseCredentials].contains(error.code))
        #expect(error.message.contains("the container endpoint 169.254.170.2"))
    }

    @Test func `failures are tried again and told of, without what the endpoint says`() async throws {
        let world = world([Self.relative: "/x"])
        world.onRequest { _ in .answer(503, World.canary) }
        #expect(try await world.failure().code == .serviceFailure)
        #expect(world.requests.count == AWSLimits.endpointAttemptCountMax)
        world.onRequest { _ in .answer(401, World.canary) }
        let refused = try await world.failure()
        #expect(refused.code == .accessDenied && refused.status == 401)
        #expect(world.requests.count == AWSLimits.endpointAttemptCountMax + 1)
        world.onRequest { _ in .failure(.couldNotConnect) }
        #expect(try await world.failure().code == .unreachable)
        world.onRequest { [count = Counter()] _ in count.next() < 3 ? .failure(.stalled) : .keys("ASIATASK") }
        #expect(try await world.id() == "ASIATASK")
    }

    @Test func `everything before it comes first`() async throws {
        let world = world(World.environmentKeys.merging([Self.relative: "/x"]) { $1 })
        #expect(try await world.id() == "ENVIRONMENT")
        world.setFile(World.configPath, .success("[profile p]\nregion = x\n[profile q]\n\(World.keys("Q"))"))
        #expect(try await world.id(profile: "q") == "Q")
        #expect(try await world.id(profile: "p") == "ASIATASK")
    }

    @Test func `credentials are renewed before they end, by one request for all who wait`() async throws {
        let world = world([Self.relative: "/x"])
        let source = BaseSource(world.chain())
        world.onRequest { [count = Counter()] _ in
            let count = count.next()
            return .keys("ASIA\(count)", expiration: count == 1 ? "2027-01-15T14:00:00Z" : "2027-01-15T20:00:00Z")
        }
        func ids() async throws -> Set<String> {
            try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<50 { group.addTask { try await source.credentials()?.accessKeyID } }
                return try await group.reduce(into: []) { $0.insert($1 ?? "") }
            }
        }
        #expect(try await ids() == ["ASIA1"])
        world.clock.advance(6 * 3600 - 601)
        #expect(try await ids().isSubset(of: ["ASIA1", "ASIA2"]))
        world.clock.advance(2)
        #expect(try await ids() == ["ASIA2"])
        #expect(world.requests.count == 2)
    }
}
