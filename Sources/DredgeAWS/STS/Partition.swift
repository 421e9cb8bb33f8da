/// A separate AWS: its own accounts, regions and domain names. From botocore's `partitions.json`.
package struct Partition: Sendable, Hashable {
    /// As in an ARN, for example `aws-cn`.
    package let name: String
    /// What host names end with.
    package let dnsSuffix: String
    /// Where to go when nobody names a region.
    package let defaultRegion: String
    /// What its regions begin with; empty for `aws`, which has every other region.
    let regionPrefix: String

    /// All that are known.
    package static let all = [
        Partition(name: "aws", dnsSuffix: "amazonaws.com", defaultRegion: "us-east-1", regionPrefix: ""),
        Partition(name: "aws-cn", dnsSuffix: "amazonaws.com.cn", defaultRegion: "cn-northwest-1", regionPrefix: "cn-"),
        Partition(
            name: "aws-us-gov", dnsSuffix: "amazonaws.com", defaultRegion: "us-gov-west-1", regionPrefix: "us-gov-"),
        Partition(name: "aws-eusc", dnsSuffix: "amazonaws.eu", defaultRegion: "eusc-de-east-1", regionPrefix: "eusc-"),
        Partition(name: "aws-iso", dnsSuffix: "c2s.ic.gov", defaultRegion: "us-iso-east-1", regionPrefix: "us-iso-"),
        Partition(
            name: "aws-iso-b", dnsSuffix: "sc2s.sgov.gov", defaultRegion: "us-isob-east-1", regionPrefix: "us-isob-"),
        Partition(
            name: "aws-iso-e", dnsSuffix: "cloud.adc-e.uk", defaultRegion: "eu-isoe-west-1", regionPrefix: "eu-isoe-"),
        Partition(
            name: "aws-iso-f", dnsSuffix: "csp.hci.ic.gov", defaultRegion: "us-isof-south-1", regionPrefix: "us-isof-"),
    ]

    /// The partition of that name, if it is known.
    package static func named(_ name: some StringProtocol) -> Partition? { all.first { $0.name == name } }

    /// The partition that a region lies in.
    package static func ofRegion(_ region: String) -> Partition {
        all.dropFirst().first { region.hasPrefix($0.regionPrefix) } ?? all[0]
    }
}
