/// What a profile says of region and endpoints (AWS SDKs and Tools Reference Guide, "AWS Region" and "Service-specific endpoints").
package struct ProfileSettings: Sendable {
    private let profile: String
    private let files: ProfileFiles?
    private let environment: [String: String]

    /// - Parameter profile: nil: AWS_PROFILE, else `default`.
    package init(profile: String?, environment: [String: String]) {
        // A file that can't be read is told of when credentials are looked for.
        self.init(profile: profile, files: try? ProfileFiles(environment: environment), environment: environment)
    }

    init(profile: String?, files: ProfileFiles?, environment: [String: String]) {
        self.profile = profile ?? ProfileFiles.profileName(environment)
        self.files = files
        self.environment = environment
    }

    /// AWS_REGION, AWS_DEFAULT_REGION, else the profile's `region`.
    package var region: String? {
        variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? files?.value("region", profile: profile)?.text
    }

    /// The endpoint of a service such as `s3`, `sts` or `sso` for whatever stands in for AWS: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the
    /// section that the profile's `services` names, the profile's `endpoint_url`; nil: AWS's own. Unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    /// or the profile says to ignore them all.
    package func endpointURL(service: String) -> String? {
        let ignored =
            variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            ?? files?.value("ignore_configured_endpoint_urls", profile: profile)?.text
        if ignored?.lowercased() == "true" { return nil }
        if let url = variable("AWS_ENDPOINT_URL_\(service.uppercased())") ?? variable("AWS_ENDPOINT_URL") { return url }
        if let section = files?.value("services", profile: profile)?.text,
            let url = files?.config?.services[section]?["\(service).endpoint_url"]?.text, !url.isEmpty
        {
            return url
        }
        return files?.value("endpoint_url", profile: profile)?.text
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
}
