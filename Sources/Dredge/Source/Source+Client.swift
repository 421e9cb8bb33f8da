import DredgeAWS
package import DredgeS3

extension Source {
    /// How S3 is asked for the source.
    package var clientSettings: S3ClientSettings {
        var settings = S3ClientSettings(
            bucket: bucket, region: region, partition: lastRole?.partition, endpointURL: endpointURL,
            pathStyle: pathStyle, expectedBucketOwner: expectedBucketOwnerAccount, requestPayer: requestPayer,
            useFIPS: useFIPS, useDualStack: useDualStack)
        settings.refusesPrivateAddresses = refusesPrivateAddresses
        settings.isReadByRole = !hops.isEmpty
        return settings
    }

    /// The account that S3 is told to find as the bucket's owner; nil: S3 is told nothing.
    ///
    /// An access point's ARN names its account already, so that no stranger can take its place, and its alias is S3's
    /// own; the bucket behind it may well be another account's ("Creating access points", Amazon S3 User Guide).
    package var expectedBucketOwnerAccount: String? {
        switch expectedBucketOwner {
        case .account(let account): account
        case .anyone: nil
        case .ofRole: isAccessPoint ? nil : lastRole?.account
        }
    }

    private var isAccessPoint: Bool {
        switch try? BucketAddress(bucket) {
        case .accessPoint: true
        case .name(let name): BucketAddress.name(name).isAlias
        case nil: bucket.hasPrefix("arn:")
        }
    }

    /// The roles to assume, as they are named.
    var hops: [RoleHop] {
        if case .assumeRole(let hops) = auth { hops } else { [] }
    }

    /// Whose session reads; nil: no role's, or that of a role of another service.
    private var lastRole: RoleARN? {
        hops.last.flatMap { RoleARN($0.roleARN) }
    }
}
