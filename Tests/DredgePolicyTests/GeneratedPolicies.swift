import DredgeAWS
import Foundation

@testable import DredgePolicy

/// One policy of each kind, in the variants that differ, with what has it.
enum GeneratedPolicies {
    struct Item: Sendable, CustomStringConvertible {
        var name: String
        var kind: PolicyKind
        var setup: PolicySetup
        var description: String { name }
    }

    static let role = "arn:aws:iam::111122223333:role/customers/DredgeRead"
    static let vendor = "arn:aws:iam::444455556666:role/Vendor"
    static let keyARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    static let all: [Item] = {
        do { return try make() } catch { fatalError("\(error)") }
    }()

    private static func make() throws(AWSError) -> [Item] {
        let key = try EncryptionKey(keyARN)
        let bucket = try BucketScope(bucket: "acme-contracts")
        let prefixed = try BucketScope(bucket: "acme-contracts", prefix: "2025/it's \"${x}\" *é/")
        let point = try BucketScope(bucket: "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader", prefix: "2025/")
        let exact = try TrustedPrincipal(vendor)
        let user = try TrustedPrincipal("arn:aws:iam::444455556666:user/vendor")
        let narrowed = try TrustedPrincipal(vendor, form: .rootWithARNCondition)
        let template = try RoleTemplate(
            roleARN: role, sessionSecondsMax: 7200, permissions: AccessPolicies.permissions(prefixed, key: key))
        let bare = try RoleTemplate(roleARN: role)
        func trust(_ name: String, _ document: PolicyDocument, _ role: RoleTemplate) -> Item {
            Item(name: name, kind: .trust, setup: PolicySetup(document: document, holder: .newRole(role)))
        }
        func inline(_ name: String, _ document: PolicyDocument, _ policyName: String) -> Item {
            Item(
                name: name, kind: .permissions,
                setup: PolicySetup(
                    document: document, holder: .role(name: "DredgeRead", policyName: policyName)))
        }
        let database = GlueDatabase(name: "lake", region: "eu-west-1", account: "111122223333")
        let cluster = ARN(
            partition: "aws", service: "redshift", region: "eu-west-1", account: "111122223333",
            resource: "cluster:warehouse")
        let workgroup = ARN(
            partition: "aws", service: "redshift-serverless", region: "eu-west-1", account: "111122223333",
            resource: "workgroup/1234abcd-12ab-34cd-56ef-1234567890ab")
        let vendors = AccessPolicies.vendor(
            try RolePattern(namePattern: "customers/DredgeRead*", mustMatch: role), tagsSession: true,
            setsSourceIdentity: true)
        let results = try ResultsScope(bucket: "acme-results", prefix: "dredge/")
        let oneJob = try ResultsScope(bucket: "acme-results", prefix: "dredge/", job: "job-1a2b3c4d5e6f7081")
        let sources: [SourceAccess] = [
            .role(try RolePattern(roleARN: role)), .direct(prefixed, key: key), .direct(bucket), .direct(point),
            .role(try RolePattern(roleARN: vendor), tagsSession: true),
            .role(try RolePattern(roleARN: "\(role)2")), .role(try RolePattern(roleARN: role)),
        ]
        return [
            inline("job-planner", AccessPolicies.job(.planner, results: .direct(results), sources: sources), "Job"),
            inline(
                "job-worker", AccessPolicies.job(.worker, results: .direct(results, key: key), sources: sources),
                "Job"),
            inline(
                "job-worker-of-one", AccessPolicies.job(.worker, results: .direct(oneJob), sources: [sources[0]]),
                "Job"),
            inline(
                "job-worker-with-role",
                AccessPolicies.job(
                    .worker, results: .role(try RolePattern(roleARN: vendor)), sources: [sources[0]]), "Job"),
            inline("job-results", AccessPolicies.results(results, key: key), "Job"),
            trust("trust", AccessPolicies.trust(exact, externalID: "acme-1"), template),
            trust(
                "trust-root-with-arn-condition",
                AccessPolicies.trust(
                    narrowed, externalID: "acme-1", tagKeys: ["team", "project"], sourceIdentity: "alice"), bare),
            trust(
                "trust-service", AccessPolicies.trust(try TrustedPrincipal("ec2.amazonaws.com"), externalID: nil),
                bare),
            inline("permissions", AccessPolicies.permissions(bucket), "DredgeAccess"),
            inline(
                "permissions-prefix", AccessPolicies.permissions(prefixed, includesVersions: true, key: key),
                "DredgeAccess"),
            inline("permissions-access-point", AccessPolicies.permissions(point), "DredgeAccess"),
            Item(
                name: "bucket", kind: .bucket,
                setup: PolicySetup(
                    document: AccessPolicies.bucket(bucket, reader: user), holder: .bucket(bucket))),
            Item(
                name: "bucket-prefix", kind: .bucket,
                setup: PolicySetup(
                    document: AccessPolicies.bucket(prefixed, reader: narrowed, includesVersions: true),
                    holder: .bucket(prefixed))),
            Item(
                name: "bucket-access-point", kind: .bucket,
                setup: PolicySetup(
                    document: AccessPolicies.bucket(point, reader: exact), holder: .bucket(point))),
            Item(
                name: "kms", kind: .kms,
                setup: PolicySetup(
                    document: AccessPolicies.key(key, reader: exact), holder: .key(key, reader: exact))),
            Item(
                name: "vendor", kind: .permissions,
                setup: PolicySetup(
                    document: AccessPolicies.vendor(try RolePattern(roleARN: role)),
                    holder: .user(name: "vendor", policyName: "DredgeAssumeRole"))),
            Item(
                name: "vendor-pattern", kind: .permissions,
                setup: PolicySetup(
                    document: vendors, holder: .role(name: "Vendor", policyName: "DredgeAssumeRole"))),
            inline("destination-s3", AccessPolicies.s3Destination(prefixed, key: key), "DredgeWriteObjects"),
            inline(
                "destination-iceberg", AccessPolicies.icebergDestination(database, files: bucket, key: key),
                "DredgeWriteTables"),
            inline(
                "destination-redshift", AccessPolicies.redshiftDestination(.cluster(cluster, database: "sales")),
                "DredgeConnect"),
            inline(
                "destination-redshift-workgroup", AccessPolicies.redshiftDestination(.workgroup(workgroup)),
                "DredgeConnect"),
        ]
    }
}

extension PolicyLint {
    /// What is found at a fixed time, rights to change aside.
    static func findings(in text: String, kind: PolicyKind? = nil) -> [PolicyFinding] {
        report(on: text, kind: kind, allowsWriting: true, now: Date(timeIntervalSince1970: 1_764_547_200)).findings
    }
}
