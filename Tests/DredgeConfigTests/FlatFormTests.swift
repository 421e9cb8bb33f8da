import Dredge
import DredgeAWS
import Testing

@testable import DredgeConfig

/// The configuration of a document storage, as it stands.
@Suite struct FlatFormTests {
    private static let role = "arn:aws:iam::123456789012:role/DocumentStorage-ClientRole-Acme"
    private static let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"

    private func config(_ text: String, store: Config.StoreRule = .replaced(by: "s")) throws -> Config {
        try Config(text, fileName: "c", store: store, environment: [:])
    }

    private func hops(_ source: Source) -> [RoleHop]? {
        if case .assumeRole(let hops) = source.auth { hops } else { nil }
    }

    private static let object = """
        {
          "chainedAssumeRole": "\(role)",
          "chainedAssumeRoleRegion": "us-east-1",
          "chainedAssumeRoleExternalId": "acme-1",
          "s3BucketArn": "arn:aws:s3:::acme-documents",
          "kmsKeyArn": "\(key)"
        }
        """

    @Test func `the whole file is one source`() throws {
        let config = try config(Self.object)
        #expect(config.sources.count == 1 && config.store == "s" && config.warnings == [])
        let source = config.sources[0]
        #expect(source.name == "acme-documents" && source.bucket == "acme-documents" && source.region == "us-east-1")
        #expect(source.kmsKeyARN == Self.key && source.expectedBucketOwnerAccount == "123456789012")
        #expect(hops(source) == [RoleHop(roleARN: Self.role, externalID: "acme-1")])
    }

    @Test func `it needs a store to run, and none for what only looks at sources`() throws {
        #expect(try config(Self.object, store: .optional).store == nil)
        #expect(
            problems(Self.object) == [
                "c.yaml:1:1: store is missing: write the path of the store's file, or use --store"
            ])
    }

    @Test func `it stands among other sources as an item`() throws {
        let config = try config("sources: [\(Self.object), {bucket: other, auth: ambient}]")
        #expect(config.sources.map(\.bucket) == ["acme-documents", "other"])
        #expect(hops(config.sources[0])?.first?.externalID == "acme-1")
    }

    @Test func `other settings stand beside it under their usual names`() throws {
        let config = try config(
            """
            store: s.chunks
            tokenizer: cl100k_base
            chainedAssumeRole: \(Self.role)
            chainedAssumeRoleExternalId: acme-1
            s3BucketArn: arn:aws:s3:::acme-documents
            prefix: 2025/
            include: ["**/*.txt"]
            expected_bucket_owner: none
            require_external_id: true
            """, store: .required)
        #expect(config.store == "s.chunks" && config.settings.tokenizer == .cl100kBase)
        let source = config.sources[0]
        #expect(source.prefix == "2025/" && source.include == ["**/*.txt"] && source.name == "acme-documents/2025/")
        #expect(source.expectedBucketOwner == .anyone && source.requireExternalID)
    }

    @Test func `what a program wrote without a value is absent`() throws {
        let text = """
            {"chainedAssumeRole": "\(Self.role)", "chainedAssumeRoleRegion": null, "chainedAssumeRoleExternalId": null,
             "s3BucketArn": "arn:aws:s3:::acme-documents", "kmsKeyArn": null}
            """
        let source = try config(text).sources[0]
        #expect(source.region == nil && source.kmsKeyARN == nil && hops(source)?.first?.externalID == nil)
    }

    @Test func `without a role it takes another auth`() throws {
        let source = try config("{s3BucketArn: 'arn:aws:s3:::acme-documents', auth: ambient}").sources[0]
        guard case .ambient = source.auth else {
            Issue.record("not ambient")
            return
        }
    }

    @Test(arguments: [
        (
            "sources: []",
            "1:10: sources: stands beside s3BucketArn, which is a source by itself; make it an item of sources"
        ),
        ("bucket: abc", "3:14: s3BucketArn: stands beside bucket; give one of them"),
        ("bucket_arn: arn:aws:s3:::abc", "3:14: s3BucketArn: stands beside bucket_arn; give one of them"),
        ("region: us-east-1", "4:26: chainedAssumeRoleRegion: stands beside region; give one of them"),
        ("kms_key_arn: \(key)", "5:12: kmsKeyArn: stands beside kms_key_arn; give one of them"),
        ("auth: ambient", "1:7: auth: stands beside chainedAssumeRole; give one of them"),
        ("chainedAssumRole: x", "1:1: chainedAssumRole: unknown key; did you mean chainedAssumeRole?"),
        ("s3_bucket_arn: x", "1:1: s3_bucket_arn: unknown key; did you mean s3BucketArn?"),
        ("kmsKeyARN: x", "1:1: kmsKeyARN: unknown key; did you mean kmsKeyArn?"),
        (
            "encryptionAtRest: true",
            "1:1: encryptionAtRest: unknown key; known here: store, tokenizer, chunking, limits, credentials, sources"
        ),
        ("prefx: a", "1:1: prefx: unknown key; did you mean prefix?"),
        (
            "endpoint_url: localhost",
            "1:15: endpoint_url: \"localhost\" is not a URL, which looks like "
                + "https://s3.example.com or http://127.0.0.1:9000"
        ),
    ])
    func `contradictions and slips beside it are refused`(line: String, problem: String) {
        let text = """
            \(line)
            chainedAssumeRole: \(Self.role)
            s3BucketArn: arn:aws:s3:::acme-documents
            chainedAssumeRoleRegion: us-east-1
            kmsKeyArn: \(Self.key)
            """
        #expect(problems(text, store: "s") == ["c.yaml:\(problem)"])
    }

    @Test(arguments: [
        (
            "chainedAssumeRole",
            "1:1: chainedAssumeRole is missing: write the ARN of the role to assume, or auth: ambient"
        ),
        ("s3BucketArn", "1:1: s3BucketArn is missing: write the bucket's ARN"),
    ])
    func `what it lacks is named`(key: String, problem: String) {
        let lines = ["chainedAssumeRole: \(Self.role)", "s3BucketArn: arn:aws:s3:::acme-documents"]
        #expect(
            problems(lines.filter { !$0.hasPrefix(key) }.joined(separator: "\n"), store: "s") == ["c.yaml:\(problem)"])
    }

    @Test(arguments: [
        (
            "chainedAssumeRole", "arn:aws:sts::123456789012:assumed-role/R/s",
            "is a session's ARN; write the role's, which looks like arn:aws:iam::123456789012:role/ReadRole"
        ),
        ("s3BucketArn", "acme-documents", "is not a bucket's ARN, which looks like arn:aws:s3:::acme-contracts"),
        (
            "s3BucketArn", "arn:aws:s3:::acme-documents/*",
            "names objects, not a bucket; write arn:aws:s3:::NAME, and what follows the name as prefix"
        ),
        (
            "kmsKeyArn", "1234abcd",
            "is not a KMS key's ARN, which looks like arn:aws:kms:us-east-1:123456789012:key/…"
        ),
        ("chainedAssumeRoleRegion", "aws-global", "names an endpoint, not a region, whose code looks like us-east-1"),
        (
            "chainedAssumeRoleExternalId", "acme 1",
            "has a space or a line's end, which no external ID can have: it is 2 to 1224 letters, "
                + "digits and characters of _+=,.@:/-"
        ),
        (
            "chainedAssumeRoleExternalId", "'acme'",
            "has a quotation mark of its own, which no external ID can have: it is 2 to 1224 letters, "
                + "digits and characters of _+=,.@:/-"
        ),
        (
            "chainedAssumeRoleExternalId", "a",
            "is not an external ID: 2 to 1224 letters, digits and characters of _+=,.@:/-"
        ),
    ])
    func `wrong values are refused as everywhere`(key: String, value: String, complaint: String) {
        var fields = [
            "chainedAssumeRole": Self.role, "s3BucketArn": "arn:aws:s3:::acme-documents", "kmsKeyArn": Self.key,
            "chainedAssumeRoleRegion": "us-east-1", "chainedAssumeRoleExternalId": "acme-1",
        ]
        fields[key] = value
        let lines = fields.sorted { $0.key < $1.key }.map { "\($0.key): \"\($0.value)\"" }
        let line = 1 + (fields.keys.sorted().firstIndex(of: key) ?? 0)
        #expect(
            problems(lines.joined(separator: "\n"), store: "s")
                == ["c.yaml:\(line):\(key.count + 3): \(key): \"\(value)\" \(complaint)"])
    }

    @Test func `an external ID belongs to a role`() {
        #expect(
            problems(
                "s3BucketArn: arn:aws:s3:::acme-documents\nchainedAssumeRoleExternalId: acme-1", store: "s")
                == [
                    "c.yaml:2:30: chainedAssumeRoleExternalId: needs chainedAssumeRole, the ARN "
                        + "of the role that it belongs to"
                ])
    }

    @Test func `region and bucket of another partition than the role's are refused where they stand`() {
        #expect(
            problems(
                "chainedAssumeRole: \(Self.role)\ns3BucketArn: arn:aws:s3:::abc\nchainedAssumeRoleRegion: cn-north-1",
                store: "s"
            ).first?.hasPrefix("c.yaml:3:26: chainedAssumeRoleRegion: The region cn-north-1 is in the partition aws-cn")
                == true)
        #expect(
            problems("chainedAssumeRole: \(Self.role)\ns3BucketArn: arn:aws-cn:s3:::abc", store: "s").first?.hasPrefix(
                "c.yaml:2:14: s3BucketArn: The bucket is in the partition aws-cn, the role in aws.") == true)
    }
}
