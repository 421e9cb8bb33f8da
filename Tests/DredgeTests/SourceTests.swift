import DredgeAWS
import TestServers
import Testing

@testable import Dredge

@Suite struct SourceTests {
    private static let role = RoleHop(roleARN: "arn:aws:iam::111111111111:role/Own")
    private static let accessPoint = "arn:aws:s3:eu-west-1:444444444444:accesspoint/reports"
    private static let customersRole = RoleHop(roleARN: "arn:aws-us-gov:iam::222222222222:role/path/ReadRole")

    @Test(
        arguments: [
            (Source(bucket: "b", auth: .assumeRole([role, customersRole])), "222222222222"),
            (Source(bucket: "b", auth: .ambient), nil),
            (Source(bucket: "b", auth: .anonymous), nil),
            (Source(bucket: "b", auth: .assumeRole([RoleHop(roleARN: "arn:aws:iam:::role/other-service")])), nil),
            (Source(bucket: "b", auth: .assumeRole([role]), expectedBucketOwner: .anyone), nil),
            (
                Source(bucket: "b", auth: .assumeRole([role]), expectedBucketOwner: .account("333333333333")),
                "333333333333"
            ),
            (Source(bucket: "b", auth: .ambient, expectedBucketOwner: .account("333333333333")), "333333333333"),
            (Source(bucket: accessPoint, auth: .assumeRole([role])), nil),
            (Source(bucket: "reports-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias", auth: .assumeRole([role])), nil),
        ] as [(Source, String?)])
    func theBucketsOwnerIsTheLastRolesAccountUnlessSaidOtherwise(source: Source, owner: String?) {
        #expect(source.expectedBucketOwnerAccount == owner)
    }

    @Test(
        arguments: [
            ("cn-north-1", role.roleARN, "b", [:], SourceProblem.Field.region),
            ("us-east-1", customersRole.roleARN, "b", [:], .region),
            ("us-gov-east-1", customersRole.roleARN, "b", [:], nil),
            (nil, customersRole.roleARN, accessPoint, [:], .bucket),
            (nil, role.roleARN, accessPoint, [:], nil),
            ("cn-north-1", role.roleARN, "b", ["AWS_ENDPOINT_URL": "http://127.0.0.1:1"], nil),
            ("cn-north-1", role.roleARN, "b", ["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"], nil),
        ] as [(String?, String, String, [String: String], SourceProblem.Field?)])
    func roleBucketAndRegionAreOfOnePartition(
        region: String?, roleARN: String, bucket: String, environment: [String: String], field: SourceProblem.Field?
    ) {
        let source = Source(bucket: bucket, region: region, auth: .assumeRole([RoleHop(roleARN: roleARN)]))
        #expect(source.problem(environment: environment)?.field == field)
    }

    @Test func rolesOfTwoPartitionsMakeNoChain() {
        let source = Source(bucket: "b", auth: .assumeRole([Self.role, Self.customersRole]))
        let problem = source.problem(environment: [:])
        #expect(problem?.field == .auth && problem?.message.contains(Self.role.roleARN) == true)
    }

    @Test func everyRequestOfARunTellsOwnerAndPayer() async throws {
        let objects = (0..<3).map { ScriptedS3Server.Object("\($0).txt", body: Array("line\n".utf8)) }
        var scenario = ScriptedS3Server.Scenario(objects: objects)
        scenario.owner = "333333333333"
        scenario.requesterPays = true
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        var source = Workbench.source(at: server)
        source.expectedBucketOwner = .account("333333333333")
        source.requestPayer = true
        let report = try await Workbench().run([source])
        #expect(report.indexed.objects == 3)
        let requests = try server.requests()
        #expect(requests.count >= 4)
        #expect(requests.allSatisfy { $0.headers["x-amz-expected-bucket-owner"] == "333333333333" })
        #expect(requests.allSatisfy { $0.headers["x-amz-request-payer"] == "requester" })

        source.expectedBucketOwner = .account("444444444444")
        let error = await #expect(throws: RunError.self) { try await Workbench().run([source]) }
        #expect(error?.code == .accessDenied && error?.advice.contains("expected_bucket_owner") == true)
    }

    @Test(arguments: ["12345678901", "1234567890123", "acme", ""])
    func anOwnerThatIsNoAccountIsRefusedBeforeAnythingIsSent(account: String) async throws {
        let source = Source(bucket: "b", endpointURL: "http://127.0.0.1:1", expectedBucketOwner: .account(account))
        let error = await #expect(throws: RunError.self) { try await Workbench().run([source]) }
        #expect(error?.code == .invalidSource)
        #expect(error?.advice.contains("twelve digits") == true)
    }
}
