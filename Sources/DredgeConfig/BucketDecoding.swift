import Dredge
import DredgeAWS

/// Decodes where a source's objects are, and which of them are wanted.
enum BucketDecoding {
    /// The bucket's name, or an access point's ARN; nil where that is wrong, which has been reported.
    static func bucket(_ mapping: ConfigMapping, isLegacyAllowed: Bool) -> String? {
        let given = mapping.present(["bucket", "bucket_arn", "s3BucketArn"]).filter {
            $0.name != "s3BucketArn" || !$0.isEmpty
        }
        if given.count > 1 {
            given[1].report("stands beside \(given[0].name); give one of them")
            return nil
        }
        if let arn = given.first, arn.name != "bucket" {
            guard let text = arn.checked("write a bucket's ARN", by: FieldRules.bucketARN) else { return nil }
            return try? BucketAddress(arn: text).text
        }
        guard let bucket = given.first else {
            let isFlat = FlatForm.isUsed(in: mapping.value)
            mapping.report(
                isFlat ? "s3BucketArn is missing: write the bucket's ARN" : "bucket is missing: write the bucket's name"
            )
            return nil
        }
        return bucket.checked("write the bucket's name") {
            BucketAddress.nameComplaint($0, isLegacyAllowed: isLegacyAllowed)
        }
    }

    /// Whether the bucket is in the partition of the role. Only an ARN tells the bucket's partition; where they differ,
    /// that is reported.
    static func isBucketOfRolesPartition(
        _ mapping: ConfigMapping, _ source: Source, isOtherService: Bool
    ) -> Bool {
        guard let value = mapping.setting("bucket_arn"), !isOtherService, source.endpointURL == nil,
            case .assumeRole(let hops) = source.auth, let role = hops.last.flatMap({ RoleARN($0.roleARN) }),
            let partition = value.text("")?.value.split(separator: ":").dropFirst().first, partition != role.partition
        else { return true }
        value.report(
            "The bucket is in the partition \(partition), the role in \(role.partition). Nothing leads from one "
                + "partition to another: correct one of the ARNs."
        )
        return false
    }

    /// The region to ask for the bucket first, where only the bucket's ARN tells its partition. nil: the default region
    /// or a role's ARN leads to the right partition.
    static func impliedRegion(
        _ mapping: ConfigMapping, auth: SourceAuth?, _ settings: EndpointSettings
    ) -> String? {
        if case .assumeRole = auth { return nil }
        guard let name = mapping.setting("bucket_arn")?.text("")?.value.split(separator: ":").dropFirst().first,
            let partition = Partition.named(name),
            partition != Partition.ofRegion(settings.region ?? "us-east-1")
        else { return nil }
        return partition.defaultRegion
    }

    static func prefix(_ value: ConfigValue) -> String? {
        let prefix = value.checked("write the start of the keys, or leave the line out", by: FieldRules.prefix)
        if let prefix, prefix.hasPrefix("/") {
            value.warn("the prefix begins with /, which few keys do; it is used byte for byte")
        }
        return prefix
    }

    static func endpointURL(_ value: ConfigValue) -> String? {
        guard let text = value.text("write a URL, as https://s3.example.com") else { return nil }
        guard let complaint = EndpointURL.complaint(text.value) else { return text.value }
        value.report(
            EndpointURL.mayHoldSecret(text.value) ? complaint : "\(Quoting.quoted(text.written)) \(complaint)")
        return nil
    }

    static func globs(_ value: ConfigValue) -> [String]? {
        let advice = "[\"**/*.txt\", \"logs/**\"]"
        guard let items = value.items(advice) else { return nil }
        return items.compactMap { item in
            item.checked("write a pattern, as \"**/*.txt\"", by: FieldRules.keyPattern)
        }
    }
}
