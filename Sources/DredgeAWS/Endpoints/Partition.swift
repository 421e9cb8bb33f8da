/// A separate AWS: its own accounts, regions and domain names. From botocore's `partitions.json`, `endpoints.json` and
/// endpoint rules.
package struct Partition: Sendable, Hashable {
    /// As in an ARN, for example `aws-cn`.
    package let name: String
    /// What host names end with.
    package let dnsSuffix: String
    /// What host names of dual-stack endpoints end with; S3's keep `dnsSuffix`.
    package let dualStackDNSSuffix: String
    /// Where to go when nobody names a region.
    package let defaultRegion: String
    /// What its regions begin with; empty for `aws`, which has every other region.
    let regionPrefix: String
    /// The services that publish FIPS endpoints there, not necessarily in each of its regions.
    let fipsServices: Set<AWSService>

    /// All that are known.
    package static let all = [
        Partition(
            name: "aws", dnsSuffix: "amazonaws.com", dualStackDNSSuffix: "api.aws", defaultRegion: "us-east-1",
            regionPrefix: "", fipsServices: [.s3, .sts]),
        Partition(
            name: "aws-cn", dnsSuffix: "amazonaws.com.cn", dualStackDNSSuffix: "api.amazonwebservices.com.cn",
            defaultRegion: "cn-northwest-1", regionPrefix: "cn-", fipsServices: []),
        Partition(
            name: "aws-us-gov", dnsSuffix: "amazonaws.com", dualStackDNSSuffix: "api.aws",
            defaultRegion: "us-gov-west-1", regionPrefix: "us-gov-", fipsServices: [.s3, .sts]),
        Partition(
            name: "aws-eusc", dnsSuffix: "amazonaws.eu", dualStackDNSSuffix: "api.amazonwebservices.eu",
            defaultRegion: "eusc-de-east-1", regionPrefix: "eusc-", fipsServices: []),
        Partition(
            name: "aws-iso", dnsSuffix: "c2s.ic.gov", dualStackDNSSuffix: "api.aws.ic.gov",
            defaultRegion: "us-iso-east-1", regionPrefix: "us-iso-", fipsServices: [.s3]),
        Partition(
            name: "aws-iso-b", dnsSuffix: "sc2s.sgov.gov", dualStackDNSSuffix: "api.aws.scloud",
            defaultRegion: "us-isob-east-1", regionPrefix: "us-isob-", fipsServices: [.s3]),
        Partition(
            name: "aws-iso-e", dnsSuffix: "cloud.adc-e.uk", dualStackDNSSuffix: "api.cloud-aws.adc-e.uk",
            defaultRegion: "eu-isoe-west-1", regionPrefix: "eu-isoe-", fipsServices: []),
        Partition(
            name: "aws-iso-f", dnsSuffix: "csp.hci.ic.gov", dualStackDNSSuffix: "api.aws.hci.ic.gov",
            defaultRegion: "us-isof-south-1", regionPrefix: "us-isof-", fipsServices: []),
    ]

    /// The partition of that name, if it is known.
    package static func named(_ name: some StringProtocol) -> Partition? { all.first { $0.name == name } }

    /// The partition that a region lies in.
    package static func ofRegion(_ region: String) -> Partition {
        all.dropFirst().first { region.hasPrefix($0.regionPrefix) } ?? all[0]
    }
}

/// The services that are asked.
package enum AWSService: String, Sendable, CaseIterable {
    case s3 = "S3"
    case sts = "STS"
    case sso = "SSO"
    case ssoOIDC = "SSO OIDC"

    /// As variables and sections of services name it, in capitals.
    var variableName: String { rawValue.replacing(" ", with: "_") }
}
