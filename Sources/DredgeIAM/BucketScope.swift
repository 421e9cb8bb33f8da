public import DredgeAWS

/// A bucket or an access point, and the keys under a prefix, as policies name them.
public struct BucketScope: Sendable, Hashable {
    package let address: BucketAddress
    /// `aws`, `aws-cn`, …
    public let partition: String
    /// Keys begin with it; empty: all keys.
    public let prefix: String

    /// Throws for what is neither a bucket nor an access point that Dredge reads.
    /// - Parameters:
    ///   - bucket: a bucket's name, or the ARN of a bucket or an access point.
    ///   - partition: of a bucket that is given by its name.
    public init(bucket: String, partition: String = "aws", prefix: String = "") throws(AWSError) {
        let arn = ARN(bucket)
        let isBucketARN = arn.map { $0.service == "s3" && $0.region.isEmpty && $0.account.isEmpty } ?? false
        do throws(BucketAddressProblem) {
            let address = try BucketAddress(isBucketARN ? arn?.resource ?? "" : bucket)
            if case .name(let name) = address,
                let complaint = BucketAddress.nameComplaint(name, isLegacyAllowed: true)
            {
                throw BucketAddressProblem(complaint: complaint)
            }
            if address.isAlias {
                throw BucketAddressProblem(
                    complaint: "is the alias of an access point, which no policy can name; give its ARN")
            }
            self.address = address
        } catch {
            throw AWSError(
                code: .invalidParameter, step: "name the bucket", message: "'\(bucket.printable)' \(error.complaint)",
                advice: "Give a bucket's name, or the ARN of a bucket or an access point.")
        }
        self.partition = arn?.partition ?? partition
        self.prefix = prefix
    }

    init(_ address: BucketAddress, partition: String, prefix: String) {
        self.address = address
        self.partition = partition
        self.prefix = prefix
    }

    /// The resource of `s3:ListBucket`: the bucket.
    package var listResource: String { address.arn(partition: partition) }

    /// The resource of `s3:GetObject`: the keys under the prefix.
    package var objectResource: String {
        address.objectARN(PolicyPattern.literal(prefix) + "*", partition: partition)
    }

    /// The condition that narrows `s3:ListBucket` to the prefix; none for a whole bucket. A listing must then ask for
    /// this prefix or a longer one: a listing without a prefix is refused, and so is `HeadBucket`.
    package var listConditions: [PolicyCondition] {
        prefix.isEmpty ? [] : [PolicyCondition("StringLike", "s3:prefix", [PolicyPattern.literal(prefix) + "*"])]
    }
}

extension BucketScope {
    /// Allows to list the keys under the prefix and to read their objects ("Required permissions for Amazon S3 API
    /// operations", Amazon S3 User Guide).
    package func readingStatements(includesVersions: Bool) -> [PolicyStatement] {
        [
            PolicyStatement(
                sid: "ListBucket", actions: ["s3:ListBucket"], resources: [listResource], conditions: listConditions),
            PolicyStatement(
                sid: "ReadObjects", actions: ["s3:GetObject"] + (includesVersions ? ["s3:GetObjectVersion"] : []),
                resources: [objectResource]),
        ]
    }
}

/// A KMS key, as policies name it.
public struct EncryptionKey: Sendable, Hashable {
    /// `arn:partition:kms:region:account:key/id`.
    public let arn: ARN

    /// Throws for what is no key's ARN, and for an alias: IAM ignores aliases in a policy's resources.
    public init(_ text: String) throws(AWSError) {
        let step = "name the KMS key"
        guard let arn = ARN(text), arn.service == "kms", Region.isName(arn.region), ARN.isAccountID(arn.account),
            arn.resource.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw AWSError(
                code: .invalidParameter, step: step, message: "'\(text.printable)' is not the ARN of a KMS key",
                advice: "It looks like arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab.")
        }
        guard arn.resource.hasPrefix("key/"), arn.resource.utf8.count > 4 else {
            throw AWSError(
                code: .invalidParameter, step: step,
                message: "'\(text.printable)' is not a key but an alias, which a policy can't name",
                advice: "Look its key up: aws kms describe-key --key-id \(text.printable) --query KeyMetadata.Arn")
        }
        self.arn = arn
    }

    /// Narrows the key's use to requests that come from S3 in the key's region.
    package var throughS3: PolicyCondition { .throughS3(region: arn.region, partition: arn.partition) }
}

extension PolicyStatement {
    /// Allows to decrypt with the keys that the pattern `resource` names, where `condition` holds.
    package static func decrypting(_ resource: String, through condition: PolicyCondition) -> PolicyStatement {
        PolicyStatement(
            sid: "DecryptObjects", actions: ["kms:Decrypt"], resources: [resource], conditions: [condition])
    }

    /// Allows to encrypt with them. Completing an upload decrypts its parts, so a writer needs `kms:Decrypt` too
    /// ("Multipart upload API and permissions", Amazon S3 User Guide).
    package static func encrypting(_ resource: String, through condition: PolicyCondition) -> PolicyStatement {
        PolicyStatement(
            sid: "EncryptObjects", actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [resource],
            conditions: [condition])
    }
}

extension PolicyCondition {
    /// Narrows a key's use to requests that come from S3 ("kms:ViaService", AWS KMS Developer Guide). The guide names
    /// the services by `amazonaws.com` alone; where a partition has a domain of its own, S3 is let through by both
    /// names.
    /// - Parameter region: of the key; nil: any.
    static func throughS3(region: String?, partition: String) -> PolicyCondition {
        let suffixes = ["amazonaws.com"] + [Partition.named(partition)?.dnsSuffix].compactMap { $0 }
        return PolicyCondition(
            region == nil ? "StringLike" : "StringEquals", "kms:ViaService",
            Set(suffixes).sorted().map { "s3.\(region ?? "*").\($0)" })
    }
}
