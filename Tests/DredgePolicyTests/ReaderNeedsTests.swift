import DredgeAWS
import DredgeIAM
import Foundation
import Testing

@testable import DredgePolicy

@Suite struct ReaderNeedsTests {
    private static let now = Date(timeIntervalSince1970: 1_764_547_200)
    private static let vendor = "arn:aws:iam::444455556666:role/Vendor"
    private static let reader = "arn:aws:iam::111122223333:role/Reader"
    private static let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    private static func policy(_ statements: String, kind: PolicyKind = .permissions) -> ReaderPolicy {
        let text = #"{"Version":"2012-10-17","Statement":[\#(statements)]}"#
        let checked = PolicyLint.report(on: text, kind: kind, now: now).checked
        return ReaderPolicy(file: "\(kind.rawValue).json", policy: checked[0])
    }

    private static func policy(_ document: PolicyDocument, kind: PolicyKind) -> ReaderPolicy {
        ReaderPolicy(
            file: "\(kind.rawValue).json",
            policy: PolicyLint.report(on: document.compactJSON, kind: kind, now: now).checked[0])
    }

    /// `action verdict` of what the reader needs, in its order, but for what was not checked.
    private static func verdicts(_ needs: ReaderNeeds, _ policies: ReaderPolicy...) throws -> [String] {
        try needs.held(against: policies, now: now).filter { $0.verdict != .notChecked }
            .map { "\($0.action) \($0.verdict.rawValue)" }
    }

    private static func needs(
        prefix: String = "2025/", key: String? = nil, owner: String? = nil
    ) throws -> ReaderNeeds {
        ReaderNeeds(
            caller: ARN(vendor), hops: [RoleHop(roleARN: reader, externalID: "acme-1")],
            scope: try BucketScope(bucket: "acme", prefix: prefix), key: try key.map { try EncryptionKey($0) },
            bucketOwner: owner)
    }

    private static let all = #"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#

    /// Statements beside one that allows everything, and what becomes of GetObject under `2025/`.
    @Test(arguments: [
        (#"{"Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::acme/2025/*"}"#, "refused"),
        (#"{"Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::acme/2024/*"}"#, "allowed"),
        (#"{"Effect":"Deny","NotAction":"s3:GetObject","Resource":"*"}"#, "allowed"),
        (#"{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::c","arn:aws:s3:::c/*"]}"#, "refused"),
        (#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::acme/${aws:username}/*"}"#, "depends"),
        (#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::acme/${*}/*"}"#, "allowed"),
        (#"{"Effect":"Deny","Action":"*","Resource":{"Ref":"Objects"}}"#, "depends"),
    ])
    func `a statement that denies wins`(statement: String, verdict: String) throws {
        let answers = try Self.verdicts(try Self.needs(), Self.policy("\(Self.all),\(statement)"))
        #expect(answers.contains("s3:GetObject \(verdict)"), "\(answers)")
    }

    /// A condition of a statement that denies everything, and whether it holds.
    @Test(arguments: [
        (#"{"Bool":{"aws:SecureTransport":"false"}}"#, "allowed"),
        (#"{"Bool":{"aws:SecureTransport":true}}"#, "refused"),
        (#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#, "depends"),
        (#"{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}"#, "allowed"),
        (#"{"StringNotEqualsIgnoreCase":{"aws:PrincipalAccount":["1","2"]}}"#, "refused"),
        (#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Read*"}}"#, "allowed"),
        (#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Read*"}}"#, "refused"),
        (#"{"Null":{"aws:MultiFactorAuthAge":"true"}}"#, "refused"),
        (#"{"Null":{"aws:MultiFactorAuthAge":"false"}}"#, "allowed"),
        (#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, "refused"),
        (#"{"NumericGreaterThan":{"aws:MultiFactorAuthAge":"3600"}}"#, "allowed"),
        (#"{"NumericGreaterThanIfExists":{"aws:MultiFactorAuthAge":"3600"}}"#, "refused"),
        (#"{"DateGreaterThan":{"aws:CurrentTime":"2025-01-01T00:00:00Z"}}"#, "refused"),
        (#"{"DateLessThanEquals":{"aws:CurrentTime":"2025-01-01"}}"#, "allowed"),
        (#"{"NumericLessThan":{"aws:EpochTime":"1764547201"}}"#, "refused"),
        (#"{"NumericLessThan":{"aws:EpochTime":"3600"}}"#, "allowed"),
        (#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}"#, "refused"),
        (#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a"]}}"#, "allowed"),
        (#"{"StringEquals":{"aws:PrincipalAccount":"111122223333","aws:PrincipalArn":"x"}}"#, "allowed"),
        (#"{"StringFoo":{"aws:PrincipalAccount":"111122223333"}}"#, "depends"),
    ])
    func `conditions are compared as AWS does`(condition: String, verdict: String) throws {
        let deny = #"{"Effect":"Deny","Action":"*","Resource":"*","Condition":\#(condition)}"#
        let answers = try Self.verdicts(try Self.needs(), Self.policy("\(Self.all),\(deny)"))
        #expect(answers.contains("s3:GetObject \(verdict)"), "\(answers)")
    }

    @Test func `a prefix in the condition must be the source's own or a longer one's start`() throws {
        let document = AccessPolicies.permissions(try BucketScope(bucket: "acme", prefix: "2025/"))
        let policy = Self.policy(document, kind: .permissions)
        for (prefix, verdict) in [("2025/", "allowed"), ("2025/a/", "allowed"), ("2025", "refused"), ("", "refused")] {
            let answers = try Self.verdicts(try Self.needs(prefix: prefix), policy)
            #expect(answers == ["s3:ListBucket \(verdict)", "s3:GetObject \(verdict)"], "\(prefix)")
        }
    }

    @Test func `across accounts both sides must allow it, within one either`() throws {
        let scope = try BucketScope(bucket: "acme", prefix: "2025/")
        let own = Self.policy(AccessPolicies.permissions(scope), kind: .permissions)
        let other = Self.policy(
            AccessPolicies.bucket(scope, reader: try TrustedPrincipal(Self.reader)), kind: .bucket)
        let nobody = Self.policy(
            #"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetBucketAcl","#
                + #""Resource":"arn:aws:s3:::acme"}"#, kind: .bucket)
        let none = Self.policy(#"{"Effect":"Allow","Action":"s3:GetBucketAcl","Resource":"*"}"#)
        let allowed = ["s3:ListBucket allowed", "s3:GetObject allowed"]
        let refused = ["s3:ListBucket refused", "s3:GetObject refused"]
        let (same, cross) = (try Self.needs(), try Self.needs(owner: "999988887777"))
        #expect(try Self.verdicts(same, own, nobody) == allowed)
        #expect(try Self.verdicts(same, none, other) == allowed)
        #expect(try Self.verdicts(cross, own, other) == allowed)
        #expect(try Self.verdicts(cross, own, nobody) == refused)
        #expect(try Self.verdicts(cross, none, other) == refused)
        let message = try cross.held(against: [own], now: Self.now).first { $0.action == "s3:GetObject" }?.message
        #expect(message?.contains("a bucket policy must allow it, too, and is not among the files") == true)
    }

    @Test func `a key's policy must allow the use, or leave it to the account`() throws {
        let needs = try Self.needs(key: Self.key)
        let own = Self.policy(AccessPolicies.permissions(needs.scope, key: needs.key), kind: .permissions)
        let noKey = Self.policy(AccessPolicies.permissions(needs.scope), kind: .permissions)
        func key(_ principal: String) -> ReaderPolicy {
            Self.policy(
                #"{"Effect":"Allow","Principal":{"AWS":"\#(principal)"},"Action":"kms:*","Resource":"*"}"#, kind: .kms)
        }
        let (root, named, stranger) = (
            key("arn:aws:iam::111122223333:root"), key(Self.reader), key("arn:aws:iam::999988887777:root")
        )
        for (policies, verdict) in [
            ([own, root], "allowed"), ([noKey, root], "refused"), ([noKey, named], "allowed"),
            ([own, stranger], "refused"),
        ] {
            let answer = try needs.held(against: policies, now: Self.now).first { $0.action == "kms:Decrypt" }
            #expect(answer?.verdict.rawValue == verdict, "\(String(describing: answer))")
        }
        let refusal = try needs.held(against: [own, stranger], now: Self.now).first { $0.action == "kms:Decrypt" }
        #expect(refusal?.advice.contains(#""Principal":{"AWS":"\#(Self.reader)"}"#) == true)
    }

    @Test func `each hop of a chain needs a trust policy that names the role before`() throws {
        let hub = "arn:aws:iam::444455556666:role/Hub"
        var needs = try Self.needs()
        needs.hops.insert(RoleHop(roleARN: hub), at: 0)
        needs.hops[0].tags = ["team": "search"]
        needs.hops[0].transitiveTagKeys = ["team"]
        let first = Self.policy(
            AccessPolicies.trust(try TrustedPrincipal(Self.vendor), externalID: nil, tagKeys: ["team"]), kind: .trust)
        let last = Self.policy(
            AccessPolicies.trust(try TrustedPrincipal(hub), externalID: "acme-1", tagKeys: ["team"]), kind: .trust)
        let untagged = Self.policy(
            AccessPolicies.trust(try TrustedPrincipal(hub), externalID: "acme-1"), kind: .trust)
        let allowed = [
            "sts:AssumeRole allowed", "sts:TagSession allowed", "sts:AssumeRole allowed", "sts:TagSession allowed",
        ]
        #expect(try Self.verdicts(needs, first, last) == allowed)
        #expect(try Self.verdicts(needs, first, untagged) == allowed.dropLast() + ["sts:TagSession refused"])
        // Of a hop whose policy isn't there nothing is said, since the one that is there is right for another hop.
        #expect(try Self.verdicts(needs, last) == Array(allowed.suffix(2)))
        #expect(try Self.verdicts(needs, untagged).first == "sts:AssumeRole refused")
    }

    @Test func `who tags a session must be allowed to in its own account, too`() throws {
        var needs = try Self.needs()
        needs.hops[0].tags = ["team": "search"]
        let pattern = try RolePattern(roleARN: Self.reader)
        for (tags, verdict) in [(true, "allowed"), (false, "refused")] {
            let vendor = Self.policy(AccessPolicies.vendor(pattern, tagsSession: tags), kind: .permissions)
            let answers = try Self.verdicts(needs, vendor)
            #expect(answers.prefix(2) == ["sts:AssumeRole allowed", "sts:TagSession \(verdict)"], "\(answers)")
        }
    }

    @Test func `a caller who is not known is not compared`() throws {
        var needs = try Self.needs()
        needs.caller = nil
        let trust = Self.policy(
            AccessPolicies.trust(try TrustedPrincipal(Self.vendor), externalID: "acme-1"), kind: .trust)
        #expect(try Self.verdicts(needs, trust) == ["sts:AssumeRole allowed"])
        needs.caller = ARN(Self.reader)
        #expect(try Self.verdicts(needs, trust) == ["sts:AssumeRole refused"])
    }
}
