import DredgeAWS
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
        ] as [(Source, String?)])
    func theBucketsOwnerIsTheLastRolesAccountUnlessSaidOtherwise(source: Source, owner: String?) {
        #expect(source.expectedBucketOwnerAccount == owner)
    }

    @Test(arguments: ["12345678901", "1234567890123", "acme", ""])
    func anOwnerThatIsNoAccountIsRefusedBeforeAnythingIsSent(account: String) async throws {
        let source = Source(bucket: "b", endpointURL: "http://127.0.0.1:1", expectedBucketOwner: .account(account))
        let error = await #expect(throws: RunError.self) { try await Workbench().run([source]) }
        #expect(error?.code == .invalidSource)
        #expect(error?.advice.contains("twelve digits") == true)
    }
}
