import Dredge
import DredgeAWS
import DredgeService

/// Decodes a config of `dredge serve`.
struct ServerConfigDecoding {
    let document: ConfigDocument
    private let common: ConfigDecoding

    init(_ document: ConfigDocument) {
        self.document = document
        common = ConfigDecoding(document)
    }

    private static let keys = [
        "data", "listen", "tls", "principal_arn", "external_id_prefix", "session_name",
        "allow_roles_without_external_id", "tokenizer", "chunking", "limits", "credentials", "endpoints", "webhooks",
        "jobs", "rate_limit", "quotas", "metrics",
    ]

    /// nil where something is wrong, which has been reported.
    func config() -> ServerConfig? {
        var config = ServerConfig()
        // A file of comments alone: all defaults.
        guard let root = document.root, !root.isEmpty else { return config }
        guard let top = ConfigMapping(root, known: Self.keys, advice: "listen: …, data: …") else { return nil }
        config.data = top["data"]?.checked("write the path of the data directory") {
            $0.isEmpty ? "is empty; write the path of the data directory" : nil
        }
        config.listen = listen(top["listen"])
        config.tls = tls(top["tls"])
        if let tokenizer = top["tokenizer"].flatMap(common.tokenizer) { config.settings.tokenizer = tokenizer }
        if let chunking = top["chunking"].flatMap(common.chunking) { config.settings.chunking = chunking }
        if let limits = top["limits"].flatMap(common.limits) { config.limits = limits }
        if let base = top["credentials"].flatMap(common.base) { config.base = base }
        roles(top, &config.service)
        if let endpoints = top["endpoints"].flatMap(endpoints) { config.service.allowedEndpoints = endpoints }
        webhooks(top["webhooks"], &config.service)
        jobs(top["jobs"], &config.service)
        rate(top["rate_limit"], &config.service)
        quotas(top["quotas"], &config.service)
        metrics(top["metrics"], &config.service)
        return config
    }

    private func listen(_ value: ConfigValue?) -> ListenAddress? {
        let text = value?.checked("write HOST:PORT, as 127.0.0.1:8080") {
            ListenAddress($0) == nil ? "is not HOST:PORT, as 127.0.0.1:8080 or [::1]:8080" : nil
        }
        return text.flatMap { ListenAddress($0) }
    }

    private func tls(_ value: ConfigValue?) -> TLSFiles? {
        let advice = "{certificate: FILE, key: FILE}"
        guard let value, let mapping = ConfigMapping(value, known: ["certificate", "key"], advice: advice) else {
            return nil
        }
        func path(_ name: String) -> String? {
            mapping.required(name, "write the path of a PEM file")?.checked("write the path of a PEM file") {
                $0.isEmpty ? "is empty; write the path of a PEM file" : nil
            }
        }
        guard let certificate = path("certificate"), let key = path("key") else { return nil }
        return TLSFiles(certificatePath: certificate, keyPath: key)
    }

    private func roles(_ top: ConfigMapping, _ service: inout ServiceConfiguration) {
        service.principalARN = top["principal_arn"]?.checked(
            "write the ARN of the role or user whose credentials the server has",
            by: ServiceConfiguration.complaint(ofPrincipalARN:))
        if let prefix = top["external_id_prefix"]?.checked(
            "write what external IDs begin with", by: ServiceConfiguration.complaint(ofExternalIDPrefix:))
        {
            service.externalIDPrefix = prefix
        }
        if let name = top["session_name"]?.checked(
            "write a template, as dredge-{organization}-{job}", by: ServiceConfiguration.complaint(ofSessionName:))
        {
            service.sessionNameTemplate = name
        }
        if let allows = top["allow_roles_without_external_id"]?.boolean() {
            service.allowsRolesWithoutExternalID = allows
        }
    }

    private func endpoints(_ value: ConfigValue) -> [AllowedEndpoint]? {
        value.items("write a list: - url: https://s3.example.com")?.compactMap { item in
            let advice = "{url: https://s3.example.com, private: false}"
            guard let mapping = ConfigMapping(item, known: ["url", "private"], advice: advice) else { return nil }
            let url = mapping.required("url", "write the endpoint as requests name it")?.checked(
                "write a URL, as https://s3.example.com"
            ) { url in
                EndpointURL.complaint(url)
            }
            let isPrivate = mapping["private"].map { $0.boolean() } ?? false
            guard let url, let isPrivate else { return nil }
            return AllowedEndpoint(url, mayBePrivate: isPrivate)
        }
    }

    private func webhooks(_ value: ConfigValue?, _ service: inout ServiceConfiguration) {
        let known = ["allow_http", "allow_private_addresses"]
        guard let value, let mapping = ConfigMapping(value, known: known, advice: "{allow_http: false}") else { return }
        if let allows = mapping["allow_http"]?.boolean() { service.allowsInsecureWebhooks = allows }
        if let allows = mapping["allow_private_addresses"]?.boolean() {
            service.allowsPrivateWebhookAddresses = allows
        }
    }

    private func jobs(_ value: ConfigValue?, _ service: inout ServiceConfiguration) {
        let known = ["running", "running_per_organization", "open_per_organization"]
        guard let value, let mapping = ConfigMapping(value, known: known, advice: "{running: 8}") else { return }
        if let count = mapping["running"]?.integer(in: ConfigLimits.runningJobCount) { service.runningJobCount = count }
        if let count = mapping["running_per_organization"]?.integer(in: ConfigLimits.runningJobCount) {
            service.runningJobCountOfOrganization = count
        }
        if let count = mapping["open_per_organization"]?.integer(in: ConfigLimits.openJobCount) {
            service.openJobCountOfOrganization = count
        }
    }

    private func rate(_ value: ConfigValue?, _ service: inout ServiceConfiguration) {
        let known = ["requests_per_second", "burst"]
        guard let value, let mapping = ConfigMapping(value, known: known, advice: "{requests_per_second: 100}") else {
            return
        }
        if let count = mapping["requests_per_second"]?.integer(in: ConfigLimits.requestRate) {
            service.rateLimit = RateLimit(requestsPerSecond: count)
        }
        if let count = mapping["burst"]?.integer(in: ConfigLimits.requestRate) { service.rateLimit.burst = count }
    }

    private func quotas(_ value: ConfigValue?, _ service: inout ServiceConfiguration) {
        let known = ["jobs_per_day", "bytes_per_day"]
        guard let value, let mapping = ConfigMapping(value, known: known, advice: "{jobs_per_day: 1000}") else {
            return
        }
        if let count = mapping["jobs_per_day"]?.integer(in: ConfigLimits.jobQuota) {
            service.quotas.jobCountPerDay = count
        }
        if let count = mapping["bytes_per_day"]?.byteCount(in: ConfigLimits.byteQuota) {
            service.quotas.byteCountPerDay = count
        }
    }

    private func metrics(_ value: ConfigValue?, _ service: inout ServiceConfiguration) {
        let choices = MetricsReaders.allCases.map { ($0.rawValue, $0) }
        if let readers = value.flatMap({ common.choice($0, of: choices) }) { service.metricsReaders = readers }
    }
}
