package import DredgeAWS

/// What of S3 a source reads: what its session is narrowed to.
public struct SourceScope: Sendable, Hashable {
    /// The bucket's name, or an access point's ARN.
    public var bucket: String
    /// What the keys begin with.
    public var prefix: String
    /// The only key that may decrypt; nil: any that the role may use.
    public var kmsKeyARN: String?

    /// The keys of a bucket that begin with a prefix.
    public init(bucket: String, prefix: String, kmsKeyARN: String? = nil) {
        self.bucket = bucket
        self.prefix = prefix
        self.kmsKeyARN = kmsKeyARN
    }
}

extension SourceScope {
    /// For the chain of a source's roles.
    package var narrowing: SessionNarrowing {
        SessionNarrowing { sessionPolicy(partition: $0, decrypts: $1)?.compactJSON }
    }

    /// A session policy that allows what a run does and nothing else, as it may be sent to STS; nil: there is none so
    /// short.
    ///
    /// IAM takes U+0020 to U+00FF in a session policy, and 2,048 characters. A prefix that goes beyond either is
    /// allowed as far as it fits: `2025/日本/` as `2025/*`. `HeadBucket` carries no prefix and so is refused, but its
    /// refusal names the region all the same.
    func sessionPolicy(partition: String, decrypts: Bool = true) -> PolicyDocument? {
        guard let address = try? BucketAddress(bucket) else { return nil }
        func document(_ count: Int) -> PolicyDocument {
            let expressed = String(String.UnicodeScalarView(prefix.unicodeScalars.prefix(count)))
            return policy(address, partition: partition, prefix: expressed, decrypts: decrypts)
        }
        func fits(_ document: PolicyDocument) -> Bool {
            document.compactJSON.utf8.count <= RoleHopRules.sessionPolicyLengthMax
        }
        let expressibleCount = prefix.unicodeScalars.prefix(while: RoleHopRules.isPolicyCharacter).count
        if fits(document(expressibleCount)) { return document(expressibleCount) }
        guard fits(document(0)) else { return nil }
        // The longest part of the prefix that fits, by halves.
        var fitting = 0
        var tooLong = expressibleCount
        while tooLong - fitting > 1 {
            let middle = (fitting + tooLong) / 2
            if fits(document(middle)) { fitting = middle } else { tooLong = middle }
        }
        return document(fitting)
    }

    private func policy(
        _ address: BucketAddress, partition: String, prefix: String, decrypts: Bool
    ) -> PolicyDocument {
        let scope = BucketScope(address, partition: partition, prefix: prefix)
        var statements = scope.readingStatements(includesVersions: true)
        if decrypts { statements.append(decrypt(address, partition: partition)) }
        // Names would take of the characters that there are.
        for index in statements.indices { statements[index].sid = nil }
        return PolicyDocument(statements: statements)
    }

    /// Through S3 only. The region is that of the key or the access point, which is the bucket's; a source's own region
    /// may be wrong, and is corrected once S3 has answered.
    private func decrypt(_ address: BucketAddress, partition: String) -> PolicyStatement {
        let key = kmsKeyARN.flatMap { ARN($0) }
        var region = key?.region
        if case .accessPoint(let point) = address { region = point.region }
        // A policy names keys by their ID; an alias is none.
        let resource =
            key.map {
                $0.resource.hasPrefix("key/") ? "\($0)" : "arn:\(partition):kms:\($0.region):\($0.account):key/*"
            }
            ?? "arn:\(partition):kms:*:*:key/*"
        return .decrypting(resource, through: .throughS3(region: region, partition: partition))
    }
}
