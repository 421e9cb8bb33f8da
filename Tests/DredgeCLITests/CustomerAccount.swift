import Foundation
import TestServers
import Testing

/// A vendor's and a customer's AWS for the tests of a suite: moto with authorization on, so that signatures, trust
/// policies, external IDs and permissions are checked by code that is not ours.
struct CustomerAccount: Sendable {
    static let externalID = "cap_org_0123456789abcdef01234567"
    static let bucket = "acme-contracts"

    @TaskLocal static var current: CustomerAccount?

    let server: MotoServer
    let outcome: MotoScenario.Outcome

    /// Text objects of one part and of several, one of them not UTF-8.
    static let texts: [(key: String, body: [UInt8])] = {
        var text = SampleText(seed: 41)
        let small = (10..<40).map { ("2025/contract \($0).txt", text.lines(byteCount: 200 * ($0 - 9))) }
        return small + [("2025/long.txt", text.lines(byteCount: 300_000)), ("readme.md", Array("# Contracts\n".utf8))]
    }()

    /// Besides them what is not to be read, each for its reason.
    static let otherObjects = [
        MotoScenario.Object("2024/", Data()), .init("2025/empty.txt", Data()),
        .init("2025/scan.png", Data([0x89, 0x50, 0, 1])),
        .init("cold.txt", Data("in the archive\n".utf8), storageClass: "GLACIER"),
    ]
    static let skippedReasons = ["folder marker": 1, "empty": 1, "binary": 1, "archived": 1]
    /// Refused to who has the role `customer-read-but-one`.
    static let deniedKey = "2025/contract 20.txt"

    static func start() async throws -> CustomerAccount {
        let server = try await MotoServer()
        let objects = texts.map { MotoScenario.Object($0.key, Data($0.body)) } + otherObjects
        var scenario = MotoScenario.vendorAndCustomer(bucket: bucket, externalID: externalID, objects: objects)
        let trust = MotoScenario.trust([MotoScenario.userARN("vendor")], externalID: externalID)
        let arn = "arn:aws:s3:::\(bucket)"
        let deny = #"{"Effect":"Deny","Action":["s3:GetObject"],"Resource":["\#(arn)/\#(deniedKey)"]}"#
        let read = #"{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["\#(arn)","\#(arn)/*"]}"#
        scenario.roles += [
            .init("customer-read-but-one", trust: trust, policy: MotoScenario.policy("\(read),\(deny)")),
            .init("customer-no-list", trust: trust, policy: MotoScenario.allow(["s3:GetObject"], on: ["\(arn)/*"])),
            .init("customer-list-only", trust: trust, policy: MotoScenario.allow(["s3:ListBucket"], on: [arn])),
            // Trusts whoever the vendor asks for.
            .init(
                "customer-over-trusting", trust: MotoScenario.trust([MotoScenario.userARN("vendor")]),
                policy: MotoScenario.read(bucket: bucket)),
            .init("customer-any-bucket", trust: trust, policy: MotoScenario.allow(["s3:*"], on: ["*"])),
        ]
        do {
            return CustomerAccount(server: server, outcome: try await server.apply(scenario))
        } catch {
            server.stop()
            throw error
        }
    }

    /// The vendor's keys, for `dredge` to find.
    func environment() throws -> [String: String] {
        let key = try #require(outcome.accessKeys["vendor"])
        return ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret]
    }

    /// A config of one source that assumes `role`.
    func config(role: String = "customer-read", externalID: String? = externalID, bucket: String = bucket) -> String {
        let hop =
            "role_arn: \"\(MotoScenario.roleARN(role))\"" + (externalID.map { ", external_id: \($0)" } ?? "")
        return config(hops: "[{\(hop)}]", bucket: bucket)
    }

    /// A config of one source with these hops.
    func config(hops: String, bucket: String = bucket) -> String {
        """
        store: s.chunks
        limits: {part: 64KiB, memory: 64MiB}
        sources:
          - name: contracts
            bucket: \(bucket)
            endpoint_url: "\(server.endpointURL)"
            sts_endpoint_url: "\(server.endpointURL)"
            auth: {assume_role: \(hops)}
        """
    }

    /// Runs `dredge run` on a config in `directory`.
    func run(
        _ config: String, _ flags: [String] = [], in directory: TemporaryDirectory, environment: [String: String]? = nil
    ) async throws -> DredgeBinary.Outcome {
        try directory.write("c.yaml", config)
        return try await DredgeBinary.run(
            ["run", "c.yaml", "--no-progress"] + flags, environment: try environment ?? self.environment(),
            directory: directory.url)
    }
}

/// The suites that share one account.
@Suite(WithCustomerAccount(), .timeLimit(.minutes(30))) enum CustomerAccountTests {}

/// Starts the account before a suite and ends it behind the suite.
struct WithCustomerAccount: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let account = try await CustomerAccount.start()
        defer { account.server.stop() }
        try await CustomerAccount.$current.withValue(account) { try await function() }
    }
}
