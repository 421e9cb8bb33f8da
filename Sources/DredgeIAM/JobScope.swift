package import DredgeAWS

/// Where the files of a job are: what the session of a planner or a worker is narrowed to.
package struct JobScope: Sendable, Hashable {
    private let bucket: String
    private let prefix: String

    /// The keys of a bucket that begin with a prefix.
    package init(bucket: String, prefix: String) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// For the chain of roles that writes the files.
    package var narrowing: SessionNarrowing {
        SessionNarrowing { partition, encrypts in policy(partition: partition, encrypts: encrypts)?.compactJSON }
    }

    /// Allows to list, read and write the job's files, and nothing else; nil: the bucket's name can't be one.
    package func policy(partition: String, encrypts: Bool = true) -> PolicyDocument? {
        guard let scope = try? BucketScope(bucket: bucket, partition: partition, prefix: prefix) else { return nil }
        var statements = scope.resultsStatements()
        if encrypts {
            statements.append(
                .encrypting(
                    "arn:\(partition):kms:*:*:key/*", through: .throughS3(region: nil, partition: partition)))
        }
        // Names would take of the characters that there are.
        for index in statements.indices { statements[index].sid = nil }
        return PolicyDocument(statements: statements)
    }

    /// The folders of a job that its workers make files in. The planner makes the others, and the catalog.
    package static let workerFolders = ["claims", "done", "failed", "out"]
}

extension BucketScope {
    /// Allows to list and read the files of jobs under the prefix, and to make those that match `written`. Nothing may
    /// be deleted: files are made once. Without listing, S3 says that a missing file is forbidden; the key that was
    /// asked for then stands for `s3:prefix`.
    /// - Parameter written: resources; nil: all under the prefix.
    package func resultsStatements(writing written: [String]? = nil) -> [PolicyStatement] {
        [
            PolicyStatement(
                sid: "ListResults", actions: ["s3:ListBucket"], resources: [listResource], conditions: listConditions),
            PolicyStatement(sid: "ReadResults", actions: ["s3:GetObject"], resources: [objectResource]),
            PolicyStatement(
                sid: "WriteResults", actions: ["s3:AbortMultipartUpload", "s3:PutObject"],
                resources: written ?? [objectResource]),
        ]
    }
}
