/// Where an AssumeRole goes, and for which region it is signed.
struct STSEndpoint: Sendable, Hashable {
    let region: String
    /// Absolute, with a path.
    let url: String

    /// The endpoint for a role: its hop's region, else the chain's where that lies in the role's partition, else the
    /// partition's default.
    init(hop: RoleHop, role: RoleARN, rules: STSEndpointRules, step: String) throws(AWSError) {
        do throws(EndpointProblem) {
            self = try rules.endpoint(region: hop.region, partitionName: role.partition)
        } catch {
            throw AWSError(code: .invalidParameter, step: step, message: error.message, advice: error.advice)
        }
    }

    fileprivate init(region: String, url: String) {
        self.region = region
        self.url = url
    }
}

extension CredentialSources {
    /// Why STS can't be asked for one of `hops`; nil: it can. A session's refresh tells the same.
    package static func endpointProblem(
        _ hops: [RoleHop], region: String?, endpointURL: String?, useFIPS: Bool?, useDualStack: Bool?,
        environment: [String: String]
    ) -> EndpointProblem? {
        let rules = STSEndpointRules(
            region: region, endpointURL: endpointURL, useFIPS: useFIPS, useDualStack: useDualStack,
            settings: EndpointSettings(environment: environment))
        do throws(EndpointProblem) {
            for hop in hops {
                guard let role = RoleARN(hop.roleARN) else { continue }
                _ = try rules.endpoint(region: hop.region, partitionName: role.partition)
            }
            return nil
        } catch {
            return error
        }
    }
}

/// What STS endpoints are made of, whatever the role turns out to be. What is wrong with the settings is told when a
/// role needs them.
struct STSEndpointRules: Sendable {
    private let region: String?
    private let named: String?
    private let useFIPS: Bool?
    private let useDualStack: Bool?
    private let settings: EndpointSettings

    /// - Parameters:
    ///   - region: for hops that name none; nil: the settings'.
    ///   - endpointURL: nil: the settings', else AWS's own.
    ///   - useFIPS: nil: as the settings say.
    ///   - useDualStack: nil: as the settings say.
    init(
        region: String? = nil, endpointURL: String? = nil, useFIPS: Bool? = nil, useDualStack: Bool? = nil,
        settings: EndpointSettings
    ) {
        self.region = region.flatMap { $0.isEmpty ? nil : $0 } ?? settings.region
        named = endpointURL
        self.useFIPS = useFIPS
        self.useDualStack = useDualStack
        self.settings = settings
    }

    fileprivate func endpoint(region hopRegion: String?, partitionName: String) throws(EndpointProblem) -> STSEndpoint {
        let custom = try settings.endpoint(named, of: .sts)
        let variants = try settings.variants(fips: useFIPS, dualStack: useDualStack)
        try variants.check(beside: custom)
        let region = signingRegion(hopRegion, isCustom: custom != nil, partitionName: partitionName)
        if let complaint = Region.complaint(region) {
            throw EndpointProblem(
                message: "'\(region.printable)' \(complaint)", advice: "Use a name such as eu-central-1.")
        }
        if let custom {
            return STSEndpoint(region: region, url: "\(custom.text)/")
        }
        guard let partition = Partition.named(partitionName) else {
            throw EndpointProblem(
                message: "the partition '\(partitionName.printable)' of the role is not known",
                advice:
                    "Known are \(Partition.all.map(\.name).joined(separator: ", ")). Name the STS endpoint to use "
                    + "another one."
            )
        }
        guard Partition.ofRegion(region) == partition else {
            throw EndpointProblem(
                message: "the region \(region) is not in the partition '\(partition.name)' of the role",
                advice:
                    "A role can be assumed in its own partition only. Name a region of it, such as "
                    + "\(partition.defaultRegion), or none."
            )
        }
        try variants.check(.sts, in: partition)
        if variants == EndpointVariants(), try settings.usesLegacySTS(), Self.legacyRegions.contains(region) {
            return STSEndpoint(region: "us-east-1", url: "https://sts.amazonaws.com/")
        }
        // GovCloud's ordinary endpoints are the validated ones.
        let isFIPSName = variants.fips && !(partition.name == "aws-us-gov" && !variants.dualStack)
        let suffix = variants.dualStack ? partition.dualStackDNSSuffix : partition.dnsSuffix
        return STSEndpoint(region: region, url: "https://sts\(isFIPSName ? "-fips" : "").\(region).\(suffix)/")
    }

    private func signingRegion(_ hopRegion: String?, isCustom: Bool, partitionName: String) -> String {
        if let hopRegion { return hopRegion }
        if let region, isCustom || Partition.ofRegion(region).name == partitionName { return region }
        return (Partition.named(partitionName) ?? Partition.all[0]).defaultRegion
    }

    /// Those with a global endpoint, in the terms of `sts_regional_endpoints`.
    private static let legacyRegions: Set = [
        "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
        "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
        "us-west-2",
    ]
}
