/// Where an AssumeRole goes, and for which region it is signed.
struct STSEndpoint: Sendable, Hashable {
    let region: String
    /// Absolute, with a path.
    let url: String

    /// The endpoint named by the user, for services that stand in for AWS's: `named`, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL; nil: AWS's.
    /// (AWS SDKs and Tools Reference Guide, "Service-specific endpoints".)
    static func override(named: String?, environment: [String: String]) -> String? {
        if let named { return named }
        if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true" { return nil }
        return [environment["AWS_ENDPOINT_URL_STS"], environment["AWS_ENDPOINT_URL"]].compactMap { $0 }.first {
            !$0.isEmpty
        }
    }

    /// The endpoint for a role: its hop's region, else the chain's where that lies in the role's partition, else the partition's default.
    init(hop: RoleHop, role: RoleARN, regions: STSRegions, override: String?, step: String) throws(AWSError) {
        let candidate = hop.region ?? regions.common
        let region: String
        if let candidate, hop.region != nil || override != nil || Partition.ofRegion(candidate).name == role.partition {
            region = candidate
        } else if let partition = Partition.named(role.partition) {
            region = partition.defaultRegion
        } else {
            region = Partition.all[0].defaultRegion
        }
        guard Self.isRegionName(region) else {
            throw AWSError(
                code: .invalidParameter, step: step, message: "'\(region.printable)' is not the name of a region",
                advice: "Use a name such as eu-central-1.")
        }
        self.region = region
        if let override {
            url = try Self.checked(override, step: step)
            return
        }
        guard let partition = Partition.named(role.partition) else {
            throw AWSError(
                code: .invalidParameter, step: step,
                message: "the partition '\(role.partition)' of the role is not known",
                advice:
                    "Known are \(Partition.all.map(\.name).joined(separator: ", ")). Name the STS endpoint to use another one."
            )
        }
        guard Partition.ofRegion(region) == partition else {
            throw AWSError(
                code: .invalidParameter, step: step,
                message: "the region \(region) is not in the partition '\(partition.name)' of the role",
                advice:
                    "A role can be assumed in its own partition only. Name a region of it, such as \(partition.defaultRegion), or none."
            )
        }
        url = "https://sts.\(region).\(partition.dnsSuffix)/"
    }

    static func isRegionName(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
    }

    private static func checked(_ url: String, step: String) throws(AWSError) -> String {
        let parts = RequestURL(url)
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), !parts.host.isEmpty, !parts.host.contains("@"),
            parts.query.isEmpty,
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw AWSError(
                code: .invalidParameter, step: step,
                message: "the STS endpoint is not an http or https URL of host and path",
                advice: "Use for example https://sts.eu-central-1.amazonaws.com.")
        }
        return parts.path.isEmpty ? url + "/" : url
    }
}

/// The region for hops that name none.
struct STSRegions: Sendable {
    /// nil: nobody names one.
    let common: String?

    /// - Parameter profile: whose setting counts after the environment's; nil: the base credentials have nothing to do with one.
    init(named: String?, profile: BaseSource.Profile?, environment: [String: String]) {
        if let found = [named, environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]].compactMap({ $0 }).first(
            where: { !$0.isEmpty })
        {
            common = found
        } else if let profile {
            // A file that can't be read is told of when credentials are looked for.
            let files = try? ProfileFiles(environment: environment)
            common = files?.value("region", profile: profile.name ?? ProfileFiles.profileName(environment))?.text
        } else {
            common = nil
        }
    }
}
