import DredgeAWS
import Foundation
import Testing

@testable import DredgePolicy

@Suite struct PolicyDocumentTests {
    private let trust = PolicyDocument(
        statements: [
            PolicyStatement(
                sid: "Assume", principal: .aws(["arn:aws:iam::111122223333:role/Vendor"]), actions: ["sts:AssumeRole"],
                conditions: [
                    PolicyCondition("StringEquals", "sts:ExternalId", ["acme-1"]),
                    PolicyCondition("ArnLike", "aws:PrincipalArn", ["a", "b"]),
                    PolicyCondition("StringEquals", "aws:SourceAccount", ["1"]),
                ])
        ], id: "one")

    @Test func `members stand in the order of AWS's documents, single elements as strings`() {
        #expect(
            trust.compactJSON
                == #"{"Version":"2012-10-17","Id":"one","Statement":[{"Sid":"Assume","Effect":"Allow","#
                + #""Principal":{"AWS":"arn:aws:iam::111122223333:role/Vendor"},"Action":"sts:AssumeRole","#
                + #""Condition":{"StringEquals":{"sts:ExternalId":"acme-1","aws:SourceAccount":"1"},"#
                + #""ArnLike":{"aws:PrincipalArn":["a","b"]}}}]}"#)
    }

    @Test func `the pretty form is the compact one with blanks`() {
        #expect(
            PolicyDocument(statements: [
                PolicyStatement(
                    effect: .deny, actions: ["s3:GetObject", "s3:PutObject"], resources: ["arn:aws:s3:::b/*"])
            ]).prettyJSON == """
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Effect": "Deny",
                      "Action": [
                        "s3:GetObject",
                        "s3:PutObject"
                      ],
                      "Resource": "arn:aws:s3:::b/*"
                    }
                  ]
                }
                """)
        #expect(trust.prettyJSON.filter { !$0.isWhitespace } == trust.compactJSON)
    }

    @Test func `a service is a principal of its own kind`() {
        let statement = PolicyStatement(principal: .service(["ec2.amazonaws.com"]), actions: ["sts:AssumeRole"])
        #expect(
            statement.json.compactText
                == #"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#)
    }

    @Test func `any text survives as ASCII`() throws {
        let text = "a\"b\\c\n\r\t\u{1}\u{7F}é€😀/ "
        let written = JSONValue.array([.string(text)]).compactText
        #expect(written.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(try JSONDecoder().decode([String].self, from: Data(written.utf8)) == [text])
    }

    @Test(arguments: [
        ("plain/é", "plain/é"), ("a*b?c", "a${*}b${?}c"), ("${aws:username}", "${$}{aws:username}"), ("$$", "${$}${$}"),
    ])
    func `literal text matches nothing but itself`(text: String, pattern: String) {
        #expect(PolicyPattern.literal(text) == pattern)
    }

    @Test func `an ARN keeps colons and slashes of its resource`() throws {
        let text = "arn:aws-cn:redshift:cn-north-1:111122223333:dbname:one/two"
        let arn = try #require(ARN(text))
        #expect(arn.partition == "aws-cn" && arn.service == "redshift" && arn.region == "cn-north-1")
        #expect(arn.account == "111122223333" && arn.resource == "dbname:one/two")
        #expect(arn.description == text)
        #expect(ARN("arn:aws:s3:::b")?.description == "arn:aws:s3:::b")
    }

    @Test(arguments: ["", "arn", "arn:aws:s3::b", "arn:aws:s3:::", "ARN:aws:s3:::b", "arn::s3:::b", "arn:aws::::b"])
    func `what is no ARN`(text: String) { #expect(ARN(text) == nil) }

    @Test(arguments: [
        ("123456789012", true), ("12345678901", false), ("1234567890123", false), ("12345678901a", false), ("", false),
        ("１２３４", false),
    ])
    func `an account's ID has twelve digits`(text: String, isRight: Bool) { #expect(ARN.isAccountID(text) == isRight) }
}
