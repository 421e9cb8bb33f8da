import DredgeCheck
import TestServers
import Testing

/// What keeps a role, or whoever reads, from the bucket or its listing.
@Suite(.serialized, .timeLimit(.minutes(30))) struct CheckBucketTests {
    static let buckets: [CheckSetup] = [
        BucketSetups.setup(
            "no such bucket",
            [.error(on: .list, 404, "NoSuchBucket", message: "The specified bucket does not exist").times(-1)],
            at: .bucket, .bucketMissing),
        CheckSetup(
            name: "a bucket of another account", step: .bucket, cause: .bucketOfOtherAccount,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.owner = "444455556666"
                return scenario
            }()),
        CheckSetup(
            name: "a bucket of another account that the config names", status: 0,
            settings: ["expected_bucket_owner: \"444455556666\""],
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.owner = "444455556666"
                return scenario
            }()),
        CheckSetup(
            name: "a wrong region in the config", step: .bucket, cause: .bucketElsewhere, status: 0,
            settings: ["region: us-east-1"],
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.region = "eu-west-1"
                return scenario
            }()),
        BucketSetups.setup(
            "a wrong region that S3 does not correct",
            [
                .error(on: .list, 301, "PermanentRedirect", message: "The bucket is elsewhere").times(-1),
                .error(on: .headBucket, 301, nil).times(-1),
            ], at: .bucket, .bucketElsewhere),
        BucketSetups.setup(
            "an S3 that is shut down for everybody",
            [BucketSetups.refused(.list, "All access to this object has been disabled", code: "AllAccessDisabled")],
            at: .list,
            .bucketPolicy),
        BucketSetups.setup(
            "a proxy in the place of S3", [.raw(on: .list, "<html><body>Blocked</body></html>").times(-1)], at: .bucket,
            .notTheService),
        BucketSetups.setup(
            "an S3 that has a failure",
            [.error(on: .list, 500, "InternalError", message: "We encountered an internal error.").times(-1)],
            at: .bucket, .serviceFailed),
    ]

    static let listings: [CheckSetup] = [
        BucketSetups.setup(
            "a role that may not list, and S3 says no more", [BucketSetups.refused(.list)], at: .list, .listNotAllowed,
            [.prefixNotAllowed, .bucketPolicy, .deniedAbove]),
        BucketSetups.setup(
            "a role whose policies do not allow listing",
            [
                BucketSetups.refused(
                    .list,
                    BucketSetups.told(
                        "s3:ListBucket", on: BucketSetups.bucketARN,
                        "because no identity-based policy allows the s3:ListBucket action"))
            ], at: .list, .listNotAllowed),
        BucketSetups.setup(
            "a role that may read objects but not list",
            [BucketSetups.refused(.list)], at: .list, .listNotAllowed,
            [.prefixNotAllowed, .bucketPolicy, .deniedAbove],
            settings: ["prefix: 2024/"]),
        BucketSetups.setup(
            "a prefix that lacks the slash of the condition",
            [BucketSetups.refused(.list).when("target", lacks: "prefix=2025%2F")],
            at: .list, .prefixNotAllowed, settings: ["prefix: \"2025\""]),
        BucketSetups.setup(
            "a prefix that has a slash too many for the condition",
            [BucketSetups.refused(.list).when("target", has: "prefix=2025%2F")],
            at: .list, .prefixNotAllowed, settings: ["prefix: 2025/"]),
        BucketSetups.setup(
            "a prefix that no condition allows", [BucketSetups.refused(.list)], at: .list, .listNotAllowed,
            [.prefixNotAllowed, .bucketPolicy, .deniedAbove], settings: ["prefix: 2025/q1/"]),
        BucketSetups.setup(
            "a bucket policy that denies the listing",
            [
                BucketSetups.refused(
                    .list,
                    BucketSetups.told(
                        "s3:ListBucket", on: BucketSetups.bucketARN, "with an explicit deny in a resource-based policy")
                )
            ], at: .list, .deniedExplicitly),
        BucketSetups.setup(
            "a service control policy that denies the listing",
            [
                BucketSetups.refused(
                    .list,
                    BucketSetups.told(
                        "s3:ListBucket", on: BucketSetups.bucketARN, "with an explicit deny in a service control policy"
                    ))
            ], at: .list, .deniedExplicitly),
        BucketSetups.setup(
            "a VPC endpoint that does not allow the bucket",
            [
                BucketSetups.refused(
                    .list,
                    BucketSetups.told(
                        "s3:ListBucket", on: BucketSetups.bucketARN,
                        "because no VPC endpoint policy allows the s3:ListBucket action"
                    ))
            ], at: .list, .deniedAbove),
        CheckSetup(
            name: "a bucket whose reader pays", step: .list, cause: .requesterPays,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.requesterPays = true
                return scenario
            }()),
        CheckSetup(
            name: "a bucket whose reader pays and agrees to", status: 0, settings: ["request_payer: requester"],
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.requesterPays = true
                return scenario
            }()),
        BucketSetups.setup(
            "a session policy that refuses the listing",
            [BucketSetups.narrowSession, BucketSetups.refused(.list).when("authorization", has: "NARROW")],
            at: .list, .sessionTooNarrow),
        BucketSetups.setup(
            "a bucket of others without a bucket policy for us", [BucketSetups.refused(.list)], at: .list,
            .bucketPolicy,
            [.listNotAllowed, .prefixNotAllowed, .deniedAbove], auth: "ambient"),
        BucketSetups.setup(
            "a bucket that is not public", [BucketSetups.refused(.list)], at: .list, .bucketPolicy, auth: "anonymous"),
        BucketSetups.setup(
            "a prefix with a spelling that no key has", [], at: .list, .nothingUnderPrefix, settings: ["prefix: 2O25/"],
            status: 0),
        BucketSetups.setup(
            "patterns that leave nothing", [], at: .list, .nothingToRead, settings: ["include: [\"**/*.TXT\"]"],
            status: 0),
        CheckSetup(
            name: "an empty bucket", step: .list, cause: .nothingUnderPrefix, status: 0,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.objects = []
                return scenario
            }()),
        CheckSetup(
            name: "objects that are all in the archive", step: .list, cause: .objectArchived, status: 0,
            scenario: {
                var scenario = CheckSetup.sound()
                for index in scenario.objects.indices { scenario.objects[index].storageClass = "DEEP_ARCHIVE" }
                return scenario
            }()),
    ]

    @Test(arguments: buckets) func `the bucket itself is in the way`(_ setup: CheckSetup) async throws {
        try await setup.verify()
    }

    @Test(arguments: listings) func `the listing is in the way`(_ setup: CheckSetup) async throws {
        try await setup.verify()
    }
}
