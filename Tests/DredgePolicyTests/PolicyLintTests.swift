import DredgeAWS
import Foundation
import TestServers
import Testing

@testable import DredgePolicy

@Suite struct PolicyLintTests {
    private static let role = "arn:aws:iam::111122223333:role/Vendor"
    private static let idCondition = #""Condition":{"StringEquals":{"sts:ExternalId":"acme-1"}}"#

    /// A trust policy that is right but for what is replaced.
    private static func trust(
        principal: String = #"{"AWS":"\#(role)"}"#, action: String = #""sts:AssumeRole""#,
        condition: String = idCondition, more: String = ""
    ) -> String {
        policy(#"{"Effect":"Allow","Principal":\#(principal),"Action":\#(action)\#(more),\#(condition)}"#)
    }

    /// One statement that allows, without a principal.
    private static func permissions(_ action: String, _ resource: String, more: String = "") -> String {
        policy(#"{"Effect":"Allow","Action":\#(action),"Resource":\#(resource)\#(more)}"#)
    }

    private static func policy(_ statements: String) -> String {
        #"{"Version":"2012-10-17","Statement":[\#(statements)]}"#
    }

    private static let list = #"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"}"#
    private static let get = #"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#

    private static func condition(_ text: String) -> String { #""Condition":\#(text)"# }

    struct Case: CustomTestStringConvertible {
        var document: String
        /// `rule path`, `!` before it where it is advice only, `!!` where it is a danger.
        var findings: [String]
        var testDescription: String { String(document.prefix(120)) }

        init(_ document: String, _ findings: String...) {
            self.document = document
            self.findings = findings
        }
    }

    static let trusts: [Case] = [
        Case(trust()),
        Case(trust(condition: condition("{}")), "external-id-missing Statement[0]"),
        Case(
            policy(#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}"#),
            "external-id-missing Statement[0]"),
        Case(policy(#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#)),
        Case(
            policy(#"{"Effect":"Allow","Action":"sts:AssumeRole",\#(idCondition)}"#),
            "principal-missing Statement[0]"),
        Case(trust(principal: #""*""#), "!!role-open-to-everyone Statement[0].Principal"),
        Case(trust(principal: #"{"AWS":"*"}"#), "!!role-open-to-everyone Statement[0].Principal.AWS"),
        Case(
            trust(
                principal: #"{"AWS":"*"}"#,
                condition: condition(#"{"StringEquals":{"sts:ExternalId":"acme-1","aws:PrincipalOrgID":"o-a1"}}"#)),
            "!principal-everyone Statement[0].Principal.AWS"),
        Case(trust(principal: #""\#(role)""#), "principal-form Statement[0].Principal"),
        Case(trust(principal: #"{"aws":"\#(role)"}"#), "unknown-key Statement[0].Principal.aws"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:sts::111122223333:assumed-role/Vendor/s"}"#),
            "session-as-principal Statement[0].Principal.AWS"),
        Case(trust(principal: #"{"AWS":"AROAEXAMPLEID"}"#), "unique-id Statement[0].Principal.AWS"),
        Case(trust(principal: #"{"AWS":"11112222333"}"#), "account-id Statement[0].Principal.AWS"),
        Case(trust(principal: #"{"AWS":"1111-2222-3333"}"#), "account-id Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":["\#(role)","arn:aws:iam::1111222233:root"]}"#),
            "account-id Statement[0].Principal.AWS[1]"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:iam:us-east-1:111122223333:role/R"}"#),
            "region-in-arn Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:iam::111122223333:role/*"}"#),
            "principal-wildcard Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:iam::111122223333:group/Readers"}"#),
            "principal-form Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:iam::111122223333:instance-profile/P"}"#),
            "principal-form Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":"arn:aws:iam::111122223333:Vendor"}"#),
            "principal-form Statement[0].Principal.AWS"),
        Case(trust(principal: #"{"AWS":"\#(role) "}"#), "arn-characters Statement[0].Principal.AWS"),
        Case(trust(principal: #"{"AWS":"ec2.amazonaws.com"}"#), "principal-form Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"Service":"ec2"}"#, condition: condition("{}")),
            "principal-form Statement[0].Principal.Service"),
        Case(
            trust(principal: #"{"AWS":"arn:amazon:iam::111122223333:role/R"}"#),
            "unknown-partition Statement[0].Principal.AWS"),
        Case(
            trust(principal: #"{"AWS":["\#(role)","arn:aws-cn:iam::111122223333:role/R"]}"#),
            "mixed-partitions Statement[0].Principal.AWS[1]"),
        Case(trust(more: #","Resource":"*""#), "resource-in-trust Statement[0].Resource"),
        Case(trust(action: #"["sts:AssumeRole","s3:GetObject"]"#), "action-of-other-policy Statement[0].Action[1]"),
        Case(trust(action: #""sts:AsumeRole""#), "unknown-action Statement[0].Action"),
        Case(trust(action: #""st:AssumeRole""#), "unknown-action Statement[0].Action"),
        Case(trust(action: #""AssumeRole""#), "unknown-action Statement[0].Action"),
        Case(trust(action: #""sts:*""#), "wildcard-action Statement[0].Action"),
        // The external ID.
        Case(
            trust(condition: condition(#"{"StringEquals":{"sts:externalid":"acme-1"}}"#)),
            "!condition-key-case Statement[0].Condition.StringEquals.sts:externalid"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"ExternalId":"acme-1"}}"#)),
            "external-id-missing Statement[0]",
            "condition-key Statement[0].Condition.StringEquals.ExternalId"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"aws:ExternalId":"acme-1"}}"#)),
            "external-id-missing Statement[0]",
            "condition-key Statement[0].Condition.StringEquals.aws:ExternalId"),
        Case(
            trust(condition: condition(#"{"stringEquals":{"sts:ExternalId":"acme-1"}}"#)),
            "condition-operator Statement[0].Condition.stringEquals"),
        Case(
            trust(condition: condition(#"{"StringLike":{"sts:ExternalId":"acme-*"}}"#)),
            "external-id-pattern Statement[0].Condition.StringLike.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringLike":{"sts:ExternalId":"acme-1"}}"#)),
            "!external-id-operator Statement[0].Condition.StringLike.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringEqualsIfExists":{"sts:ExternalId":"acme-1"}}"#)),
            "external-id-operator Statement[0].Condition.StringEqualsIfExists.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"ForAllValues:StringEquals":{"sts:ExternalId":"acme-1"}}"#)),
            "external-id-operator Statement[0].Condition.ForAllValues:StringEquals.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringNotEquals":{"sts:ExternalId":"acme-1"}}"#)),
            "external-id-operator Statement[0].Condition.StringNotEquals.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"Null":{"sts:ExternalId":"false"}}"#)),
            "external-id-operator Statement[0].Condition.Null.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"ArnEquals":{"sts:ExternalId":"acme-1"}}"#)),
            "external-id-operator Statement[0].Condition.ArnEquals.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"sts:ExternalId":" acme-1"}}"#)),
            "external-id-characters Statement[0].Condition.StringEquals.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"sts:ExternalId":"\"acme-1\""}}"#)),
            "external-id-characters Statement[0].Condition.StringEquals.sts:ExternalId"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"sts:ExternalId":["acme-1","<id>"]}}"#)),
            "external-id-characters Statement[0].Condition.StringEquals.sts:ExternalId[1]"),
        Case(
            trust(condition: condition(#"{"StringEquals":{"sts:ExternalId":"x"}}"#)),
            "external-id-characters Statement[0].Condition.StringEquals.sts:ExternalId"),
        Case(
            trust(
                condition: condition(
                    #"{"StringEquals":{"sts:ExternalId":"acme-1"},"#
                        + #""ArnEquals":{"aws:PrincipalArn":"arn:aws:sts::111122223333:assumed-role/R/s"}}"#
                )), "session-as-principal Statement[0].Condition.ArnEquals.aws:PrincipalArn"),
        Case(trust(condition: #""Condition":"none""#), "wrong-type Statement[0].Condition"),
    ]

    static let access: [Case] = [
        Case(policy("\(list),\(get)")),
        Case(policy(list), "!read-missing Statement"),
        Case(policy(get), "!list-missing Statement"),
        Case(
            permissions(#"["s3:ListBucket","s3:GetObject"]"#, #""arn:aws:s3:::b""#),
            "object-action-on-bucket Statement[0].Action[1]"),
        Case(
            permissions(#"["s3:ListBucket","s3:GetObject"]"#, #""arn:aws:s3:::b/*""#),
            "bucket-action-on-objects Statement[0].Action[0]"),
        Case(permissions(#"["s3:ListBucket","s3:GetObject"]"#, #"["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#)),
        Case(
            permissions(#"["s3:ListBucket","s3:GetObject"]"#, #""*""#), "wildcard-resource Statement[0].Resource"),
        Case(
            permissions(#"["s3:ListBucket","s3:GetObject"]"#, #""arn:aws:s3:::*""#),
            "wildcard-resource Statement[0].Resource"),
        Case(
            permissions(#"["s3:ListBucket","s3:GetObject"]"#, #""arn:aws:s3:::b*""#),
            "!wildcard-bucket Statement[0].Resource"),
        Case(permissions(#""s3:ListAllMyBuckets""#, #""*""#)),
        Case(
            permissions(#""s3:*""#, #"["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#), "wildcard-action Statement[0].Action"),
        Case(permissions(#""*""#, #""arn:aws:s3:::b""#), "wildcard-action Statement[0].Action"),
        Case(permissions(#""s3:Get*""#, #""arn:aws:s3:::b/*""#), "!list-missing Statement"),
        Case(permissions(#""s3:Gett*""#, #""arn:aws:s3:::b/*""#), "unknown-action Statement[0].Action"),
        Case(permissions(#""s3:GetObjects""#, #""arn:aws:s3:::b/*""#), "unknown-action Statement[0].Action"),
        Case(permissions(#""s3:ListObjectsV2""#, #""arn:aws:s3:::b""#), "unknown-action Statement[0].Action"),
        Case(permissions(#""s3: PutObject""#, #""arn:aws:s3:::b/*""#), "action-characters Statement[0].Action"),
        Case(
            permissions(#""s3:PutObject""#, #""arn:aws:s3:eu-west-1::b/*""#), "region-in-s3-arn Statement[0].Resource"),
        Case(
            permissions(#""s3:PutObject""#, #""arn:aws:s3::111122223333:b/*""#),
            "region-in-s3-arn Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""s3://b/p""#), "not-an-arn Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""arn:aws:s3:b/*""#), "not-an-arn Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""arn:aws:s3::: b/*""#), "arn-characters Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""arn:aws:s3:::b/p/""#), "trailing-slash Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""arn:aws:s3:::b/p""#), "!one-object Statement[0].Resource"),
        Case(permissions(#""s3:PutObject""#, #""arn:aws:s3:::b/a b'c/*""#)),
        Case(
            permissions(#""s3:PutObject""#, #"["arn:aws:s3:::b/*","arn:aws-cn:s3:::b/*"]"#),
            "mixed-partitions Statement[0].Resource[1]"),
        Case(
            permissions(
                #"["s3:ListBucket","s3:GetObject"]"#, #"["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#,
                more: #","Principal":"*""#), "principal-everyone Statement[0].Principal"),
        Case(
            permissions(
                #"["s3:ListBucket","s3:GetObject"]"#, #"["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#,
                more: #","Condition":{"StringLike":{"s3:prefix":"p/*"}}"#),
            "condition-key-not-sent Statement[0].Condition.StringLike.s3:prefix"),
        Case(
            permissions(
                #""s3:ListBucket""#, #""arn:aws:s3:::b""#, more: #","Condition":{"StringEquals":{"s3:prefix":"p/*"}}"#),
            "!read-missing Statement", "wildcard-not-matched Statement[0].Condition.StringEquals.s3:prefix"),
        Case(
            permissions(#""kms:Decrypt""#, #""arn:aws:kms:us-east-1:111122223333:alias/a""#),
            "kms-alias Statement[0].Resource"),
        Case(
            permissions(#""kms:Decrypt""#, #""arn:aws:kms:us-east-1:111122223333:key/*""#),
            "wildcard-resource Statement[0].Resource"),
        Case(
            permissions(#""kms:Decrypt""#, #""arn:aws:kms:cn-north-1:111122223333:key/k""#),
            "region-of-other-partition Statement[0].Resource"),
        Case(
            permissions(
                #""kms:Decrypt""#, #""arn:aws:kms:us-east-1:111122223333:key/k""#,
                more: #","Condition":{"StringEquals":{"kms:ViaService":"s3.amazonaws.com"}}"#),
            "via-service Statement[0].Condition.StringEquals.kms:ViaService"),
        Case(
            permissions(#""sts:AssumeRole""#, #""arn:aws:iam::*:role/*""#), "wildcard-resource Statement[0].Resource"),
        Case(permissions(#""sts:AssumeRole""#, #""arn:aws:iam::*:role/DredgeRead-*""#)),
        Case(
            permissions(#""sts:AssumeRole""#, #""arn:aws:iam::11112222:role/R""#), "account-id Statement[0].Resource"),
        Case(
            permissions(#""sts:AssumeRole""#, #""arn:aws:sts::111122223333:assumed-role/R/s""#),
            "session-as-resource Statement[0].Resource"),
        Case(
            permissions(#""kms:ReEncrypt""#, #""arn:aws:kms:us-east-1:111122223333:key/k""#),
            "unknown-action Statement[0].Action"),
        Case(policy(#"{"Effect":"Allow","Action":"s3:PutObject"}"#), "resource-missing Statement[0]"),
        Case(policy(#"{"Effect":"Allow","Resource":"arn:aws:s3:::b/*"}"#), "action-missing Statement[0]"),
        Case(
            policy(#"{"Effect":"Allow","NotAction":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}"#),
            "!not-action Statement[0].NotAction"),
        Case(
            policy(#"{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::b/*"}"#),
            "!not-resource Statement[0].NotResource"),
        Case(policy(#"{"Effect":"Deny","Action":"*","Resource":"*"}"#)),
        Case(
            policy(
                #"{"Effect":"Allow","NotPrincipal":{"AWS":"\#(role)"},"Action":"s3:PutObject","#
                    + #""Resource":"arn:aws:s3:::b/*"}"#
            ),
            "not-principal Statement[0].NotPrincipal"),
        Case(
            policy(#"{"Effect":"allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#),
            "effect Statement[0].Effect"),
        Case(policy(#"{"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#), "effect Statement[0]"),
        Case(
            policy(#"{"Effect":"Allow","Actions":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#),
            "action-missing Statement[0]", "unknown-key Statement[0].Actions"),
        Case(
            policy(#"{"Sid":"a b","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#),
            "sid-characters Statement[0].Sid"),
        Case(
            policy(
                #"{"Sid":"a","Effect":"Deny","Action":"s3:PutObject","Resource":"*"},{"Sid":"a","Effect":"Deny","#
                    + #""Action":"s3:GetObject","Resource":"*"}"#
            ), "duplicate-sid Statement[1].Sid"),
        Case(
            policy(
                #"{"Effect":"Allow","Action":"s3:PutObject","Action":"s3:AbortMultipartUpload","#
                    + #""Resource":"arn:aws:s3:::b/*"}"#
            ),
            "duplicate-key Statement[0].Action"),
        // As a whole.
        Case(#"{"Statement":[\#(list),\#(get)]}"#, "!version-missing "),
        Case(
            #"{"Statement":[{"Effect":"Allow","Action":"s3:PutObject","#
                + #""Resource":"arn:aws:s3:::b/${aws:username}/*"}]}"#,
            "version-missing "),
        Case(#"{"Version":"2008-10-17","Statement":[\#(list),\#(get)]}"#, "!version-old Version"),
        Case(#"{"Version":"2024-01-01","Statement":[\#(list),\#(get)]}"#, "version-unknown Version"),
        Case(#"{"Version":"2012-10-17"}"#, "no-statement "),
        Case(#"{"Version":"2012-10-17","Statement":[]}"#, "no-statement Statement"),
        Case(#"{"Version":"2012-10-17","statement":[\#(list),\#(get)]}"#, "no-statement ", "unknown-key statement"),
        Case(#"{"Name":"x"}"#, "no-statement "),
        Case("[]", "no-statement "),
    ]

    private static func findings(_ text: String, kind: PolicyKind? = nil) -> [String] {
        PolicyLint.findings(in: text, kind: kind).map { finding in
            let mark =
                switch finding.severity {
                case .advice: "!"
                case .problem: ""
                case .danger: "!!"
                }
            return "\(mark)\(finding.rule) \(finding.path)"
        }
    }

    @Test(arguments: trusts) func `what is wrong in a trust policy is named`(_ item: Case) {
        #expect(Set(Self.findings(item.document)) == Set(item.findings), "\(item.document)")
    }

    @Test(arguments: access) func `what is wrong in a permission or bucket policy is named`(_ item: Case) {
        #expect(Set(Self.findings(item.document)) == Set(item.findings), "\(item.document)")
    }

    @Test func `the kind can be told, and decides`() {
        let bucket =
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"\#(Self.role)"},"#
            + #""Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}]}"#
        #expect(Self.findings(bucket).isEmpty)
        #expect(Self.findings(bucket, kind: .permissions) == ["principal-in-permissions Statement[0].Principal"])
        #expect(
            Self.findings(bucket, kind: .kms).contains("action-of-other-policy Statement[0].Action[0]"))
    }

    @Test func `AWS's own key policy is right`() {
        let policy = #"""
            {"Version":"2012-10-17","Id":"key-default-1","Statement":[
            {"Sid":"Enable IAM User Permissions","Effect":"Allow",
            "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}
            """#
        #expect(Self.findings(policy).isEmpty)
    }

    @Test(arguments: [
        (#"{"a": 1,}"#, 1, 8, "comma"), ("{\n  \"a\": 'b'\n}", 2, 8, "single quotation mark"),
        ("{\n  \"a\": \"b\"\n  \"c\": 1}", 3, 3, "comma is missing"), (#"{“a”: 1}"#, 1, 2, "typographic"),
        ("{\"a\": 1 // x\n}", 1, 9, "comment"), ("{a: 1}", 1, 2, "name in double quotes"),
        ("{\"a\": \"b\n\"}", 1, 7, "isn't closed"), ("", 1, 1, "empty"), ("{", 1, 2, "ends"),
        ("{}{}", 1, 3, "behind the end"),
        (#"{"a": True}"#, 1, 7, "quotation marks"),
        (#"{"a": "\x"}"#, 1, 8, "no escape"), (#"["\ud800"]"#, 1, 3, "surrogate"), ("[1 2]", 1, 4, "comma or a ]"),
    ])
    func `what is no JSON is named with its place`(text: String, line: Int, column: Int, message: String) throws {
        let findings = PolicyLint.findings(in: text)
        #expect(findings.count == 1)
        let finding = try #require(findings.first)
        #expect(finding.rule == "json-syntax" && finding.severity == .problem)
        #expect(finding.line == line && finding.column == column, "\(finding)")
        #expect(finding.message.contains(message), "\(finding.message)")
    }

    @Test(arguments: [
        ("Statement: [\n", "yaml-syntax", 2), ("a: 1\nAction: *\n", "yaml-syntax", 2),
        ("a: 1\na: 2\n", "duplicate-key", 1), ("a: &x 1\nb: *x\n", "yaml-syntax", 1),
        ("resource \"aws_iam_role\" \"r\" {\n}\n", "yaml-syntax", 1),
    ])
    func `what is no YAML is named with its line`(text: String, rule: String, line: Int) {
        let findings = PolicyLint.findings(in: text)
        #expect(findings.map(\.rule) == [rule] && findings.first?.line == line, "\(findings)")
    }

    @Test func `findings come in the order of the text, with line and column`() throws {
        let text = """
            {
              "Version": "2012-10-17",
              "Statement": {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetObjct"],
                "Resource": "s3://b"
              }
            }
            """
        let findings = PolicyLint.findings(in: text)
        #expect(
            findings.map { "\($0.line):\($0.column) \($0.path)" } == [
                "3:16 Statement", "5:33 Statement.Action[1]", "6:17 Statement.Resource",
            ])
        #expect(findings[1].advice == "Write s3:GetObject.")
        #expect(findings[2].advice == "Write arn:aws:s3:::b.")
    }

    @Test(arguments: [
        ("s3://b/", "arn:aws:s3:::b/*"), ("s3://b/p", "arn:aws:s3:::b/p/*"), ("s3://b/*", "arn:aws:s3:::b/*"),
        ("s3://b/p*", "arn:aws:s3:::b/p*"),
    ])
    func `the ARN that an S3 URI stands for is named`(uri: String, arn: String) {
        let statement = #"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "\#(uri)"}"#
        let findings = PolicyLint.findings(in: #"{"Version": "2012-10-17", "Statement": \#(statement)}"#)
        #expect(findings.first { $0.path == "Statement.Resource" }?.advice == "Write \(arn).")
    }

    @Test(arguments: [
        ("s3:ListObjects", "s3:ListBucket"), ("s3:HeadObject", "s3:GetObject"), ("s3:getobjct", "s3:GetObject"),
        ("kms:Decript", "kms:Decrypt"), ("sts:AssumeRoles", "sts:AssumeRole"), ("glue:GetTabel", "glue:GetTable"),
        ("redshift:GetClusterCredentialWithIAM", "redshift:GetClusterCredentialsWithIAM"),
    ])
    func `a misspelt action is corrected`(text: String, right: String) {
        #expect(KnownActions.nearest(to: text) == right)
    }

    @Test func `the list of actions is what its script makes`() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let made = try await Program.run(Python.pinned(), [root.appending(path: "Scripts/make_action_list.py").path])
        #expect(made.status == 0, "\(made.error)")
        let list = root.appending(path: "Sources/DredgePolicy/Lint/ActionList.swift")
        #expect(try String(contentsOf: list, encoding: .utf8) == made.output)
    }

    @Test func `every action knows what it is about`() {
        #expect(KnownActions.byName.count > 900)
        #expect(KnownActions.named("S3:getobject")?.name == "s3:GetObject")
        #expect(KnownActions.named("s3:GetObject")?.subject == .object)
        #expect(KnownActions.named("s3:ListBucket")?.subject == .bucket)
        #expect(KnownActions.named("s3:ListAllMyBuckets")?.subject == .nothing)
        #expect(KnownActions.named("kms:Decrypt")?.subject == .other)
        #expect(KnownActions.matching("kms:ReEncrypt*").map(\.name) == ["kms:ReEncryptFrom", "kms:ReEncryptTo"])
    }

    // MARK: What holds policies

    @Test func `a state of Terraform is looked into as a plan is`() {
        let policy = JSONValue.string(Self.policy(Self.get))
        let inline: JSONValue = .object(["inline_policy": .array([.object(["name": "p", "policy": policy])])])
        let role: JSONValue = .object(["address": "aws_iam_role.r[\"a\"]", "type": "aws_iam_role", "values": inline])
        let state: JSONValue = .object([
            "format_version": "1.0", "values": .object(["root_module": .object(["resources": .array([role])])]),
        ])
        #expect(
            Self.findings(state.compactText) == [
                "!list-missing aws_iam_role.r[\"a\"].inline_policy[0].policy.Statement"
            ])
        #expect(Self.findings(#"{"format_version":"1.0","values":{}}"#) == ["no-statement "])
    }

    @Test func `what was looked at is told, also where nothing was found`() {
        let role = #"{"Role":{"AssumeRolePolicyDocument":\#(Self.trust())}}"#
        let report = PolicyLint.report(on: role)
        #expect(report.findings.isEmpty)
        #expect(report.checked.map(\.path) == ["Role.AssumeRolePolicyDocument"])
        #expect(report.checked.first?.kind == .trust && report.checked.first?.statementCount == 1)
        for kind in PolicyKind.allCases { #expect(kind.subjects.count > 3) }
    }

    @Test(
        arguments: [
            ("2030-01-31T00:00:00Z", 1_896_048_000), ("2030-01-31T00:00Z", 1_896_048_000),
            ("2030-01-31", 1_896_048_000),
            ("2030-01", 1_893_456_000), ("2030", 1_893_456_000), ("1893456000", 1_893_456_000), ("31.01.2030", nil),
            ("soon", nil),
        ] as [(String, Double?)])
    func `a date is read in each form that AWS takes`(text: String, seconds: Double?) {
        #expect(LintRun.moment(text)?.timeIntervalSince1970 == seconds)
    }

    @Test func `a function beside an ARN may be of the other kind`() {
        let both = Self.permissions(
            #"["s3:ListBucket","s3:GetObject"]"#, #"["arn:aws:s3:::b",{"Fn::GetAtt":["Bucket","Objects"]}]"#)
        #expect(Self.findings(both).isEmpty)
        let bucket = Self.permissions(
            #"["s3:ListBucket","s3:GetObject"]"#, #"{"Fn::Sub":"arn:${AWS::Partition}:s3:::${Bucket}"}"#)
        #expect(Self.findings(bucket) == ["object-action-on-bucket Statement[0].Action[1]"])
    }

    @Test func `an answer of get-role is looked into`() {
        let role =
            #"{"Role":{"RoleName":"R","AssumeRolePolicyDocument":\#(Self.trust(condition: Self.condition("{}")))}}"#
        #expect(Self.findings(role) == ["external-id-missing Role.AssumeRolePolicyDocument.Statement[0]"])
    }

    @Test func `a percent-encoded document is decoded`() {
        let encoded = URIEncoding.query(Self.trust(condition: Self.condition("{}")))
        let role = "{\n\"Role\":{\"AssumeRolePolicyDocument\":\"\(encoded)\"}}"
        let findings = PolicyLint.findings(in: role)
        #expect(findings.map(\.rule) == ["external-id-missing"])
        #expect(findings.first?.line == 2 && findings.first?.column == 36)
    }

    @Test func `an answer of get-bucket-policy is looked into`() throws {
        let policy = JSONValue.string(Self.policy("\(Self.list),\(Self.get)"))
        let answer = JSONValue.object(["Policy": policy]).compactText
        #expect(
            Self.findings(answer, kind: .bucket) == [
                "principal-missing Policy.Statement[0]", "principal-missing Policy.Statement[1]",
            ])
        let broken = PolicyLint.findings(in: #"{"Policy": "{\"Version\": }"}"#)
        #expect(broken.map(\.rule) == ["json-syntax"])
        #expect(broken.first?.message.contains("line 1, column 13 of the document in this string") == true)
    }

    @Test func `a CloudFormation template is looked into, its functions are left alone`() {
        let template = #"""
            {"Resources":{"Role":{"Type":"AWS::IAM::Role","Properties":{
            "AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Principal":{"AWS":{"Ref":"Vendor"}},
              "Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":{"Ref":"ExternalId"}}}}]},
            "Policies":[{"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],
              "Resource":[{"Fn::Sub":"arn:aws:s3:::${B}/*"},{"Ref":"B"}]},
              {"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}}]}}}}
            """#
        #expect(
            Self.findings(template) == [
                "wildcard-resource Resources.Role.Properties.Policies[0].PolicyDocument.Statement[1].Resource"
            ])
    }
}
