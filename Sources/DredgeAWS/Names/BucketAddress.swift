/// What may stand where a bucket's name does: the name, or the ARN of an access point.
package enum BucketAddress: Sendable, Hashable {
    case name(String)
    case accessPoint(AccessPoint)

    /// An access point of a general purpose bucket: `arn:partition:s3:region:account:accesspoint/name`
    /// (Amazon S3 User Guide, "Referencing access points").
    package struct AccessPoint: Sendable, Hashable {
        package let partition: String
        package let region: String
        /// Who made the access point; the bucket may be another account's.
        package let account: String
        package let name: String

        /// What stands for the bucket in a host name.
        package var hostLabel: String { "\(name)-\(account)" }

        package var arn: String {
            ARN(
                partition: partition, service: "s3", region: region, account: account, resource: "accesspoint/\(name)"
            ).description
        }
    }

    /// Reads an ARN as one; everything else is taken for a name.
    package init(_ text: String) throws(BucketAddressProblem) {
        if text.hasPrefix("arn:") {
            self = .accessPoint(try Self.accessPoint(text))
            return
        }
        if let complaint = Self.kindComplaint(text) { throw BucketAddressProblem(complaint: complaint) }
        self = .name(text)
    }

    /// Reads the ARN of a bucket, or of an access point.
    package init(arn text: String) throws(BucketAddressProblem) {
        guard let arn = ARN(text), arn.service == "s3", arn.region.isEmpty, arn.account.isEmpty else {
            guard text.hasPrefix("arn:") else {
                throw BucketAddressProblem(
                    complaint: "is not a bucket's ARN, which looks like arn:aws:s3:::acme-contracts")
            }
            self = .accessPoint(try Self.accessPoint(text))
            return
        }
        if arn.resource.contains("/") {
            throw BucketAddressProblem(
                complaint:
                    "names objects, not a bucket; write arn:\(arn.partition):s3:::NAME, and what follows the "
                    + "name as prefix"
            )
        }
        if let complaint = Self.nameComplaint(arn.resource, isLegacyAllowed: false) {
            throw BucketAddressProblem(complaint: "does not end with a bucket's name: its end \(complaint)")
        }
        self = .name(arn.resource)
    }

    /// As it stands where a bucket's name is expected.
    package var text: String {
        switch self {
        case .name(let name): name
        case .accessPoint(let point): point.arn
        }
    }

    /// Whether it is the alias of an access point, which stands where a bucket's name does and ends in what no bucket's
    /// name may. Nothing in it tells whose the access point is, nor whose the bucket behind it; and no policy can name
    /// it ("Access point aliases", Amazon S3 User Guide).
    package var isAlias: Bool {
        if case .name(let name) = self { name.hasSuffix("-s3alias") } else { false }
    }

    /// The resource of permissions on the bucket itself, such as `s3:ListBucket`. For an alias: any access point.
    /// - Parameter partition: counts where the address names none.
    package func arn(partition: String) -> String {
        switch self {
        case .name where isAlias: "arn:\(partition):s3:*:*:accesspoint/*"
        case .name(let name): "arn:\(partition):s3:::\(name)"
        case .accessPoint(let point): point.arn
        }
    }

    /// The resource of permissions on objects, such as `s3:GetObject`. `keys`: a key, or a pattern of keys.
    package func objectARN(_ keys: String, partition: String) -> String {
        switch self {
        case .name where !isAlias: "\(arn(partition: partition))/\(keys)"
        case .name, .accessPoint: "\(arn(partition: partition))/object/\(keys)"
        }
    }
}

/// Why something can't be addressed as a bucket.
package struct BucketAddressProblem: Error {
    /// The end of a sentence that begins with what was written.
    package let complaint: String

    package init(complaint: String) { self.complaint = complaint }
}

extension BucketAddress {
    private static func accessPoint(_ text: String) throws(BucketAddressProblem) -> AccessPoint {
        func refuse(_ complaint: String) -> BucketAddressProblem { BucketAddressProblem(complaint: complaint) }
        let example = "arn:aws:s3:us-east-1:123456789012:accesspoint/name"
        guard let arn = ARN(text) else { throw refuse("is not an access point's ARN, which looks like \(example)") }
        if arn.service == "s3-outposts" {
            throw refuse("is an access point of S3 on Outposts, which is not supported; copy the objects to a bucket")
        }
        if arn.service == "s3-object-lambda" {
            throw refuse(
                "is an Object Lambda access point, which is not supported; give the access point that it stands before")
        }
        if arn.service == "s3express" {
            throw refuse("is of \(directoryBucket)")
        }
        guard arn.service == "s3" else {
            throw refuse(
                "is not an ARN of S3 but of \"\(arn.service.printable)\"; an access point's looks like \(example)")
        }
        let resource = arn.resource.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == ":" }
        guard resource.first == "accesspoint" else {
            throw refuse(
                arn.region.isEmpty && arn.account.isEmpty
                    ? "is a bucket's ARN; write its name alone here"
                    : "is not an access point's ARN, which looks like \(example)")
        }
        if arn.region.isEmpty {
            throw refuse(
                "is a Multi-Region Access Point, which is not supported, since it takes another kind of signature; "
                    + "give one of the buckets behind it"
            )
        }
        guard resource.count == 2 else {
            throw refuse("has more than a name behind accesspoint; it looks like \(example)")
        }
        guard ARN.isAccountID(arn.account) else {
            throw refuse("has the account \"\(arn.account.printable)\"; an AWS account ID has 12 digits")
        }
        let name = String(resource[1])
        guard (3...50).contains(name.utf8.count), isHostLabel(name) else {
            throw refuse(
                "names no access point: its name has 3 to 50 lower-case letters, digits and hyphens, neither "
                    + "first nor last"
            )
        }
        guard Region.isName(arn.region) else {
            throw refuse("has the region \"\(arn.region.printable)\", which is none; it looks like \(example)")
        }
        guard arn.partition == Partition.ofRegion(arn.region).name else {
            throw refuse(
                "has the partition \"\(arn.partition.printable)\", but its region \(arn.region) is in "
                    + "\(Partition.ofRegion(arn.region).name)"
            )
        }
        return AccessPoint(partition: arn.partition, region: arn.region, account: arn.account, name: name)
    }
}
