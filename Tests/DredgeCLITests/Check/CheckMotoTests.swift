import DredgeCheck
import Foundation
import TestServers
import Testing

/// A vendor's and a customer's AWS for the check: signatures, trust policies, external IDs and permissions are moto's
/// to judge.
struct CheckAccount: Sendable {
    @TaskLocal static var current: CheckAccount?

    static let externalID = "acme-7f3a91"
    static let bucket = "acme-contracts"

    let server: MotoServer
    let outcome: MotoScenario.Outcome

    static func start() async throws -> CheckAccount {
        let server = try await MotoServer()
        var scenario = MotoScenario.vendorAndCustomer(
            bucket: bucket, externalID: externalID,
            objects: ["2025/a.txt", "2025/b.txt", "2026/c.txt"].map { .init($0, Data("text\n".utf8)) })
        let vendor = [MotoScenario.userARN("vendor")]
        let trust = MotoScenario.trust(vendor, externalID: externalID)
        let arn = "arn:aws:s3:::\(bucket)"
        let prefixed =
            #"{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["\#(arn)"],"#
            + #""Condition":{"StringLike":{"s3:prefix":["2026/*"]}}}"#
        scenario.users.append(.init("reader", policy: MotoScenario.read(bucket: bucket)))
        scenario.roles += [
            .init("open-to-vendor", trust: MotoScenario.trust(vendor), policy: MotoScenario.read(bucket: bucket)),
            .init(
                "trusts-other-user",
                trust: MotoScenario.trust([MotoScenario.userARN("reader")], externalID: externalID),
                policy: MotoScenario.read(bucket: bucket)),
            .init("list-only", trust: trust, policy: MotoScenario.allow(["s3:ListBucket"], on: [arn])),
            .init(
                "list-and-get-on-bucket", trust: trust,
                policy: MotoScenario.allow(["s3:ListBucket", "s3:GetObject"], on: [arn])),
            .init("get-only", trust: trust, policy: MotoScenario.allow(["s3:GetObject"], on: ["\(arn)/*"])),
            .init("other-prefix", trust: trust, policy: MotoScenario.policy(prefixed)),
            .init("any-bucket", trust: trust, policy: MotoScenario.allow(["s3:*"], on: ["*"])),
            .init(
                "hub-without-permission", trust: MotoScenario.trust(vendor),
                policy: MotoScenario.allow(["s3:ListBucket"], on: [arn])),
        ]
        do {
            return CheckAccount(server: server, outcome: try await server.apply(scenario))
        } catch {
            server.stop()
            throw error
        }
    }
}

/// Starts the account before the suite and ends it behind it.
struct WithCheckAccount: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let account = try await CheckAccount.start()
        defer { account.server.stop() }
        try await CheckAccount.$current.withValue(account) { try await function() }
    }
}

@Suite(WithCheckAccount(), .serialized, .timeLimit(.minutes(30))) struct CheckMotoTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var setup: CheckSetup
        var user: String? = "vendor"
        var bucket = CheckAccount.bucket
        var secret: String?
        var testDescription: String { setup.name }
    }

    private static func role(_ name: String, externalID: String? = CheckAccount.externalID) -> String {
        CheckSetup.role(MotoScenario.roleARN(name), externalID: externalID)
    }

    private static func chain(_ names: [(String, String)]) -> String {
        "{assume_role: "
            + "[\(names.map { "{role_arn: \"\(MotoScenario.roleARN($0.0))\"\($0.1)}" }.joined(separator: ", "))]}"
    }

    static let rows: [Row] = [
        Row(
            setup: CheckSetup(
                name: "moto, a sound role", status: 0, auth: role("customer-read"), settings: ["prefix: \"2025\""])),
        Row(
            setup: CheckSetup(
                name: "moto, a sound chain of roles", status: 0,
                auth: chain([
                    ("hub", ", session_name: through-hub"),
                    ("customer-behind-hub", ", external_id: \(CheckAccount.externalID)"),
                ]))),
        Row(setup: CheckSetup(name: "moto, sound keys", status: 0, auth: "ambient"), user: "reader"),
        Row(
            setup: CheckSetup(
                name: "moto, a wrong external ID", step: .hop, cause: .callerNotTrusted,
                others: [.externalIDWrong, .callerMayNotAssume, .roleMissing, .deniedAbove],
                auth: role("customer-read", externalID: "acme-old"))),
        Row(
            setup: CheckSetup(
                name: "moto, no external ID", step: .hop, cause: .callerNotTrusted,
                others: [.callerMayNotAssume, .roleMissing, .externalIDMissing, .deniedAbove],
                auth: role("customer-read", externalID: nil))),
        Row(
            setup: CheckSetup(
                name: "moto, a trust policy that names somebody else", step: .hop, cause: .callerNotTrusted,
                others: [.externalIDWrong, .callerMayNotAssume, .roleMissing, .deniedAbove],
                auth: role("trusts-other-user"))),
        Row(
            setup: CheckSetup(
                name: "moto, a user who may assume nothing", step: .hop, cause: .callerNotTrusted,
                others: [.externalIDWrong, .callerMayNotAssume, .roleMissing, .deniedAbove], auth: role("customer-read")
            ),
            user: "stranger"),
        Row(
            setup: CheckSetup(
                name: "moto, a role that needs no external ID", findings: [.roleWithoutExternalID], status: 0,
                auth: role("open-to-vendor"))),
        Row(
            setup: CheckSetup(
                name: "moto, a role that needs no external ID and a config that requires one",
                findings: [.roleWithoutExternalID], auth: role("open-to-vendor"),
                settings: ["require_external_id: true"])),
        Row(
            setup: CheckSetup(
                name: "moto, a role in between that may not go on", step: .hop, cause: .callerNotTrusted,
                others: [.externalIDWrong, .callerMayNotAssume, .roleMissing, .deniedAbove],
                auth: chain([
                    ("hub-without-permission", ""),
                    ("customer-behind-hub", ", external_id: \(CheckAccount.externalID)"),
                ]))),
        Row(
            setup: CheckSetup(
                name: "moto, a chain whose last role trusts the base", step: .hop, cause: .trustedElsewhere,
                auth: chain([("hub", ""), ("customer-read", ", external_id: \(CheckAccount.externalID)")]))),
        Row(
            setup: CheckSetup(
                name: "moto, a role that may list but not read", step: .read, cause: .getNotAllowed,
                others: [.bucketPolicy, .deniedAbove], auth: role("list-only"))),
        Row(
            setup: CheckSetup(
                name: "moto, a policy with the bucket's ARN without a star", step: .read, cause: .getNotAllowed,
                others: [.bucketPolicy, .deniedAbove], auth: role("list-and-get-on-bucket"))),
        Row(
            setup: CheckSetup(
                name: "moto, a policy with the objects' ARN only", step: .list, cause: .listNotAllowed,
                others: [.prefixNotAllowed, .bucketPolicy, .deniedAbove], auth: role("get-only"))),
        Row(
            setup: CheckSetup(
                name: "moto, a bucket that does not exist", step: .bucket, cause: .bucketMissing,
                auth: role("any-bucket")),
            bucket: "acme-contract"),
        Row(
            setup: CheckSetup(
                name: "moto, a user of the same account without permission", step: .list, cause: .bucketPolicy,
                others: [.listNotAllowed, .prefixNotAllowed, .deniedAbove], auth: "ambient"), user: "stranger"),
        Row(
            setup: CheckSetup(
                name: "moto, a secret key of somebody else", step: .baseCredentials, cause: .secretKeyWrong,
                others: [.requestChanged], auth: role("customer-read")), secret: String(repeating: "x", count: 40)),
        Row(
            setup: CheckSetup(
                name: "moto, an access key that nobody has", step: .baseCredentials, cause: .accessKeyUnknown,
                auth: role("customer-read")), user: nil),
    ]

    @Test(arguments: rows) func `the check finds in an account that enforces its policies`(_ row: Row) async throws {
        let account = try #require(CheckAccount.current)
        let key =
            row.user.flatMap { account.outcome.accessKeys[$0] } ?? .init(id: "AKIANOBODYNOBODY0001", secret: "none")
        let secret = row.secret ?? key.secret
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            sources:
              - name: contracts
                bucket: \(row.bucket)
                endpoint_url: "\(account.server.endpointURL)"
                sts_endpoint_url: "\(account.server.endpointURL)"
                auth: \(row.setup.auth)
            \(row.setup.settings.map { "    \($0)\n" }.joined())
            """)
        let environment = ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": secret]
        try await row.setup.verify(
            {
                try await DredgeBinary.run(
                    ["check", "c.yaml"] + $0, environment: environment, directory: directory.url)
            },
            secrets: secret == "none" ? [] : [secret])
    }
}
