import DredgeCheck
import TestServers
import Testing

/// What keeps a role, or whoever reads, from objects that are listed.
@Suite(.serialized, .timeLimit(.minutes(30))) struct CheckObjectTests {
    static let objects: [CheckSetup] = [
        BucketSetups.setup(
            "a role that may list but not read, and S3 says no more",
            [BucketSetups.refused(.get), BucketSetups.refused(.head)], at: .read,
            .getNotAllowed, [.bucketPolicy, .deniedAbove]),
        BucketSetups.setup(
            "a role whose policies do not allow reading",
            [
                BucketSetups.refused(
                    .get,
                    BucketSetups.told(
                        "s3:GetObject", on: "\(BucketSetups.bucketARN)/2025/a.txt",
                        "because no identity-based policy allows the s3:GetObject action")),
                BucketSetups.refused(.head),
            ], at: .read, .getNotAllowed),
        BucketSetups.setup(
            "one object that is refused among others",
            [BucketSetups.refused(.get).forKey("2025/a.txt"), BucketSetups.refused(.head).forKey("2025/a.txt")],
            at: .read, .objectOfOtherAccount,
            [.deniedAbove], status: 0),
        BucketSetups.setup(
            "an object in an archive tier",
            [
                .error(
                    on: .get, 403, "InvalidObjectState",
                    message: "The operation is not valid for the object's access tier",
                    fields: ["StorageClass": "INTELLIGENT_TIERING", "AccessTier": "ARCHIVE_ACCESS"]
                ).times(-1)
            ], at: .read, .objectArchived),
        BucketSetups.setup(
            "an object that only its writer can decrypt",
            [
                .error(
                    on: .get, 400, "InvalidRequest",
                    message:
                        "The object was stored using a form of Server Side Encryption. The correct parameters must be "
                        + "provided to retrieve the object."
                ).times(-1)
            ], at: .read, .customerKeyNeeded),
    ]

    private static func encrypted(_ refusal: BucketSetups.Fault?, by key: String = BucketSetups.keyARN) -> [BucketSetups
        .Fault]
    {
        [
            .headers(
                on: .head,
                [
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": key,
                ]
            ).times(-1)
        ] + [refusal].compactMap { $0 }
    }

    private static let foreignKeyARN = "arn:aws:kms:eu-central-1:444455556666:key/9876fedc-98fe-76dc-54ba-0987654321fe"

    static let keys: [CheckSetup] = [
        CheckSetup(
            name: "a key that the role may use", status: 0, settings: ["kms_key_arn: \"\(BucketSetups.keyARN)\""],
            scenario: CheckSetup.sound(encrypted(nil))),
        CheckSetup(
            name: "another key than the config names", step: .kms, cause: .keyOtherThanNamed, status: 0,
            settings: ["kms_key_arn: \"\(foreignKeyARN)\""], scenario: CheckSetup.sound(encrypted(nil))),
        BucketSetups.setup(
            "a key that the role may not use, and S3 says no more", encrypted(BucketSetups.refused(.get)), at: .kms,
            .decryptNotAllowed, [.keyPolicyNotAllowing]),
        BucketSetups.setup(
            "a key that no policy of the role allows",
            encrypted(
                BucketSetups.refused(
                    .get,
                    BucketSetups.told(
                        "kms:Decrypt", on: BucketSetups.keyARN,
                        "because no identity-based policy allows the kms:Decrypt action"))),
            at: .kms, .decryptNotAllowed),
        BucketSetups.setup(
            "a key whose policy does not allow the role",
            encrypted(
                BucketSetups.refused(
                    .get,
                    BucketSetups.told(
                        "kms:Decrypt", on: BucketSetups.keyARN,
                        "because no resource-based policy allows the kms:Decrypt action"))),
            at: .kms, .keyPolicyNotAllowing),
        BucketSetups.setup(
            "a key of another account for who reads without a role", encrypted(BucketSetups.refused(.get)), at: .kms,
            .keyManagedByAWS,
            [.keyPolicyNotAllowing, .decryptNotAllowed], auth: "ambient"),
        BucketSetups.setup(
            "a key of another account whose policy does not allow the role",
            encrypted(
                BucketSetups.refused(
                    .get,
                    BucketSetups.told(
                        "kms:Decrypt", on: foreignKeyARN,
                        "because no resource-based policy allows the kms:Decrypt action")),
                by: foreignKeyARN), at: .kms, .keyPolicyNotAllowing, [.keyManagedByAWS]),
        BucketSetups.setup(
            "a key that is forbidden by a service control policy",
            encrypted(
                BucketSetups.refused(
                    .get,
                    BucketSetups.told(
                        "kms:Decrypt", on: BucketSetups.keyARN, "with an explicit deny in a service control policy"))),
            at: .kms, .deniedExplicitly),
        BucketSetups.setup(
            "a key that is disabled",
            encrypted(
                .error(on: .get, 400, "KMS.DisabledException", message: "\(BucketSetups.keyARN) is disabled.").times(-1)
            ),
            at: .kms,
            .keyUnusable),
        BucketSetups.setup(
            "a key that will be deleted",
            encrypted(
                .error(
                    on: .get, 400, "KMS.KMSInvalidStateException",
                    message: "\(BucketSetups.keyARN) is pending deletion."
                ).times(-1)), at: .kms, .keyUnusable),
        BucketSetups.setup(
            "a key that the session policy refuses",
            encrypted(BucketSetups.refused(.get).when("authorization", has: "NARROW")) + [BucketSetups.narrowSession],
            at: .kms, .sessionTooNarrow, settings: ["kms_key_arn: \"\(foreignKeyARN)\""]),
    ]

    @Test(arguments: objects) func `the objects are in the way`(_ setup: CheckSetup) async throws {
        try await setup.verify()
    }

    @Test(arguments: keys) func `the key is in the way`(_ setup: CheckSetup) async throws { try await setup.verify() }
}
