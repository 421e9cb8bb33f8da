import Dredge
import DredgeAWS
import Yams

/// Decodes the sources of a config file.
struct SourceDecoding {
    let document: ConfigDocument
    /// With AWS_PROFILE set to the profile of the base credentials: the endpoints of that profile count.
    private let environment: [String: String]
    private let settings: EndpointSettings

    init(_ document: ConfigDocument, base: BaseCredentials) {
        self.document = document
        environment = base.environment(document.environment)
        settings = EndpointSettings(environment: environment)
    }

    static let keys = [
        "name", "bucket", "bucket_arn", "prefix", "region", "endpoint_url", "sts_endpoint_url", "path_style",
        "use_fips",
        "use_dual_stack", "auth", "require_external_id", "expected_bucket_owner", "request_payer", "include", "exclude",
        "min_size", "max_size", "modified_after", "kms_key_arn", "verify_checksums", "deletions", "deletion_limits",
    ]

    /// nil where something is wrong, which has been reported.
    /// - Parameter wanted: the names of those that matter; empty: all.
    func sources(_ top: ConfigMapping, only wanted: [String] = []) -> [Source]? {
        if FlatForm.isUsed(in: top.value) {
            top["sources"]?.report(
                "stands beside \(FlatForm.keys.first { top[$0] != nil } ?? ""), which is a source by "
                    + "itself; make it an item of sources"
            )
            return source(top).source.map { [$0] }.flatMap { choose(wanted, of: $0) }
        }
        let advice = "write at least one source: - {bucket: NAME, auth: …}"
        guard let items = top.required("sources", advice)?.items(advice) else { return nil }
        let sources = items.map { item in
            let problemCount = document.problems.count
            let mapping = ConfigMapping(
                item, known: Self.keys, unlisted: FlatForm.keys, advice: "{bucket: NAME, auth: …}")
            let decoded = mapping.map(source) ?? Decoded()
            if !wanted.isEmpty, !(decoded.name.map(wanted.contains) ?? false) {
                document.forgetProblems(after: problemCount)
            }
            return (value: item, decoded: decoded)
        }
        var owners: [String: ConfigValue] = [:]
        var hasRepeats = false
        for (value, decoded) in sources {
            guard let name = decoded.name else { continue }
            if let owner = owners[name] {
                let place = owner.node.mark.map { " (line \($0.line))" } ?? ""
                value.report(
                    "has the name \(Quoting.quoted(name)), as \(owner.path)\(place) has; "
                        + "give each source a name of its own"
                )
                hasRepeats = true
            } else {
                owners[name] = value
            }
        }
        let found = sources.compactMap(\.decoded.source)
        if hasRepeats { return nil }
        if !wanted.isEmpty {
            let names = sources.compactMap(\.decoded.name)
            return choose(wanted, of: found, known: names)
        }
        return found.count == items.count ? found : nil
    }

    /// Those that are wanted. nil: one of them is not there, which is reported, or is wrong.
    private func choose(
        _ wanted: [String], of sources: [Source], known: [String]? = nil
    ) -> [Source]? {
        let known = known ?? sources.map(\.name)
        for name in wanted where !known.contains(name) {
            let names = known.map { Quoting.quoted($0) }.joined(separator: ", ")
            document.report(
                "there is no source named \(Quoting.quoted(name)); there are: \(names)", path: "", mark: nil)
        }
        let chosen = wanted.isEmpty ? sources : sources.filter { wanted.contains($0.name) }
        return chosen.isEmpty ? nil : chosen
    }

    /// What a source's settings come to.
    private struct Decoded {
        /// The source's name, whatever else is wrong with it; nil: what tells it is wrong.
        var name: String?
        /// nil where something is wrong, which has been reported.
        var source: Source?
    }

    private func source(_ mapping: ConfigMapping) -> Decoded {
        let problemCount = document.problems.count
        let isOtherService = mapping["sts_endpoint_url"] != nil || settings.hasEndpoint(of: .sts)
        let pathStyle = mapping["path_style"]?.boolean()
        let bucket = BucketDecoding.bucket(
            mapping, isLegacyAllowed: pathStyle == true || mapping["endpoint_url"] != nil)
        let auth = self.auth(mapping, isOtherService: isOtherService)
        let region = mapping.setting("region")
        let name = mapping["name"]?.checked("write a name for reports", by: FieldRules.name)
        let prefix = mapping["prefix"].flatMap(BucketDecoding.prefix)
        // A value that is wrong is nil here, as one that is absent. The number of problems tells the two apart.
        var source = Source(
            name: name, bucket: bucket ?? "", prefix: prefix ?? "",
            region: region == nil
                ? BucketDecoding.impliedRegion(mapping, auth: auth, settings)
                : region?.checked("write a region's code, as us-east-1", by: Region.complaint),
            endpointURL: mapping["endpoint_url"].flatMap(BucketDecoding.endpointURL),
            stsEndpointURL: mapping["sts_endpoint_url"].flatMap(BucketDecoding.endpointURL), pathStyle: pathStyle,
            auth: auth ?? .ambient, include: mapping["include"].flatMap(BucketDecoding.globs) ?? [],
            exclude: mapping["exclude"].flatMap(BucketDecoding.globs) ?? [],
            kmsKeyARN: mapping.setting("kms_key_arn")?.checked("write a KMS key's ARN", by: FieldRules.kmsKeyARN),
            expectedBucketOwner: mapping["expected_bucket_owner"].flatMap(owner) ?? .ofRole,
            requestPayer: mapping["request_payer"].map(isRequester) ?? false,
            requireExternalID: mapping["require_external_id"]?.boolean() ?? false,
            useFIPS: mapping["use_fips"]?.boolean(), useDualStack: mapping["use_dual_stack"]?.boolean(),
            verifiesChecksums: mapping["verify_checksums"]?.boolean() ?? false, removal: removal(mapping))
        source.minSizeByteCount = mapping["min_size"]?.byteCount(in: ConfigLimits.objectByteCount).map(UInt64.init)
        source.maxSizeByteCount = mapping["max_size"]?.byteCount(in: ConfigLimits.objectByteCount).map(UInt64.init)
        source.modifiedAfter = mapping["modified_after"]?.checked(
            FieldRules.dateAdvice, by: FieldRules.date
        ).flatMap(FieldRules.moment)
        let isNamed =
            mapping["name"] == nil ? bucket != nil && (prefix != nil || mapping["prefix"] == nil) : name != nil
        var decoded = Decoded(name: isNamed ? source.name : nil)
        guard document.problems.count == problemCount, bucket != nil, auth != nil else { return decoded }
        if let problem = source.problem(environment: environment) {
            let place = problem.field.map { mapping.setting($0.rawValue) ?? mapping[FlatForm.roleKey] ?? mapping.value }
            (place ?? mapping.value).report("\(problem.message) \(problem.advice)")
            return decoded
        }
        if BucketDecoding.isBucketOfRolesPartition(mapping, source, isOtherService: isOtherService) {
            decoded.source = source
        }
        return decoded
    }

    private func auth(_ mapping: ConfigMapping, isOtherService: Bool) -> SourceAuth? {
        let flat = mapping.flatRole(isOtherService: isOtherService)
        if let flat {
            mapping["auth"]?.report("stands beside \(FlatForm.roleKey); give one of them")
            return flat.map { .assumeRole([$0]) }
        }
        if mapping["auth"] == nil, FlatForm.isUsed(in: mapping.value) {
            mapping.report("\(FlatForm.roleKey) is missing: write the ARN of the role to assume, or auth: ambient")
            return nil
        }
        return mapping.required("auth", AuthDecoding.advice).flatMap {
            AuthDecoding(document).auth($0, isOtherService: isOtherService)
        }
    }

    private func removal(_ mapping: ConfigMapping) -> RemovalRule {
        var rule = RemovalRule()
        let mode = mapping["deletions"]?.checked("write keep, mark or remove", by: FieldRules.deletions)
        if let mode = mode.flatMap(RemovalRule.Mode.init) { rule.mode = mode }
        let limits = mapping["deletion_limits"].flatMap {
            ConfigMapping($0, known: ["count", "share"], advice: "{count: 10, share: 10%}")
        }
        if let count = limits?["count"]?.integer(in: ConfigLimits.deletionCount) { rule.countMax = count }
        if let share = limits?["share"]?.share() { rule.shareMax = share }
        return rule
    }

    private func owner(_ value: ConfigValue) -> ExpectedBucketOwner? {
        let advice = "write the ID of the account that owns the bucket, or none"
        guard let text = value.checked(advice, by: { $0 == "none" ? nil : FieldRules.accountID($0) }) else {
            return nil
        }
        return text == "none" ? .anyone : .account(text)
    }

    private func isRequester(_ value: ConfigValue) -> Bool {
        value.checked("write requester, or leave it out", by: FieldRules.requestPayer) != nil
    }
}
