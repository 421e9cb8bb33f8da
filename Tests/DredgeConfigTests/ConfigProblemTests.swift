import Testing

@testable import DredgeConfig

@Suite struct ConfigProblemTests {
    @Test func `all mistakes of a file are reported at once, in its order, each at its line and column`() {
        let text = """
            stoer: ./a.chunks
            tokenizer: o200k
            chunking: {max_tokens: 512, overlap_tokens: 512}
            limits:
              memory: lots
              requests: 0
            sources:
              - bucket: Acme_Contracts
                auth:
                  assume_role:
                    - role_arn: arn:aws:iam::12345678901:role/Read
                      external_id: "no spaces"
                      durations: 1h
              - bucket: acme
                region: [us-east-1]
                auth:
                  ambient: {}
                  anonymous: {}
            """
        #expect(
            problems(text) == [
                "c.yaml:1:1: store is missing: write the path of the store's file, or use --store",
                "c.yaml:1:1: stoer: unknown key; did you mean store?",
                #"c.yaml:2:12: tokenizer: "o200k" is not one of: o200k_base, cl100k_base"#,
                "c.yaml:3:45: chunking.overlap_tokens: is 512, but must be smaller than max_tokens, which is 512",
                #"c.yaml:5:11: limits.memory: "lots" is not a size from 32MiB to 1TiB, as in 512MiB or 1GiB"#,
                #"c.yaml:6:13: limits.requests: "0" is not a whole number from 1 to 1024"#,
                #"c.yaml:8:13: sources[0].bucket: "Acme_Contracts" is not a bucket name: 3 to 63 lower-case "#
                    + #"letters, digits, dots and hyphens"#,
                #"c.yaml:11:21: sources[0].auth.assume_role[0].role_arn: "arn:aws:iam::12345678901:role/Read" has the "#
                    + #"account "12345678901"; an AWS account ID has 12 digits"#,
                #"c.yaml:12:24: sources[0].auth.assume_role[0].external_id: "no spaces" has a space or a line's end, "#
                    + #"which no external ID can have: it is 2 to 1224 letters, digits and characters of _+=,.@:/-"#,
                "c.yaml:13:11: sources[0].auth.assume_role[0].durations: unknown key; did you mean duration?",
                "c.yaml:15:13: sources[1].region: is a list, but text belongs here: "
                    + "write a region's code, as us-east-1",
                "c.yaml:18:18: sources[1].auth.anonymous: stands beside ambient; give exactly one of assume_role, "
                    + "access_key, ambient, anonymous",
            ])
    }

    @Test(arguments: [
        ("", "c.yaml: the file is empty; write at least store and sources"),
        ("# only a comment\n", "c.yaml: the file is empty; write at least store and sources"),
        ("- a\n- b\n", "c.yaml:1:1: is a list, but a mapping belongs here: store: …, sources: …"),
        (
            "store: s\nsources: []\n",
            "c.yaml:2:10: sources: is an empty list: write at least one source: - {bucket: NAME, auth: …}"
        ),
        (
            "store: s\nsources:\n",
            "c.yaml:2:9: sources: is empty, but a list belongs here: write at least one "
                + "source: - {bucket: NAME, auth: …}"
        ),
        ("store: s\n", "c.yaml:1:1: sources is missing: write at least one source: - {bucket: NAME, auth: …}"),
        ("store: s\n---\nstore: t\n", "c.yaml:2:1: a second YAML document begins here; write one document to a file"),
    ])
    func `files that lack the main thing`(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test(arguments: [
        ("deletions: never", #"deletions: "never" is not one of: keep, mark, remove"#),
        ("deletion_limits: {count: -1}", #"deletion_limits.count: "-1" is not a whole number from 0 to 1000000000"#),
        ("deletion_limits: {share: 10}", #"deletion_limits.share: "10" is not a share from 0 to 1, as in 10% or 0.1"#),
        (
            "deletion_limits: {share: 101%}",
            #"deletion_limits.share: "101%" is not a share from 0 to 1, as in 10% or 0.1"#
        ),
        ("deletion_limits: {rate: 1}", "deletion_limits.rate: unknown key; known here: count, share"),
        ("deletion_limits: 10", "deletion_limits: is a number, but a mapping belongs here: {count: 10, share: 10%}"),
    ])
    func `limits of deletions that can't be`(written: String, told: String) {
        let found = problems("store: s\nsources:\n  - bucket: abc\n    auth: ambient\n    \(written)\n")
        #expect(found.count == 1 && found[0].hasSuffix("sources[0].\(told)"), "\(found)")
    }

    @Test func `a syntax error has its line and column`() {
        #expect(
            problems("store: s\nsources: [a, b\n") == [
                "c.yaml:3:1: not valid YAML: while parsing a flow sequence, begun at 2:10: "
                    + "did not find expected ',' or ']'"
            ])
        #expect(problems("store: s\n\tsources: 1\n").first?.hasPrefix("c.yaml:2:1: not valid YAML: ") == true)
        #expect(problems("store: *nowhere\n") == ["c.yaml:1:8: not valid YAML: found undefined alias"])
    }

    @Test func `a repeated key does not hide the file's other mistakes`() {
        let text = """
            store: s
            sources:
              - bucket: one-bucket
                bucket: other-bucket
                regoin: us-east-1
                "prefix": a/
                prefix: b/
                prefix: c/
                auth: ambient
            """
        #expect(
            problems(text) == [
                "c.yaml:3:5: sources[0].bucket: is given again at 4:5; keep one of them",
                "c.yaml:5:5: sources[0].regoin: unknown key; did you mean region?",
                "c.yaml:6:5: sources[0].prefix: is given again at 8:5; keep one of them",
                "c.yaml:7:5: sources[0].prefix: is given again at 8:5; keep one of them",
            ])
    }

    @Test func `a repeated key in a part that is unknown is reported too`() {
        #expect(
            problems("store: s\nwat: {a: 1, a: 2}\nsources: [{bucket: abc, auth: ambient}]\n") == [
                "c.yaml:2:1: wat: unknown key; known here: store, tokenizer, chunking, limits, credentials, sources",
                #"c.yaml:2:7: "a" stands more than once in this mapping; keep one"#,
            ])
    }

    @Test func `sources share no name`() {
        let text = """
            store: s
            sources:
              - {bucket: acme, auth: ambient}
              - {name: x, bucket: acme, prefix: a, auth: ambient}
              - {bucket: acme, prefix: b, auth: ambient}
              - {name: acme, bucket: acme, prefix: c, auth: ambient}
            """
        #expect(
            problems(text) == [
                #"c.yaml:6:5: sources[3]: has the name "acme", as sources[0] (line 3) has; "#
                    + #"give each source a name of its own"#
            ])
    }

    @Test func `sources that share a name are told with all else that is wrong`() {
        let text = """
            store: s
            sources:
              - {name: x, bucket: acme, region: "x y", auth: ambient}
              - {name: x, bucket: NONE, auth: ambient}
              - {bucket: acme}
              - {bucket: acme, auth: ambient}
              - {name: "", bucket: acme, auth: ambient}
            """
        let found = problems(text)
        let shared = found.filter { $0.contains("has the name") }
        #expect(
            shared == [
                #"c.yaml:4:5: sources[1]: has the name "x", as sources[0] (line 3) has; "#
                    + "give each source a name of its own",
                #"c.yaml:6:5: sources[3]: has the name "acme", as sources[2] (line 5) has; "#
                    + "give each source a name of its own",
            ])
        #expect(Set(found).count == found.count && found.count == 6, "\(found)")
    }

    @Test func `I8: an endpoint's query is not shown`() {
        let text = """
            store: s
            sources: [{bucket: acme, endpoint_url: "https://host/?token=hush", auth: ambient}]
            """
        #expect(
            problems(text) == [
                "c.yaml:2:40: sources[0].endpoint_url: has a query or a fragment; an endpoint has none"
            ])
    }

    @Test(arguments: [
        (
            "bucket: abc",
            "c.yaml:3:5: sources[0]: auth is missing: give exactly one of assume_role, access_key, ambient, anonymous"
        ),
        ("auth: ambient", "c.yaml:3:5: sources[0]: bucket is missing: write the bucket's name"),
        ("bucket:\nauth: ambient", "c.yaml:4:12: sources[0].bucket: has no value: write the bucket's name"),
        (
            "bucket: abc\nbucket_arn: arn:aws:s3:::abc\nauth: ambient",
            "c.yaml:5:17: sources[0].bucket_arn: stands beside bucket; give one of them"
        ),
        (
            "bucket_arn: arn:aws:s3:us-east-1:123456789012:accesspoint/a_b\nauth: ambient",
            #"c.yaml:4:17: sources[0].bucket_arn: "arn:aws:s3:us-east-1:123456789012:accesspoint/a_b" names no access "#
                + #"point: its name has 3 to 50 lower-case letters, digits and hyphens, neither first nor last"#
        ),
        (
            "bucket_arn: arn:aws:s3::123456789012:accesspoint/abc.mrap\nauth: ambient",
            #"c.yaml:4:17: sources[0].bucket_arn: "arn:aws:s3::123456789012:accesspoint/abc.mrap" is a "#
                + #"Multi-Region Access Point, which is not supported, since it takes another kind of signature; "#
                + #"give one of the buckets behind it"#
        ),
        (
            "bucket_arn: arn:aws:s3:::abc/*\nauth: ambient",
            #"c.yaml:4:17: sources[0].bucket_arn: "arn:aws:s3:::abc/*" names objects, not a bucket; write "#
                + #"arn:aws:s3:::NAME, and what follows the name as prefix"#
        ),
        (
            "bucket_arn: abc\nauth: ambient",
            #"c.yaml:4:17: sources[0].bucket_arn: "abc" is not a bucket's ARN, which looks "#
                + #"like arn:aws:s3:::acme-contracts"#
        ),
        (
            "bucket: acme--use1-az4--x-s3\nauth: ambient",
            #"c.yaml:4:13: sources[0].bucket: "acme--use1-az4--x-s3" is a directory bucket (S3 Express One Zone), "#
                + #"which is not supported: its listing has no order, and it takes sessions of its own. Copy the "#
                + #"objects to a general purpose bucket"#
        ),
        (
            "bucket: abc\nregion: fips-us-east-1\nauth: ambient",
            #"c.yaml:5:13: sources[0].region: "fips-us-east-1" names a FIPS endpoint, not a region; "#
                + #"write us-east-1, and use_fips: true"#
        ),
        (
            "bucket: abc\nexpected_bucket_owner: acme\nauth: ambient",
            #"c.yaml:5:28: sources[0].expected_bucket_owner: "acme" is not an AWS account ID, which has 12 digits"#
        ),
        (
            "bucket: abc\nrequest_payer: bucket-owner\nauth: ambient",
            #"c.yaml:5:20: sources[0].request_payer: "bucket-owner" is nobody who can pay; "#
                + #"write requester, or leave it out"#
        ),
        (
            "bucket: abc\nrequest_payer: requester\nauth: anonymous",
            "c.yaml:5:20: sources[0].request_payer: Nobody signs the requests, so nobody can pay for them. Sign "
                + "them, or leave the payer away."
        ),
        (
            "bucket: abc\nauth: ambient\nuse_fips: maybe",
            #"c.yaml:6:15: sources[0].use_fips: "maybe" is not true or false"#
        ),
        (
            "bucket: abc\nauth: ambient\nuse_fips: true\nendpoint_url: http://127.0.0.1:1",
            "c.yaml:3:5: sources[0]: No request can be made: FIPS endpoints are asked for, but the endpoint is named. "
                + "Leave one of them away: the endpoint URL (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true for those of the "
                + "environment and of profiles), or set use_fips: false (in a profile use_fips_endpoint = "
                + "false)."
        ),
        (
            "bucket_arn: arn:aws-cn:s3:::abc\nauth: ambient\nuse_fips: true",
            "c.yaml:3:5: sources[0]: No request can be made: S3 has no FIPS endpoints in the partition aws-cn. Switch "
                + "FIPS off for it (use_fips: false), or name an endpoint that is validated."
        ),
        (
            "bucket_arn: arn:aws:s3:us-east-1:123456789012:accesspoint/abc\nregion: us-east-2\nauth: ambient",
            "c.yaml:3:5: sources[0]: No request can be made: the region us-east-2 is not that of the access point's "
                + "ARN, us-east-1. Leave the region away: the ARN tells it."
        ),
        (
            "bucket: abc\nauth: {assume_role: [{role_arn: 'arn:aws:iam::123456789012:role/R', region: cn-north-1}]}",
            "c.yaml:3:5: sources[0]: No request can be made: the region cn-north-1 is not in the partition "
                + "'aws' of the role. A role can be assumed in its own partition only. Name a region of "
                + "it, such as us-east-1, or none."
        ),
        (
            "bucket: abc\nauth: ambient\nrequire_external_id: true",
            "c.yaml:6:26: sources[0].require_external_id: An external ID is required, and the source assumes no role. "
                + "Give the last role's external ID, or leave out require_external_id."
        ),
        (
            "bucket: abc\nregion: cn-north-1\nauth: {assume_role: [{role_arn: 'arn:aws:iam::123456789012:role/R'}]}",
            "c.yaml:5:13: sources[0].region: The region cn-north-1 is in the partition aws-cn, the role "
                + "arn:aws:iam::123456789012:role/R in aws. Nothing leads from one partition to another: correct the "
                + "region or the role's ARN, or leave the region away."
        ),
        (
            "bucket_arn: arn:aws-us-gov:s3:::abc\nauth: {assume_role: [{role_arn: "
                + "'arn:aws:iam::123456789012:role/R'}]}",
            "c.yaml:4:17: sources[0].bucket_arn: The bucket is in the partition aws-us-gov, the role in aws. Nothing "
                + "leads from one partition to another: correct one of the ARNs."
        ),
        (
            "bucket: s3://abc/d\nauth: ambient",
            #"c.yaml:4:13: sources[0].bucket: "s3://abc/d" is a URL; write the bucket's name alone here,"#
                + #" and what follows it as prefix"#
        ),
        (
            "bucket: 192.168.1.1\nauth: ambient",
            #"c.yaml:4:13: sources[0].bucket: "192.168.1.1" is an IP address; a bucket name must not look like one"#
        ),
        (
            "bucket: a..b\nauth: ambient",
            #"c.yaml:4:13: sources[0].bucket: "a..b" is not a bucket name: two dots must not follow each other"#
        ),
        (
            "bucket: abc\nauth: ambient\npath_style: yes",
            #"c.yaml:6:17: sources[0].path_style: "yes" is not true or false"#
        ),
        (
            "bucket: abc\nauth: ambient\nendpoint_url: localhost:9000",
            #"c.yaml:6:19: sources[0].endpoint_url: "localhost:9000" is not a URL, which looks like "#
                + #"https://s3.example.com or http://127.0.0.1:9000"#
        ),
        (
            "bucket: abc\nauth: ambient\ninclude: \"*.txt\"",
            #"c.yaml:6:14: sources[0].include: is text, but a list belongs here: ["**/*.txt", "logs/**"]"#
        ),
        (
            "bucket: abc\nauth: ambient\nkms_key_arn: arn:aws:kms:us-east-1:1:key/x",
            #"c.yaml:6:18: sources[0].kms_key_arn: "arn:aws:kms:us-east-1:1:key/x" is not a KMS key's ARN, which "#
                + #"looks like arn:aws:kms:us-east-1:123456789012:key/…"#
        ),
        (
            "bucket: !!binary YWJj\nauth: ambient",
            "c.yaml:4:13: sources[0].bucket: has a tag that means nothing here; write the value without it"
        ),
        (
            "bucket: abc\nauth: ambient\n<<: {prefix: a}",
            "c.yaml:6:5: sources[0].<<: merge keys are not supported; write the keys out, or give a "
                + "whole value a name with & and *"
        ),
        (
            "bucket: abc\nauth: ambient\nregion: \"a\\nb\"",
            #"c.yaml:6:13: sources[0].region: "a\nb" is not a region's code, which looks like us-east-1"#
        ),
    ])
    func `mistakes of a source`(source: String, problem: String) {
        #expect(problemsOfSource(source) == [problem])
    }

    @Test func `a pattern's mistake is reported where it stands`() {
        let found = problemsOfSource("bucket: abc\nauth: ambient\nexclude: [\"ok/**\", \"bad[a\"]")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(#"c.yaml:6:24: sources[0].exclude[1]: "bad[a" is not a pattern: "#) == true)
    }

    @Test(arguments: [
        (
            "role_arn: x",
            #"c.yaml:7:22: sources[0].auth.assume_role[0].role_arn: "x" is not a role's ARN (20 to 2048 characters), "#
                + #"which looks like arn:aws:iam::123456789012:role/ReadRole"#
        ),
        (
            "role_arn: arn:aws:sts::123456789012:assumed-role/R/s",
            #"c.yaml:7:22: sources[0].auth.assume_role[0].role_arn: "arn:aws:sts::123456789012:assumed-role/R/s" is a "#
                + #"session's ARN; write the role's, which looks like arn:aws:iam::123456789012:role/ReadRole"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:user/Ann",
            #"c.yaml:7:22: sources[0].auth.assume_role[0].role_arn: "arn:aws:iam::123456789012:user/Ann" names "#
                + #""user/Ann", which is no role; a role's ARN looks like arn:aws:iam::123456789012:role/ReadRole"#
        ),
        (
            "role_arn: 'arn:aws:iam::123456789012:role/*'",
            #"c.yaml:7:22: sources[0].auth.assume_role[0].role_arn: "arn:aws:iam::123456789012:role/*" names "role/*","#
                + #" which is no one role: its name has letters, digits and characters of _+=,.@-"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, duration: 10m",
            #"c.yaml:7:66: sources[0].auth.assume_role[0].duration: "10m" is not a duration "#
                + #"from 15m to 12h, as in 45m or 1h"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, session_name: a",
            #"c.yaml:7:70: sources[0].auth.assume_role[0].session_name: "a" is not a session name: 2 to 64 letters, "#
                + #"digits and characters of _+=,.@-"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, session_policy: allow",
            #"c.yaml:7:72: sources[0].auth.assume_role[0].session_policy: "allow" is not narrowed, "#
                + #"none, or a policy document in JSON"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, session_name: 'a-{run}'",
            #"c.yaml:7:70: sources[0].auth.assume_role[0].session_name: "a-{run}" has a placeholder that is none; "#
                + #"there are {run_id} and {source}"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, tags: {a: b}, transitive_tags: [c]",
            #"c.yaml:7:88: sources[0].auth.assume_role[0].transitive_tags[0]: "c" is not the key of one of the hop's "#
                + #"tags; only those can be transitive"#
        ),
        (
            "role_arn: arn:aws:iam::123456789012:role/R, tags: {'aws:a': b}",
            #"c.yaml:7:63: sources[0].auth.assume_role[0].tags: "aws:a" begins with aws:, which AWS keeps for itself"#
        ),
        (
            "external_id: abc",
            "c.yaml:7:11: sources[0].auth.assume_role[0]: role_arn is missing: write the ARN of the role to assume"
        ),
    ])
    func `mistakes of a hop`(hop: String, problem: String) {
        #expect(problemsOfSource("bucket: abc\nauth:\n  assume_role:\n    - {\(hop)}") == [problem])
    }

    @Test func `one hop without its dash is told what to add`() {
        #expect(
            problemsOfSource("bucket: abc\nauth:\n  assume_role:\n    role_arn: arn:aws:iam::123456789012:role/R") == [
                "c.yaml:7:9: sources[0].auth.assume_role: is a mapping, but a list of hops "
                    + "belongs here; put a - before role_arn"
            ])
    }

    @Test func `credentials take one kind`() {
        let text = """
            store: s
            credentials:
              profile: p
              access_key: {access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: "${SECRET}"}
            sources: [{bucket: abc, auth: ambient}]
            """
        #expect(
            problems(text, environment: ["SECRET": "s"]) == [
                "c.yaml:4:15: credentials.access_key: stands beside profile; give one of them"
            ])
    }
}
