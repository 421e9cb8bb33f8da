import DredgeAWS
import Testing

@testable import DredgeIAM

/// The session policy of a source. That it narrows is tested with Ceph's gateway, which enforces session policies.
@Suite struct SourceScopeTests {
    private func json(_ scope: SourceScope, partition: String = "aws", decrypts: Bool = true) throws -> String {
        try #require(scope.sessionPolicy(partition: partition, decrypts: decrypts)).compactJSON
    }

    @Test func `a source may list its prefix, read its objects, and have S3 decrypt them`() throws {
        #expect(
            try json(SourceScope(bucket: "acme", prefix: "2025/"))
                == [
                    #"{"Version":"2012-10-17","Statement":["#,
                    #"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme","#
                        + #""Condition":{"StringLike":{"s3:prefix":"2025/*"}}},"#,
                    #"{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"#
                        + #""Resource":"arn:aws:s3:::acme/2025/*"},"#,
                    #"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/*","#
                        + #""Condition":{"StringLike":{"kms:ViaService":"s3.*.amazonaws.com"}}}"#,
                    "]}",
                ].joined())
    }

    @Test func `a whole bucket is listed without a condition`() throws {
        let text = try json(SourceScope(bucket: "acme", prefix: ""), decrypts: false)
        #expect(
            text
                == [
                    #"{"Version":"2012-10-17","Statement":["#,
                    #"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme"},"#,
                    #"{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"#
                        + #""Resource":"arn:aws:s3:::acme/*"}"#,
                    "]}",
                ].joined())
    }

    @Test func `partition, key and access point are those that are named`() throws {
        let china = try json(
            SourceScope(
                bucket: "acme", prefix: "a",
                kmsKeyARN: "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
            partition: "aws-cn")
        #expect(china.contains(#""Resource":"arn:aws-cn:s3:::acme/a*""#))
        #expect(china.contains(#""arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab""#))
        #expect(
            china.contains(
                #"{"kms:ViaService":["s3.cn-north-1.amazonaws.com","s3.cn-north-1.amazonaws.com.cn"]}"#))
        // A policy names keys by their ID: behind an alias may be any of the account's.
        let alias = try json(
            SourceScope(bucket: "acme", prefix: "a", kmsKeyARN: "arn:aws:kms:eu-west-1:123456789012:alias/docs"))
        #expect(alias.contains(#""Resource":"arn:aws:kms:eu-west-1:123456789012:key/*""#))
        // Nor can it name an access point by its alias; which one that is, the alias doesn't tell.
        let behindAlias = try json(
            SourceScope(bucket: "docs-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias", prefix: "a/"))
        #expect(behindAlias.contains(#""Action":"s3:ListBucket","Resource":"arn:aws:s3:*:*:accesspoint/*""#))
        #expect(behindAlias.contains(#""Resource":"arn:aws:s3:*:*:accesspoint/*/object/a/*""#))
        #expect(behindAlias.contains(#"{"s3:prefix":"a/*"}"#) && !behindAlias.contains("s3alias"))
        #expect(throws: AWSError.self) { _ = try BucketScope(bucket: "docs-hrzrlukc5m36ft7okagglf3gm-s3alias") }
        let point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/docs"
        let behindPoint = try json(SourceScope(bucket: point, prefix: "a/"))
        #expect(behindPoint.contains(#""Action":"s3:ListBucket","Resource":"\#(point)""#))
        #expect(behindPoint.contains(#""Resource":"\#(point)/object/a/*""#))
        #expect(behindPoint.contains(#""kms:ViaService":"s3.eu-west-1.amazonaws.com""#))
    }

    @Test func `what is special in a policy stands for itself`() throws {
        let text = try json(SourceScope(bucket: "acme", prefix: #"a*b?${aws:username}"\"#))
        let pattern = #"a${*}b${?}${$}{aws:username}\"\\*"#
        #expect(text.contains(#""s3:prefix":"\#(pattern)""#))
        #expect(text.contains(#""arn:aws:s3:::acme/\#(pattern)""#))
    }

    @Test(arguments: [
        ("2025/日本/x", "2025/"), ("日本", ""), ("a\u{0}b", "a"), ("line\nfeed", "line"), ("caf\u{E9}/", "caf\\u00e9/"),
    ])
    func `a prefix that IAM can't hold narrows as far as it can`(prefix: String, expressed: String) throws {
        let text = try json(SourceScope(bucket: "acme", prefix: prefix))
        #expect(text.contains(#""Resource":"arn:aws:s3:::acme/\#(expressed)*""#))
        #expect(text.contains("s3:prefix") == !expressed.isEmpty)
    }

    @Test(arguments: ["a", "é", "*", "\"", "/"])
    func `every prefix makes a policy that STS takes`(character: String) throws {
        for count in [0, 1, 100, 500, 512, 700, 1024] {
            let scope = SourceScope(
                bucket: String(repeating: "b", count: 63), prefix: String(repeating: character, count: count),
                kmsKeyARN: "arn:aws-iso-b:kms:us-isob-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
            let text = try json(scope, partition: "aws-iso-b")
            #expect(RoleHopRules.sessionPolicy(text) == nil)
            #expect(text.contains("s3:prefix") == (count > 0))
        }
    }

    @Test func `what is no bucket's address makes none`() {
        #expect(SourceScope(bucket: "arn:aws:s3:::acme", prefix: "").sessionPolicy(partition: "aws") == nil)
    }
}
