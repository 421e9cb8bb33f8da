import Dredge
import DredgeAWS

/// Where a source's objects are, and which of them.
enum BucketDecoding {
    /// The bucket's name, or an access point's ARN. nil: reported.
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

    /// The bucket's ARN names a partition, which its name does not.
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

    /// Where to look for the bucket first, if its ARN names a partition that nothing else leads to: a role's ARN would.
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
        // A password is not repeated.
        value.report(
            EndpointURL.hasUserInfo(text.value) ? complaint : "\(Quoting.quoted(text.written)) \(complaint)")
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
