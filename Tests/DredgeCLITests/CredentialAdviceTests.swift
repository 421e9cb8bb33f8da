import Foundation
import TestServers
import Testing

/// What a run and a check tell of base credentials that can't be had.
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
}
