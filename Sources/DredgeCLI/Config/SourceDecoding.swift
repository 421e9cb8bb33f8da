import Dredge
import DredgeAWS
import Yams

/// The `sources:` of a config file.
struct SourceDecoding {
    let document: ConfigDocument

    init(_ document: ConfigDocument) { self.document = document }

    private static let keys = [
        "name", "bucket", "bucket_arn", "prefix", "region", "endpoint_url", "sts_endpoint_url", "path_style", "auth",
        "include",
        "exclude", "kms_key_arn",
    ]

    /// nil: reported.
    func sources(_ top: ConfigMapping) -> [Source]? {
        let advice = "write at least one source: - {bucket: NAME, auth: …}"
        guard let items = top.required("sources", advice)?.items(advice) else { return nil }
        let sources = items.map { (value: $0, source: source($0)) }
        var owners: [String: ConfigValue] = [:]
        var hasRepeats = false
        for (value, source) in sources {
            guard let name = source?.name else { continue }
            if let owner = owners[name] {
                let place = owner.node.mark.map { " (line \($0.line))" } ?? ""
                value.report(
                    "has the name \(Quoting.quoted(name)), as \(owner.path)\(place) has; give each source a name of its own"
                )
                hasRepeats = true
            } else {
                owners[name] = value
            }
        }
        let found = sources.compactMap(\.source)
        return found.count == items.count && !hasRepeats ? found : nil
    }

    private func source(_ value: ConfigValue) -> Source? {
        guard let mapping = ConfigMapping(value, known: Self.keys, advice: "{bucket: NAME, auth: …}") else {
            return nil
        }
        let endpointURL = mapping["endpoint_url"].map { self.endpointURL($0) }
        let stsEndpointURL = mapping["sts_endpoint_url"].map { self.endpointURL($0) }
        let pathStyle = mapping["path_style"].map { $0.boolean() }
        let name = mapping["name"].map { $0.checked("write a name for reports", by: FieldRules.name) }
        let bucket = self.bucket(mapping, isLegacyAllowed: pathStyle == .some(true) || mapping["endpoint_url"] != nil)
        let prefix = mapping["prefix"].map { self.prefix($0) }
        let region = mapping["region"].map { $0.checked("write a region's code, as us-east-1", by: FieldRules.region) }
        let include = mapping["include"].map { globs($0) }
        let exclude = mapping["exclude"].map { globs($0) }
        let kmsKeyARN = mapping["kms_key_arn"].map { $0.checked("write a KMS key's ARN", by: FieldRules.kmsKeyARN) }
        let isOtherService =
            mapping["sts_endpoint_url"] != nil
            || ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].contains { document.environment[$0]?.isEmpty == false }
        let auth = mapping.required("auth", AuthDecoding.advice).flatMap {
            AuthDecoding(document).auth($0, isOtherService: isOtherService)
        }
        // Each is nil when absent, .some(nil) when it is there and wrong.
        guard let endpointURL = settled(endpointURL), let stsEndpointURL = settled(stsEndpointURL),
            let pathStyle = settled(pathStyle), let name = settled(name), let bucket, let prefix = settled(prefix),
            let region = settled(region), let include = settled(include), let exclude = settled(exclude),
            let kmsKeyARN = settled(kmsKeyARN), let auth
        else { return nil }
        return Source(
            name: name, bucket: bucket, prefix: prefix ?? "", region: region, endpointURL: endpointURL,
            stsEndpointURL: stsEndpointURL, pathStyle: pathStyle, auth: auth, include: include ?? [],
            exclude: exclude ?? [],
            kmsKeyARN: kmsKeyARN)
    }

    /// `.some(nil)` for what is absent, nil for what was wrong.
    private func settled<Value>(_ field: Value??) -> Value?? {
        switch field {
        case .none: .some(nil)
        case .some(.none): nil
        case .some(.some(let value)): .some(value)
        }
    }

    private func bucket(_ mapping: ConfigMapping, isLegacyAllowed: Bool) -> String? {
        let given = mapping.present(["bucket", "bucket_arn"])
        if given.count == 2 {
            given[1].report("stands beside \(given[0].name); give one of them")
            return nil
        }
        if let arn = mapping["bucket_arn"] {
            guard let text = arn.checked("write a bucket's ARN", by: { FieldRules.bucketARN($0).complaint }) else {
                return nil
            }
            return FieldRules.bucketARN(text).name
        }
        let advice = "write the bucket's name"
        return mapping.required("bucket", advice)?.checked(advice) {
            FieldRules.bucket($0, isLegacyAllowed: isLegacyAllowed)
        }
    }

    private func prefix(_ value: ConfigValue) -> String? {
        let prefix = value.checked("write the start of the keys, or leave the line out", by: FieldRules.prefix)
        if let prefix, prefix.hasPrefix("/") {
            value.warn("the prefix begins with /, which few keys do; it is used byte for byte")
        }
        return prefix
    }

    private func endpointURL(_ value: ConfigValue) -> String? {
        guard let text = value.text("write a URL, as https://s3.example.com") else { return nil }
        if FieldRules.hasUserInfo(text.value) {
            value.report("has a user name or password in it; an endpoint has none, keys belong under auth")
            return nil
        }
        guard let complaint = FieldRules.endpointURL(text.value) else { return text.value }
        value.report("\(Quoting.quoted(text.written)) \(complaint)")
        return nil
    }

    private func globs(_ value: ConfigValue) -> [String]? {
        let advice = "[\"**/*.txt\", \"logs/**\"]"
        guard let items = value.items(advice) else { return nil }
        let patterns = items.map { item in
            item.checked("write a pattern, as \"**/*.txt\"", by: Self.globComplaint)
        }
        let found = patterns.compactMap { $0 }
        return found.count == items.count ? found : nil
    }

    static func globComplaint(_ pattern: String) -> String? {
        do {
            _ = try GlobPattern(pattern)
            return nil
        } catch {
            return "is not a pattern: \(error)"
        }
    }
}
