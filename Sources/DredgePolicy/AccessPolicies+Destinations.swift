public import DredgeAWS
public import DredgeIAM

/// What a service that writes into somebody else's account needs there.
extension AccessPolicies {
    /// Lets its holder write objects under a prefix, in one request or in parts, and remove the parts of uploads that
    /// failed ("Multipart upload API and permissions", Amazon S3 User Guide).
    public static func s3Destination(_ scope: BucketScope, key: EncryptionKey? = nil) -> PolicyDocument {
        PolicyDocument(
            statements: [
                PolicyStatement(
                    sid: "ListUploads", actions: ["s3:ListBucketMultipartUploads"], resources: [scope.listResource]),
                PolicyStatement(
                    sid: "WriteObjects",
                    actions: ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
                    resources: [scope.objectResource]),
            ] + encrypting(key))
    }

    /// To make and change tables of one Glue database and their partitions, and to write their files ("Glue actions,
    /// resources, and condition keys", Service Authorization Reference; every action on a table is also one on its
    /// database and on the catalog). Tables that don't exist yet are covered, other databases are not.
    public static func icebergDestination(
        _ database: GlueDatabase, files scope: BucketScope, key: EncryptionKey? = nil
    ) -> PolicyDocument {
        PolicyDocument(
            statements: [
                PolicyStatement(
                    sid: "WriteTables",
                    actions: [
                        "glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
                    ],
                    resources: database.resources),
                PolicyStatement(
                    sid: "WritePartitions",
                    actions: [
                        "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreatePartition",
                        "glue:GetPartition", "glue:GetPartitions", "glue:UpdatePartition",
                    ],
                    resources: database.resources),
                // Without it S3 answers that a missing file is forbidden, not that it is missing.
                PolicyStatement(
                    sid: "ListFiles", actions: ["s3:ListBucket"], resources: [scope.listResource],
                    conditions: scope.listConditions),
                PolicyStatement(
                    sid: "WriteFiles",
                    actions: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                    resources: [scope.objectResource]),
            ] + encrypting(key))
    }

    /// To connect to one database with temporary credentials, and to find its host ("Using IAM authentication to
    /// generate database user credentials", Amazon Redshift Management Guide). What may be done there is for `GRANT` to
    /// say.
    public static func redshiftDestination(_ warehouse: RedshiftWarehouse) -> PolicyDocument {
        switch warehouse {
        case .cluster(let arn, let database):
            var credentials = arn
            credentials.resource = "dbname:\(arn.resource.dropFirst("cluster:".count))/\(database)"
            return PolicyDocument(statements: [
                PolicyStatement(
                    sid: "FindCluster", actions: ["redshift:DescribeClusters"], resources: [arn.description]),
                PolicyStatement(
                    sid: "Connect", actions: ["redshift:GetClusterCredentialsWithIAM"],
                    resources: [credentials.description]),
            ])
        case .workgroup(let arn):
            return PolicyDocument(statements: [
                PolicyStatement(
                    sid: "FindWorkgroup", actions: ["redshift-serverless:GetWorkgroup"], resources: [arn.description]),
                PolicyStatement(
                    sid: "Connect", actions: ["redshift-serverless:GetCredentials"], resources: [arn.description]),
            ])
        }
    }

    static func encrypting(_ key: EncryptionKey?) -> [PolicyStatement] {
        key.map { [.encrypting($0.arn.description, through: $0.throughS3)] } ?? []
    }
}

/// A database of the Glue Data Catalog.
public struct GlueDatabase: Sendable, Hashable {
    /// `arn:partition:glue:region:account:database/name`.
    public let arn: ARN

    /// A database of an account's catalog.
    public init(name: String, region: String, account: String) {
        arn = ARN(
            partition: Partition.ofRegion(region).name, service: "glue", region: region, account: account,
            resource: "database/\(PolicyPattern.literal(name))")
    }

    /// Catalog, database, and its tables.
    var resources: [String] {
        ["catalog", arn.resource, "table" + arn.resource.dropFirst("database".count) + "/*"].map {
            var arn = arn
            arn.resource = $0
            return arn.description
        }
    }
}

/// A Redshift cluster or workgroup.
public enum RedshiftWarehouse: Sendable, Hashable {
    /// `arn:partition:redshift:region:account:cluster:name`, and the database.
    case cluster(ARN, database: String)
    /// `arn:partition:redshift-serverless:region:account:workgroup/id`. IAM can't tell databases of a workgroup apart.
    case workgroup(ARN)
}
