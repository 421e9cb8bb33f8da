import Foundation
import TestServers
import Testing

/// What a run and a check tell of base credentials that can't be had, and how a login of SSO is renewed for them.
@Suite(.timeLimit(.minutes(30))) struct CredentialAdviceTests {
    private let directory: TemporaryDirectory
    private static let secret = "CANARYCANARYCANARY"

    init() throws { directory = try TemporaryDirectory() }

    /// Runs `dredge` on a bucket that needs no more than credentials.
    private func dredge(
        _ command: String, config: String, environment: [String: String], status: Int32
    ) async throws -> String {
        let server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: Array("text\n".utf8))]))
        defer { server.stop() }
        let home = directory.url
        try FileManager.default.createDirectory(at: home.appending(path: ".aws"), withIntermediateDirectories: true)
        try directory.write(".aws/config", config)
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources: [{name: docs, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: ambient}]
            """)
        let outcome = try await DredgeBinary.run(
            [command, "c.yaml"], environment: environment.merging(["HOME": home.path]) { $1 }, directory: home)
        #expect(outcome.status == status, "\(outcome)")
        let text = outcome.output + outcome.error
        #expect(!text.contains(Self.secret), "\(text)")
        return text.split { $0.isWhitespace }.joined(separator: " ")
    }

    @Test(arguments: ["run", "check"])
    func `metadata that are switched off are told of, where they sign for a role`(command: String) async throws {
        let metadata = try await MetadataServer(world: #"{"status":{"/latest/api/token":403}}"#)
        defer { metadata.stop() }
        let text = try await dredge(
            command,
            config: """
                [profile vendor]
                role_arn = arn:aws:iam::123456789012:role/Reader
                credential_source = Ec2InstanceMetadata
                """,
            environment: ["AWS_PROFILE": "vendor", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url], status: 3)
        Refusal.expect(
            ["status 403", "HttpEndpoint must be enabled", "No IAM policy or trust policy changes this"],
            inOrderIn: text)
        #expect(!text.contains("sts:AssumeRole"), "\(text)")
    }

    @Test(arguments: ["run", "check"])
    func `a program's line that a comment cuts is named`(command: String) async throws {
        let text = try await dredge(
            command, config: "[default]\ncredential_process = /bin/sh -c 'exit 3 ;echo'\n",
            environment: ["AWS_EC2_METADATA_DISABLED": "true"], status: 3)
        Refusal.expect(
            ["a quote that isn't closed", "\(directory.url.path)/.aws/config, line 2, a # or ;", "begins a comment"],
            inOrderIn: text)
    }

    @Test(arguments: ["run", "check"])
    func `a named profile with half a login of SSO is told of, with its file and what it lacks`(
        command: String
    ) async throws {
        let config =
            "[profile corp]\nsso_session = main\nsso_account_id = 123456789012\n"
            + "[sso-session main]\nsso_region = eu-west-1\n"
        let text = try await dredge(command, config: config, environment: ["AWS_PROFILE": "corp"], status: 3)
        Refusal.expect(
            [
                "profile 'corp' in \(directory.url.path)/.aws/config asks for SSO, but it has no sso_role_name",
                "[sso-session main] in \(directory.url.path)/.aws/config has no sso_start_url",
            ], inOrderIn: text)
    }

    @Test func `a login of SSO that is over is renewed without a word, and written for the AWS CLI`() async throws {
        let bearer = "\(Self.secret)new"
        let portal = try await MetadataServer(
            world: """
                {"renewal":{"grantType":"refresh_token","clientId":"client","clientSecret":"\(Self.secret)client",\
                "refreshToken":"\(Self.secret)refresh"},\
                "login":{"accessToken":"\(bearer)","expiresIn":28800,"refreshToken":"\(Self.secret)refresh2"},\
                "bearer":"\(bearer)","sso":{"roleCredentials":{"accessKeyId":"ASIASSOSSOSSOSSOSSO1",\
                "secretAccessKey":"\(Self.secret)s","sessionToken":"\(Self.secret)t","expiration":4950000000000}}}
                """)
        defer { portal.stop() }
        // SHA-1 of `main`.
        let cache = ".aws/sso/cache/b28b7af69320201d1cf206ebf28373980add1451.json"
        try FileManager.default.createDirectory(
            at: directory.url.appending(path: ".aws/sso/cache"), withIntermediateDirectories: true)
        try directory.write(
            cache,
            """
            {"startUrl":"https://d-1.awsapps.com/start","region":"eu-west-1","accessToken":"\(Self.secret)old",\
            "expiresAt":"2020-01-01T00:00:00Z","clientId":"client","clientSecret":"\(Self.secret)client",\
            "registrationExpiresAt":"2100-01-01T00:00:00Z","refreshToken":"\(Self.secret)refresh","later":"kept"}
            """)
        let text = try await dredge(
            "run",
            config: """
                [profile corp]
                sso_session = main
                sso_account_id = 123456789012
                sso_role_name = Read
                [sso-session main]
                sso_region = eu-west-1
                sso_start_url = https://d-1.awsapps.com/start
                """,
            environment: [
                "AWS_PROFILE": "corp", "AWS_ENDPOINT_URL_SSO": portal.url, "AWS_ENDPOINT_URL_SSO_OIDC": portal.url,
            ], status: 0)
        #expect(!text.contains("warning"), "\(text)")
        #expect(
            try portal.requests().map(\.path).map { $0.prefix { $0 != "?" } } == ["/token", "/federation/credentials"])
        let file = directory.url.appending(path: cache)
        let written = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: String])
        #expect(written["accessToken"] == bearer && written["refreshToken"] == "\(Self.secret)refresh2")
        #expect(written["clientId"] == "client" && written["later"] == "kept")
        let end = try #require(written["expiresAt"].flatMap { ISO8601DateFormatter().date(from: $0) })
        #expect(end > Date(timeIntervalSinceNow: 28_000) && end < Date(timeIntervalSinceNow: 28_900))
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let files = try FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path)
        #expect(files == [file.lastPathComponent], "nothing is left beside it")
    }
}
