import Dredge
import DredgeAWS
import DredgeText
import Foundation
import Testing

@testable import DredgeConfig

@Suite struct ConfigTests {
    private static let environment = [
        "ACME_EXTERNAL_ID": "acme-1", "GLOBEX_EXTERNAL_ID": "globex-1", "STORAGE_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "STORAGE_SECRET_ACCESS_KEY": "hush", "FILINGS_EXTERNAL_ID": "filings-1",
        "HANDOVER_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE", "HANDOVER_SECRET_ACCESS_KEY": "hush",
        "HANDOVER_SESSION_TOKEN": "hush",
    ]

    private func example(_ name: String) throws -> Config {
        let text = try Data(contentsOf: repositoryRoot.appending(path: "Examples/\(name)"))
        return try Config(
            bytes: Array(text), fileName: name, store: name.hasSuffix(".json") ? .optional : .required,
            environment: Self.environment)
    }

    @Test func `every example is right, and they show every kind of access`() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: repositoryRoot.appending(path: "Examples").path
        ).filter { ($0.hasSuffix(".yaml") || $0.hasSuffix(".json")) && $0 != "server.yaml" }
        #expect(names.count >= 7)
        var kinds: Set<String> = []
        for name in names {
            let config = try example(name)
            #expect(config.warnings == [], "\(name)")
            for source in config.sources {
                switch source.auth {
                case .assumeRole(let hops): kinds.insert(hops.count == 1 ? "role" : "chain")
                case .accessKey: kinds.insert("access key")
                case .callback: Issue.record("a config can name no function")
                case .ambient: kinds.insert("ambient")
                case .anonymous: kinds.insert("anonymous")
                }
            }
        }
        #expect(kinds == ["role", "chain", "access key", "ambient", "anonymous"])
    }

    @Test func `the example with bucket policies`() throws {
        let sources = try example("bucket-policy.yaml").sources
        #expect(sources.map(\.bucket) == ["acme-reports", "globex-archive"])
        #expect(sources.map(\.expectedBucketOwner) == [.account("123456789012"), .anyone])
        #expect(sources.map(\.requestPayer) == [false, true])
    }

    @Test func `a bucket's ARN tells where to look for it first`() throws {
        func region(_ source: String, _ environment: [String: String] = [:]) throws -> String? {
            try Config(
                "sources: [{\(source)}]", fileName: "c", store: .replaced(by: "s"), environment: environment
            ).sources[0].region
        }
        let chinese = "bucket_arn: 'arn:aws-cn:s3:::abc', auth: ambient"
        #expect(try region(chinese) == "cn-northwest-1")
        #expect(try region(chinese, ["AWS_REGION": "cn-north-1"]) == nil)
        #expect(try region("\(chinese), region: cn-north-1") == "cn-north-1")
        #expect(try region("bucket_arn: 'arn:aws:s3:::abc', auth: ambient") == nil)
    }

    @Test func `the example with an access point`() throws {
        let source = try example("access-point.yaml").sources[0]
        #expect(source.bucket == "arn:aws-us-gov:s3:us-gov-west-1:123456789012:accesspoint/filings")
        #expect(source.useFIPS == true && source.useDualStack == nil && source.requireExternalID)
        #expect(source.expectedBucketOwner == .ofRole && source.expectedBucketOwnerAccount == nil)
    }

    @Test func `the example with one role`() throws {
        let config = try example("contracts.yaml")
        #expect(config.store == "./contracts.chunks")
        #expect(
            config.settings == IndexSettings(tokenizer: .o200kBase, chunking: .lines(maxTokens: 512, overlapTokens: 0)))
        #expect(config.limits.memoryByteCount == Limits.default.memoryByteCount)
        #expect(config.limits.requestCount == 128)
        #expect(config.warnings == [])
        let source = try #require(config.sources.first)
        #expect(config.sources.count == 1)
        #expect(source.name == "contracts" && source.bucket == "acme-contracts" && source.prefix == "2025/")
        #expect(source.include == ["*.txt", "*.jsonl"] && source.exclude == ["**/tmp/**"])
        #expect(source.kmsKeyARN?.hasPrefix("arn:aws:kms:") == true)
        guard case .assumeRole(let hops) = source.auth else {
            Issue.record("not a role")
            return
        }
        #expect(
            hops == [
                RoleHop(
                    roleARN: "arn:aws:iam::123456789012:role/CaptainS3ReadRole",
                    externalID: "cap_org_0123456789abcdef01234567")
            ])
    }

    @Test func `checksums are verified where a source says so`() throws {
        func isVerified(_ more: String) throws -> Bool {
            try Config(
                "sources: [{bucket: abc, auth: ambient\(more)}]", fileName: "c", store: .replaced(by: "s"),
                environment: [:]
            ).sources[0].verifiesChecksums
        }
        #expect(try !isVerified("") && !isVerified(", verify_checksums: false"))
        #expect(try isVerified(", verify_checksums: true"))
        #expect(throws: ConfigError.self) { try isVerified(", verify_checksums: yes") }
    }

    @Test func `what becomes of documents that are no longer listed is said for each source`() throws {
        func rule(_ more: String) throws -> RemovalRule {
            try Config(
                "sources: [{bucket: abc, auth: ambient\(more)}]", fileName: "c", store: .replaced(by: "s"),
                environment: [:]
            ).sources[0].removal
        }
        #expect(try rule("") == RemovalRule(mode: .remove, countMax: 10, shareMax: 0.1, isConfirmed: false))
        #expect(try rule(", deletions: keep").mode == .keep)
        #expect(try rule(", deletions: mark").mode == .mark)
        #expect(
            try rule(", deletions: remove, deletion_limits: {count: 0, share: 5%}")
                == RemovalRule(countMax: 0, shareMax: 0.05))
        #expect(try rule(", deletion_limits: {share: 0.25}") == RemovalRule(shareMax: 0.25))
        #expect(try rule(", deletion_limits: {share: 1}") == RemovalRule(shareMax: 1))
    }

    @Test func `the example with a chain shares its first hop by an alias`() throws {
        let config = try example("chain.yaml")
        guard case .defaultChain(let profile) = config.base else {
            Issue.record("not the default chain")
            return
        }
        #expect(profile == "indexer")
        #expect(config.sources.map(\.bucket) == ["acme-contracts", "globex-archive"])
        let chains = config.sources.map { source -> [RoleHop] in
            if case .assumeRole(let hops) = source.auth { return hops }
            return []
        }
        #expect(chains.map(\.count) == [2, 2])
        #expect(chains[0][0] == chains[1][0])
        #expect(chains[0][0].duration == .seconds(3600) && chains[0][0].sessionName == "nightly-index")
        #expect(chains[0][1].externalID == "acme-1" && chains[1][1].externalID == "globex-1")
        #expect(chains[0][1].duration == .seconds(2700) && chains[0][1].tags == ["project": "contracts"])
        #expect(chains[0][1].sessionPolicy == .narrowed)
        #expect(
            chains[1][1].sessionPolicy
                == .document(
                    #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","#
                        + #""Resource":"arn:aws:s3:::globex-archive"},{"Effect":"Allow","Action":"s3:GetObject","#
                        + #""Resource":"arn:aws:s3:::globex-archive/text/*"}]}"#
                ))
    }

    @Test(arguments: [
        ("narrowed", SessionPolicy.narrowed), ("none", .none), ("'none'", .none),
        (
            "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: [a, b]}]}",
            .document(#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a","b"]}]}"#)
        ),
        (
            "{Condition: {Bool: {a: true}}, N: 1, U: '$${aws:username}'}",
            .document(##"{"Condition":{"Bool":{"a":"true"}},"N":"1","U":"${aws:username}"}"##)
        ),
        (#"'{"Statement": []}'"#, .document(#"{"Statement": []}"#)),
    ])
    func `a session policy is a word or a document`(written: String, policy: SessionPolicy) throws {
        let text = """
            store: s.chunks
            sources:
              - bucket: acme
                auth:
                  assume_role:
                    - role_arn: arn:aws:iam::123456789012:role/R
                      session_policy: \(written)
                      tags: {team: index, project: x}
                      transitive_tags: [team]
                      session_name: "{source}-{run_id}"
                      source_identity: someone
            """
        let config = try Config(text, fileName: "c.yaml", environment: [:])
        guard case .assumeRole(let hops) = config.sources[0].auth else {
            Issue.record("not a role")
            return
        }
        #expect(hops[0].sessionPolicy == policy)
        #expect(hops[0].transitiveTagKeys == ["team"])
        #expect(hops[0].tags == ["team": "index", "project": "x"])
        #expect(hops[0].sessionName == "{source}-{run_id}")
        #expect(hops[0].sourceIdentity == "someone")
    }

    @Test func `the example with another service`() throws {
        let config = try example("s3-compatible.yaml")
        #expect(config.settings.tokenizer == .cl100kBase)
        #expect(config.warnings == [])
        let source = config.sources[0]
        #expect(source.endpointURL == "https://s3.storage.example.com:9000" && source.pathStyle == true)
        guard case .accessKey = source.auth, case .anonymous = config.sources[1].auth else {
            Issue.record("other kinds of auth")
            return
        }
        #expect(config.sources[1].prefix == "")
    }

    @Test func `JSON is taken as the YAML that it is`() throws {
        let config = try Config(
            #"{"store": "s.chunks", "limits": {"memory": 536870912, "workers": 0}, "sources": [{"bucket": "#
                + #""abc", "auth": {"ambient": {}}}]}"#,
            fileName: "c.json", environment: [:])
        #expect(config.limits.memoryByteCount == 512 << 20)
        #expect(config.sources[0].name == "abc")
    }

    @Test func `what a file leaves out has the documented defaults`() throws {
        let config = try Config(
            "sources: [{bucket: abc, auth: anonymous}]", fileName: "c", store: .replaced(by: "x.chunks"),
            environment: [:])
        #expect(config.store == "x.chunks")
        #expect(config.limits == .default)
        #expect(
            config.settings == IndexSettings(tokenizer: .o200kBase, chunking: .lines(maxTokens: 512, overlapTokens: 0)))
        guard case .defaultChain(nil) = config.base else {
            Issue.record("not the default chain")
            return
        }
    }

    @Test(arguments: [
        ("ambient"), ("{ambient: {}}"), ("{ambient: }"), ("{ambient: null}"), ("{ambient: true}"),
    ])
    func `ambient has several spellings`(auth: String) throws {
        let config = try Config(
            "store: s\nsources: [{bucket: abc, auth: \(auth)}]", fileName: "c", environment: [:])
        guard case .ambient = config.sources[0].auth else {
            Issue.record("not ambient")
            return
        }
    }

    @Test func `values that look like numbers are taken as they are written where text belongs`() throws {
        let config = try Config(
            "store: s\nsources: [{bucket: 0123, prefix: 1_0, name: 1e3, auth: {assume_role: [{role_arn: "
                + "'arn:aws:iam::123456789012:role/R', external_id: 007}]}}]",
            fileName: "c", environment: [:])
        let source = config.sources[0]
        #expect(source.bucket == "0123" && source.prefix == "1_0" && source.name == "1e3")
        if case .assumeRole(let hops) = source.auth { #expect(hops[0].externalID == "007") }
    }

    @Test func `other services name roles and buckets more freely`() {
        let role = "auth: {assume_role: [{role_arn: 'arn:aws:iam:::role/S3Access'}]}"
        #expect(problemsOfSource("bucket: abc\n\(role)").count == 1)
        #expect(problemsOfSource("bucket: abc\nsts_endpoint_url: http://127.0.0.1:8000\n\(role)") == [])
        #expect(
            problemsOfSource("bucket: abc\n\(role)", environment: ["AWS_ENDPOINT_URL_STS": "http://127.0.0.1:8000"])
                == [])
        #expect(problemsOfSource("bucket: Old_Bucket\nauth: ambient").count == 1)
        #expect(problemsOfSource("bucket: Old_Bucket\npath_style: true\nauth: ambient") == [])
    }

    @Test(arguments: [
        ("1", 1), ("64KiB", 65_536), ("1GiB", 1 << 30), ("512 MiB", 512 << 20), ("1g", 1 << 30), ("1GB", 1_000_000_000),
        ("10_000", 10_000), ("2tib", 2 << 40),
    ])
    func `sizes`(text: String, byteCount: Int) {
        #expect(Quantities.byteCount(text) == byteCount)
    }

    @Test(arguments: [
        "", "GiB", "1.5GiB", "-1", "1 G i B", "9223372036854775807KiB", "99999999999999999999", "1XiB", "١GiB",
    ])
    func `what is no size`(text: String) {
        #expect(Quantities.byteCount(text) == nil)
    }

    @Test(arguments: [("1h", 3600), ("45m", 2700), ("900s", 900), ("900", 900), ("1d", 86_400), ("2 min", 120)])
    func `durations`(text: String, seconds: Int) {
        #expect(Quantities.seconds(text) == seconds)
    }

    @Test(arguments: [
        ("roleArn", "role_arn"), ("role-arn", "role_arn"), ("extrenal_id", "external_id"),
        ("externalid", "external_id"),
        ("rolearm", "role_arn"), ("zzz", nil), ("", nil),
    ])
    func `the nearest name is suggested, and none when none is near`(name: String, nearest: String?) {
        #expect(NameSuggestion.nearest(to: name, among: ["role_arn", "external_id", "session_name"]) == nearest)
    }
}
