import DredgeAWS
import DredgeIAM
import TestServers
import Testing

@testable import DredgePolicy

@Suite struct AccessPoliciesTests {
    private static let vendor = "arn:aws:iam::444455556666:role/Vendor"

    private func principal(_ text: String, form: TrustedPrincipal.Form = .exact) throws -> String {
        let trusted = try TrustedPrincipal(text, form: form)
        return PolicyStatement(principal: trusted.principal, actions: ["a:B"], conditions: trusted.conditions).json
            .compactText
    }

    private func refusal(_ body: () throws(AWSError) -> Void) throws -> AWSError {
        try #require(#expect(throws: AWSError.self, performing: body))
    }

    @Test func `a principal is named as it was asked for`() throws {
        #expect(try principal(Self.vendor).contains(#""Principal":{"AWS":"arn:aws:iam::444455556666:role/Vendor"}"#))
        #expect(try principal("444455556666").contains(#"{"AWS":"arn:aws:iam::444455556666:root"}"#))
        #expect(try principal("ec2.amazonaws.com").contains(#""Principal":{"Service":"ec2.amazonaws.com"}"#))
        #expect(try principal(Self.vendor, form: .root).contains(#"{"AWS":"arn:aws:iam::444455556666:root"}"#))
        #expect(
            try principal(Self.vendor, form: .rootWithARNCondition).contains(
                #"{"AWS":"arn:aws:iam::444455556666:root"},"Action":"a:B","#
                    + #""Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/Vendor"}}"#))
        #expect(try TrustedPrincipal("444455556666", partition: "aws-cn").arn?.partition == "aws-cn")
    }

    @Test func `the session of a role stands for the role, and its path is warned of`() throws {
        let session = try TrustedPrincipal("arn:aws:sts::444455556666:assumed-role/Vendor/run-1")
        #expect(session.principal == .aws([Self.vendor]))
        #expect(session.notes.count == 2)
        #expect(session.notes[0].contains("aws iam get-role --role-name Vendor"))
        let single = try TrustedPrincipal("arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_A_1/me")
        #expect(single.notes[0].contains("/aws-reserved/sso.amazonaws.com/"))
    }

    @Test func `the unique ID of an exact role is warned of, and of no other form`() throws {
        #expect(try TrustedPrincipal(Self.vendor).notes.contains { $0.contains("AROA") })
        #expect(try TrustedPrincipal(Self.vendor, form: .rootWithARNCondition).notes.isEmpty)
        #expect(try TrustedPrincipal(Self.vendor, form: .root).notes.contains { $0.contains("whole account") })
    }

    @Test(arguments: [
        ("*", "everybody"), ("arn:aws:iam::444455556666:role/*", "wildcard"), ("AROAEXAMPLE", "unique ID"),
        ("44445555666", "11 digits"), ("arn:aws:iam::44445555666:role/R", "12 digits"),
        ("arn:aws:iam::444455556666:group/G", "no principal"), ("arn:amazon:iam::444455556666:role/R", "partition"),
        ("arn:aws:iam:eu-west-1:444455556666:role/R", "region"), ("arn:aws:iam::444455556666:role/", "no principal"),
        ("arn:aws:iam::444455556666:user/a\nb", "character"), ("vendor", "no principal"), ("", "no principal"),
        ("arn:aws:sts::444455556666:assumed-role/R", "no principal"),
    ])
    func `what can't be a principal is refused with what to do`(text: String, part: String) throws {
        let error = try refusal { () throws(AWSError) in _ = try TrustedPrincipal(text) }
        #expect(error.description.contains(part), "\(error)")
        #expect(!error.advice.isEmpty)
    }

    @Test func `tags and a source identity get statements of their own`() throws {
        let caller = try TrustedPrincipal(Self.vendor)
        let plain = AccessPolicies.trust(caller, externalID: "acme-1")
        #expect(plain.statements.map(\.actions) == [["sts:AssumeRole"]])
        let full = AccessPolicies.trust(
            caller, externalID: "acme-1", tagKeys: ["b", "a", "b"], sourceIdentity: "alice")
        #expect(full.statements.map(\.actions) == [["sts:AssumeRole"], ["sts:TagSession"], ["sts:SetSourceIdentity"]])
        #expect(full.statements[0].conditions == plain.statements[0].conditions)
        #expect(
            full.statements[1].conditions == [
                PolicyCondition("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"])
            ])
        #expect(full.statements[2].conditions == [PolicyCondition("StringEquals", "sts:SourceIdentity", ["alice"])])
    }

    @Test func `a prefix is matched literally, an empty one not at all`() throws {
        let all = AccessPolicies.permissions(try BucketScope(bucket: "acme"))
        #expect(all.statements[0].conditions.isEmpty)
        #expect(all.statements[1].resources == ["arn:aws:s3:::acme/*"])
        let some = AccessPolicies.permissions(try BucketScope(bucket: "acme", partition: "aws-cn", prefix: "a*/"))
        #expect(some.statements[0].resources == ["arn:aws-cn:s3:::acme"])
        #expect(some.statements[0].conditions == [PolicyCondition("StringLike", "s3:prefix", ["a${*}/*"])])
        #expect(some.statements[1].resources == ["arn:aws-cn:s3:::acme/a${*}/*"])
    }

    @Test func `no policy but a key's has a wildcard alone as its resource`() {
        for item in GeneratedPolicies.all where item.kind != .kms {
            for statement in item.setup.document.statements { #expect(!statement.resources.contains("*"), "\(item)") }
        }
    }

    @Test func `a key is used through S3 of its region, under all its names`() throws {
        let key = try EncryptionKey("arn:aws-cn:kms:cn-north-1:111122223333:key/k")
        #expect(key.throughS3.values == ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"])
        let alias = try refusal { () throws(AWSError) in
            _ = try EncryptionKey("arn:aws:kms:us-east-1:111122223333:alias/a")
        }
        #expect(alias.advice.contains("aws kms describe-key"))
        for text in ["k", "arn:aws:kms:us-east-1:111122223333:key/k\nreboot", "arn:aws:kms:Us East:111122223333:key/k"]
        {
            _ = try refusal { () throws(AWSError) in _ = try EncryptionKey(text) }
        }
    }

    // MARK: Names of roles

    @Test(arguments: [
        ("ClientRole", "ClientRole-*", false), ("ClientRole-a", "ClientRole-*", true),
        ("ClientRole", "ClientRole*", true),
        ("a/b/Role", "*Role", true), ("Role", "R?le", true), ("Role", "R?e", false), ("aXbXc", "a*b*c", true),
        ("aaab", "*a*a*b", true), ("", "*", true), ("x", "", false), ("clientrole", "ClientRole", false),
    ])
    func `names match patterns as in IAM`(name: String, pattern: String, isMatch: Bool) {
        #expect(PolicyMatch.matches(name, pattern: pattern) == isMatch)
    }

    @Test func `a pattern that the role's name doesn't match is refused with the reason`() throws {
        let role = "arn:aws:iam::111122223333:role/ClientRole"
        let error = try refusal { () throws(AWSError) in
            _ = try RolePattern(namePattern: "ClientRole-*", mustMatch: role)
        }
        #expect(error.message == "the pattern 'ClientRole-*' doesn't match the role 'ClientRole' (\(role))")
        #expect(error.advice.contains("ClientRole-something") && error.advice.contains("ClientRole*"))
        let path = try refusal { () throws(AWSError) in
            _ = try RolePattern(namePattern: "Read*", mustMatch: "arn:aws:iam::111122223333:role/team/ReadRole")
        }
        #expect(path.advice.contains("team/Read*"))
        for pattern in ["*", "**?", "a b", ""] {
            _ = try refusal { () throws(AWSError) in _ = try RolePattern(namePattern: pattern, mustMatch: role) }
        }
        #expect(
            try RolePattern(namePattern: "Client*", mustMatch: role).resource == "arn:aws:iam::*:role/Client*")
        #expect(try RolePattern(roleARN: role).resource == role)
    }

    @Test(arguments: [
        "*", "Read*", "Rea?", "team*/Read", "${aws:username}", "team/${aws:username}/Read", "a$(b)", "a'b",
    ])
    func `what names several roles, or none, is not taken for one role`(name: String) throws {
        _ = try refusal { () throws(AWSError) in
            _ = try RolePattern(roleARN: "arn:aws:iam::111122223333:role/\(name)")
        }
        #expect(throws: AWSError.self) { try RoleTemplate(roleARN: "arn:aws:iam::111122223333:role/\(name)") }
    }

    // MARK: Jobs over many machines

    @Test(arguments: [nil, "job-1a2b3c4d5e6f7081"])
    func `a role for a job's files allows what its session is narrowed to`(job: String?) throws {
        let place = try ResultsScope(bucket: "acme-results", partition: "aws-cn", prefix: "a*/", job: job)
        let session = JobScope(bucket: "acme-results", prefix: job.map { "a*/\($0)/" } ?? "a*/")
        var plain = AccessPolicies.results(place)
        for index in plain.statements.indices { plain.statements[index].sid = nil }
        #expect(session.policy(partition: "aws-cn", encrypts: false) == plain)
        // What the session may do with any key through S3, the role may with its own.
        let key = try EncryptionKey("arn:aws-cn:kms:cn-north-1:111122223333:key/k")
        let own = try #require(AccessPolicies.results(place, key: key).statements.last)
        let any = try #require(session.policy(partition: "aws-cn")?.statements.last)
        #expect(own.actions == any.actions && own.resources == [key.arn.description])
        #expect(any.resources == ["arn:aws-cn:kms:*:*:key/*"])
        #expect(own.conditions[0].values == any.conditions[0].values.map { $0.replacing("*", with: "cn-north-1") })
    }

    @Test func `a worker sees jobs alone, makes files in the folders that are its own, and lists no source`() throws {
        let place = try ResultsScope(bucket: "acme-results", prefix: "dredge/")
        let source = SourceAccess.direct(try BucketScope(bucket: "acme", prefix: "2025/"))
        let worker = AccessPolicies.job(.worker, results: .direct(place), sources: [source])
        #expect(worker.statements.map(\.sid) == ["ListResults", "ReadResults", "WriteResults", "ReadSource"])
        #expect(worker.statements[0].conditions[0].values == ["dredge/job-*"])
        #expect(worker.statements[1].resources == ["arn:aws:s3:::acme-results/dredge/job-*"])
        #expect(
            worker.statements[2].resources
                == ["claims", "done", "failed", "out"].map { "arn:aws:s3:::acme-results/dredge/job-*/\($0)/*" })
        let planner = AccessPolicies.job(.planner, results: .direct(place), sources: [source])
        #expect(planner.statements.map(\.sid) == ["ListResults", "ReadResults", "WriteResults", "ListSource"])
        let actions = [worker, planner, AccessPolicies.results(place)].flatMap(\.statements).flatMap(\.actions)
        #expect(!actions.contains { $0.contains("Delete") || $0.contains("*") })
    }

    @Test func `sources of one bucket are listed by one statement, a whole bucket without a condition`() throws {
        let place = ResultsAccess.direct(try ResultsScope(bucket: "acme-results", prefix: ""))
        func listings(_ prefixes: String...) throws -> [PolicyStatement] {
            let sources = try prefixes.map { SourceAccess.direct(try BucketScope(bucket: "acme", prefix: $0)) }
            return AccessPolicies.job(.planner, results: place, sources: sources).statements
                .filter { $0.sid?.hasPrefix("ListSource") == true }
        }
        #expect(
            try listings("a/", "b/", "a/").map(\.conditions) == [[.init("StringLike", "s3:prefix", ["a/*", "b/*"])]])
        #expect(try listings("a/", "").map(\.conditions) == [[]])
        #expect(try listings().isEmpty)
    }

    // MARK: What each statement is for, by moto's evaluator

    /// What a service asks of KMS, Glue and Redshift. No server here enforces policies for them.
    static let requests: [(name: String, requests: [PolicyTools.Request])] = {
        let account = "eu-west-1:111122223333"
        let key = GeneratedPolicies.keyARN
        let through = ["kms:ViaService": "s3.eu-west-1.amazonaws.com"]
        let prefix = "arn:aws:s3:::acme-contracts"
        func glue(_ actions: [String]) -> [PolicyTools.Request] {
            actions.flatMap { action in
                ["catalog", "database/lake", "table/lake/new"].map {
                    PolicyTools.Request("glue:\(action)", on: "arn:aws:glue:\(account):\($0)")
                }
            }
        }
        return [
            (
                "destination-iceberg",
                glue(["GetDatabase", "GetTable", "CreateTable", "UpdateTable"]) + glue(["BatchCreatePartition"]) + [
                    .init("s3:ListBucket", on: prefix), .init("s3:PutObject", on: "\(prefix)/t/1"),
                    .init("s3:GetObject", on: "\(prefix)/t/1"), .init("s3:DeleteObject", on: "\(prefix)/t/1"),
                    .init("kms:GenerateDataKey", on: key, context: through),
                    .init("kms:Decrypt", on: key, context: through),
                ]
            ),
            (
                "destination-redshift",
                [
                    .init("redshift:DescribeClusters", on: "arn:aws:redshift:\(account):cluster:warehouse"),
                    .init(
                        "redshift:GetClusterCredentialsWithIAM",
                        on: "arn:aws:redshift:\(account):dbname:warehouse/sales"),
                ]
            ),
            (
                "destination-redshift-workgroup",
                ["GetWorkgroup", "GetCredentials"].map {
                    .init(
                        "redshift-serverless:\($0)",
                        on: "arn:aws:redshift-serverless:\(account):workgroup/1234abcd-12ab-34cd-56ef-1234567890ab")
                }
            ),
            ("kms", [.init("kms:Decrypt", on: key, context: through)]),
            (
                "job-results",
                [
                    .init(
                        "s3:ListBucket", on: "arn:aws:s3:::acme-results",
                        context: ["s3:prefix": "dredge/job-1/done/"]),
                    .init("s3:GetObject", on: "arn:aws:s3:::acme-results/dredge/job-1/job.json"),
                    .init("s3:PutObject", on: "arn:aws:s3:::acme-results/dredge/job-1/job.json"),
                    .init("kms:GenerateDataKey", on: key, context: through),
                    .init("kms:Decrypt", on: key, context: through),
                ]
            ),
            (
                "vendor-pattern",
                ["AssumeRole", "TagSession", "SetSourceIdentity"].map {
                    .init("sts:\($0)", on: "arn:aws:iam::777788889999:role/customers/DredgeReadOther")
                }
            ),
        ]
    }()

    @Test func `with every statement all is allowed, without any one of them not`() async throws {
        var names: [String] = []
        var questions: [(policy: String, requests: [PolicyTools.Request])] = []
        for (name, requests) in Self.requests {
            let document = try #require(GeneratedPolicies.all.first { $0.name == name }).setup.document
            names.append("\(name), whole")
            questions.append((document.compactJSON, requests))
            for index in document.statements.indices {
                var less = document
                less.statements.remove(at: index)
                names.append("\(name), without \(document.statements[index].sid ?? "statement \(index)")")
                questions.append((less.compactJSON, requests))
            }
        }
        let answers = try await PolicyTools.decisions(questions)
        #expect(answers.map(\.count) == questions.map(\.requests.count))
        for (name, decisions) in zip(names, answers) {
            #expect(decisions.allSatisfy { $0 } == name.hasSuffix("whole"), "\(name): \(decisions)")
        }
    }

    @Test func `a neighbour is not let in`() async throws {
        func question(_ name: String, _ requests: PolicyTools.Request...) throws -> (String, [PolicyTools.Request]) {
            (try #require(GeneratedPolicies.all.first { $0.name == name }).setup.document.compactJSON, requests)
        }
        let key = GeneratedPolicies.keyARN, account = "eu-west-1:111122223333"
        let answers = try await PolicyTools.decisions([
            question(
                "destination-iceberg", .init("glue:GetTable", on: "arn:aws:glue:\(account):table/other/t"),
                .init("glue:DeleteTable", on: "arn:aws:glue:\(account):table/lake/t"),
                .init("kms:Decrypt", on: key, context: ["kms:ViaService": "ec2.eu-west-1.amazonaws.com"]),
                .init("kms:Decrypt", on: key), .init("s3:PutObject", on: "arn:aws:s3:::other/x")),
            question(
                "destination-redshift",
                .init("redshift:GetClusterCredentialsWithIAM", on: "arn:aws:redshift:\(account):dbname:warehouse/other")
            ),
            question("vendor-pattern", .init("sts:AssumeRole", on: "arn:aws:iam::777788889999:role/DredgeReadOther")),
            question(
                "job-results", .init("s3:PutObject", on: "arn:aws:s3:::acme-results/other/x"),
                .init("s3:DeleteObject", on: "arn:aws:s3:::acme-results/dredge/job-1/job.json"),
                .init("kms:GenerateDataKey", on: key, context: ["kms:ViaService": "ec2.eu-west-1.amazonaws.com"])),
        ])
        #expect(answers == [[false, false, false, false, false], [false], [false], [false, false, false]])
    }
}
