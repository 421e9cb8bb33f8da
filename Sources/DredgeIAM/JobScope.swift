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

    /// Allows to list, read and write the job's files, and nothing else; nil: the bucket's name can't be one. Nothing
    /// may be deleted: a job's files are made once.
    package func policy(partition: String, encrypts: Bool = true) -> PolicyDocument? {
        guard let scope = try? BucketScope(bucket: bucket, partition: partition, prefix: prefix) else { return nil }
        var statements = scope.readingStatements(includesVersions: false)
        statements.append(
            PolicyStatement(
                actions: ["s3:PutObject", "s3:AbortMultipartUpload"], resources: [scope.objectResource]))
        if encrypts {
            statements.append(
                PolicyStatement(
                    actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: ["arn:\(partition):kms:*:*:key/*"],
                    conditions: [PolicyCondition("StringLike", "kms:ViaService", ["s3.*.amazonaws.com*"])]))
        }
        for index in statements.indices { statements[index].sid = nil }
        return PolicyDocument(statements: statements)
    }
}
