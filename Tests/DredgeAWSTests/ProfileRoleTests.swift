import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

/// Roles that profiles name. The paths and errors are botocore's (`AssumeRoleProvider`).
@Suite struct ProfileRoleTests {
    private typealias World = ProviderWorld
    private static let other = "arn:aws:iam::210987654321:role/Other"

    /// A world whose STS gives a session named after the role, and whose metadata endpoints answer.
    private func world(
        _ config: String, credentials: String? = nil, _ environment: [String: String] = [:]
    ) -> World {
        let world = World(config: config, credentials: credentials, environment: environment)
        world.onRequest { request in
            switch (request.method, request.url) {
            case (.post, _):
                let name = request.form["RoleArn"]?.split(separator: "/").last ?? ""
                return .session("ASIA\(name)", secret: World.canary)
            case (.put, _): return .answer(200, "\(World.canary)metadata-token")
            case (_, let url) where url.hasSuffix("/security-credentials/"): return .answer(200, "node")
            case (_, let url) where url.hasPrefix("http://169.254.169.254/"): return .keys("INSTANCE")
            case (_, let url) where url.hasPrefix("http://169.254.170.2/"): return .keys("CONTAINER")
            default: return .failure(.couldNotConnect)
            }
        }
        return world
    }

    /// Who signed each AssumeRole, and for which role.
    private func steps(_ world: World) -> [String] {
        world.requests.filter { $0.method == .post }.map { request in
            let signer =
                request.header("authorization")?.split(separator: "=").dropFirst().first?
                .split(separator: "/").first ?? "nobody"
            return "\(signer) → \(request.form["RoleArn"]?.split(separator: "/").last ?? "")"
        }
    }

    @Test func `a role is assumed with the keys of its source, as the profile says`() async throws {
        let world = world(
            """
            [profile p]
            role_arn = \(World.role)
            source_profile = keys
            external_id = id:1
            role_session_name = me@x
            duration_seconds = 1800
            region = eu-west-1
            [profile keys]
            \(World.keys("KEYS"))
            """)
        let resolved = try await world.resolved(profile: "p")
        #expect(resolved.credentials.accessKeyID == "ASIAReader")
        #expect(resolved.credentials.expiration == Date(timeIntervalSince1970: 1_800_003_600))
        #expect(
            resolved.provider
                == "profile 'p' in \(World.configPath): role \(World.role), assumed with profile 'keys' in "
                + "\(World.configPath)"
        )
        #expect(world.requests.map(\.url) == ["https://sts.eu-west-1.amazonaws.com/"])
        #expect(
            world.requests[0].form == [
                "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": World.role, "RoleSessionName": "me@x",
                "DurationSeconds": "1800", "ExternalId": "id:1",
            ])
        #expect(steps(world) == ["KEYS → Reader"])
    }

    @Test func `source profiles chain, and the sessions sign for each other`() async throws {
        let world = world(
            """
            [default]
            role_arn = arn:aws:iam::123456789012:role/C
            source_profile = b
            [profile b]
            role_arn = arn:aws:iam::123456789012:role/B
            source_profile = a
            duration_seconds = 43200
            [profile a]
            role_arn = arn:aws:iam::123456789012:role/A
            source_profile = keys
            """, credentials: "[keys]\n\(World.keys("KEYS"))")
        #expect(try await world.id() == "ASIAC")
        #expect(steps(world) == ["KEYS → A", "ASIAA → B", "ASIAB → C"])
        #expect(world.requests[0].form["RoleSessionName"] == "dredge-test")
        // A role's session gives an hour at most.
        #expect(world.requests[1].form["DurationSeconds"] == "3600")
    }

    @Test func `a profile may be its own source, and keys of a source come before its role`() async throws {
        let own = world("[profile p]\nrole_arn = \(World.role)\nsource_profile = p\n\(World.keys("OWN"))")
        #expect(try await own.id(profile: "p") == "ASIAReader")
        #expect(steps(own) == ["OWN → Reader"])
        let source = world(
            """
            [profile p]
            role_arn = \(World.role)
            source_profile = q
            [profile q]
            role_arn = \(Self.other)
            source_profile = nowhere
            \(World.keys("Q"))
            """)
        #expect(try await source.id(profile: "p") == "ASIAReader")
        #expect(steps(source) == ["Q → Reader"])
    }

    @Test(arguments: [
        ("p → p", "[profile p]\nrole_arn = \(World.role)\nsource_profile = p\n"),
        (
            "p → q → p",
            "[profile p]\nrole_arn = \(World.role)\nsource_profile = q\n[profile q]\nrole_arn = "
                + "\(other)\nsource_profile = p\n"
        ),
        (
            "p → q → q",
            "[profile p]\nrole_arn = \(World.role)\nsource_profile = q\n[profile q]\nrole_arn = "
                + "\(other)\nsource_profile = q\n"
        ),
        (
            "p → q → p",
            "[profile p]\nrole_arn = \(World.role)\nsource_profile = q\n\(World.keys("P"))"
                + "[profile q]\nrole_arn = \(other)\nsource_profile = p\n"
        ),
    ])
    func `a loop is told of with its path, before any request`(path: String, config: String) async throws {
        let world = world(config)
        let error = try await world.failure(profile: "p")
        #expect(error.code == .malformedConfigFile)
        #expect(error.message.contains(path))
        #expect(world.requests.isEmpty)
    }

    @Test(arguments: [
        ("Environment", "ENVIRONMENT"), ("Ec2InstanceMetadata", "INSTANCE"), ("EcsContainer", "CONTAINER"),
    ])
    func `a role is assumed with what a named provider gives`(source: String, signer: String) async throws {
        let environment = World.environmentKeys.merging(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]) { $1 }
        let world = world("[profile p]\nrole_arn = \(World.role)\ncredential_source = \(source)\n", environment)
        #expect(try await world.id(profile: "p") == "ASIAReader")
        #expect(steps(world) == ["\(signer) → Reader"])
    }

    @Test(arguments: [
        ("Environment", "AWS_ACCESS_KEY_ID isn't set"), ("EcsContainer", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        ("Ec2InstanceMetadata", "AWS_EC2_METADATA_DISABLED is set"),
    ])
    func `a named provider that has nothing ends the search`(source: String, reason: String) async throws {
        let world = world(
            "[profile p]\nrole_arn = \(World.role)\ncredential_source = \(source)\n\(World.keys("P"))",
            ["AWS_EC2_METADATA_DISABLED": "true"])
        let error = try await world.failure(profile: "p")
        #expect(error.code == .noCredentials)
        #expect(error.message.contains(reason) && error.providers.count == 1)
        #expect(steps(world).isEmpty)
    }

    @Test(arguments: [
        ("", "neither source_profile nor credential_source"),
        ("source_profile = k\ncredential_source = Environment\n", "both source_profile and credential_source"),
        ("credential_source = ec2\n", "line 3 is 'ec2'"), ("source_profile = nowhere\n", "has the profile 'nowhere'"),
        ("source_profile = empty\n", "has no credentials"),
        ("source_profile = k\nmfa_serial = arn:aws:iam::1:mfa/me\n", "multi-factor"),
        ("source_profile = k\nduration_seconds = long\n", "line 4 is not a number"),
        ("source_profile = k\nduration_seconds = 60\n", "duration"),
        ("source_profile = k\nexternal_id = a b\n", "external ID"),
        ("source_profile = half\n", "no aws_secret_access_key"),
    ])
    func `what can't work is told of, before any request`(lines: String, message: String) async throws {
        let world = world(
            """
            [profile p]
            role_arn = \(World.role)
            \(lines)
            [profile k]
            \(World.keys("K"))
            [profile empty]
            region = x
            [profile half]
            aws_access_key_id = HALF
            """)
        let error = try await world.failure(profile: "p")
        #expect(error.message.lowercased().contains(message.lowercased()), "\(error)")
        #expect(steps(world).isEmpty)
    }

    @Test func `more roles than anybody means are refused`() async throws {
        let config = (0..<12).map { "[profile p\($0)]\nrole_arn = \(World.role)\nsource_profile = p\($0 + 1)\n" }
        let world = world(config.joined() + "[profile p12]\n\(World.keys("K"))")
        #expect(try await world.failure(profile: "p0").message.contains("more than 10 roles"))
        #expect(try await world.id(profile: "p2") == "ASIAReader")
    }

    @Test func `a refusal of STS names the profile and what signed`() async throws {
        let world = world("[profile p]\nrole_arn = \(World.role)\nsource_profile = k\n[profile k]\n\(World.keys("K"))")
        world.onRequest { _ in .error("AccessDenied", "no, \(World.canary)/secret/of/K") }
        let error = try await world.failure(profile: "p")
        #expect(error.code == .accessDenied)
        #expect(error.step.contains("assume role \(World.role) for the profile 'p'"))
        #expect(error.step.contains("with profile 'k'"))
    }

    @Test func `the endpoint is the one that the profile's services section names`() async throws {
        let config = """
            [profile p]
            role_arn = \(World.role)
            source_profile = k
            services = local
            [profile k]
            \(World.keys("K"))
            [services local]
            sts =
              endpoint_url = http://127.0.0.1:9/sts
            """
        let world = world(config)
        _ = try await world.id(profile: "p")
        #expect(world.requests.map(\.url) == ["http://127.0.0.1:9/sts/"])
    }
}
