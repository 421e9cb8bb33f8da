import DredgeAWS

/// Where a bucket's requests go: scheme, host, and whether the bucket stands in the host or in the path.
struct Endpoint: Sendable, Hashable {
    /// `https://host:port/base` without a slash at the end, bucket included.
    let bucketURL: String
    /// host:port, for messages.
    let authority: String
    /// Whether the host follows the region, as it does with AWS.
    let followsRegion: Bool

    /// The URL of an object, or with an empty key that of the bucket. Every byte of the key is either itself or `%XX`;
    /// `/` stays, dot segments stay (S3 signs and stores the path byte for byte).
    func url(key: ObjectKey, query: [(name: String, value: [UInt8])] = []) -> String {
        var url = "\(bucketURL)/\(URIEncoding.path(key.bytes))"
        var separator = "?"
        for (name, value) in query {
            url += "\(separator)\(name)=\(URIEncoding.query(value))"
            separator = "&"
        }
        return url
    }
}

/// What an endpoint is made of, whatever the region turns out to be.
struct EndpointRules: Sendable {
    let address: BucketAddress
    let variants: EndpointVariants
    let configured: EndpointSettings
    private let custom: EndpointURL?
    private let usesPathStyle: Bool

    init(settings: S3ClientSettings, environment: [String: String]) throws(EndpointProblem) {
        address = try Self.address(settings.bucket)
        configured = EndpointSettings(environment: environment)
        custom = try configured.endpoint(settings.endpointURL, of: .s3)
        variants = try configured.variants(fips: settings.useFIPS, dualStack: settings.useDualStack)
        try variants.check(beside: custom)
        switch address {
        case .accessPoint:
            guard settings.pathStyle != true else {
                throw EndpointProblem(
                    message: "an access point can't be addressed in path style",
                    advice: "Leave path style away, or give the bucket's name instead of the access point's ARN.")
            }
            usesPathStyle = false
        case .name(let name):
            let fitsHost = BucketAddress.fitsHostName(name, isSecure: custom?.scheme != "http")
            // A name that no host can carry, or that would stand before an IP address, goes into the path even where
            // virtual-host style was asked for: the other way there is no request at all. Dots only break TLS, so they
            // can be asked for.
            usesPathStyle =
                switch settings.pathStyle {
                case true?: true
                case false?: custom?.isAddress == true || !BucketAddress.fitsHostName(name, isSecure: false)
                case nil: custom != nil || !fitsHost
                }
        }
    }

    /// The only region that there can be; nil: the bucket may turn out to be in any.
    var fixedRegion: String? {
        if case .accessPoint(let point) = address { point.region } else { nil }
    }

    /// The region to begin with. Throws for one that can't be, or that has no such endpoints.
    func firstRegion(settings: S3ClientSettings) throws(EndpointProblem) -> String {
        if let fixedRegion, let named = settings.region, named != fixedRegion {
            throw EndpointProblem(
                message:
                    "the region \(printable(named.utf8, scalarCountMax: 80)) is not that of the access point's ARN, "
                    + "\(fixedRegion)",
                advice: "Leave the region away: the ARN tells it.")
        }
        let region =
            fixedRegion ?? settings.region.flatMap { $0.isEmpty ? nil : $0 }
            ?? likelyRegion(settings.partition)
        if let complaint = Region.complaint(region) {
            throw EndpointProblem(
                message: "\"\(printable(region.utf8, scalarCountMax: 80))\" \(complaint)",
                advice: "Give the region's code, for example eu-central-1, or none: it is found out.")
        }
        try variants.check(.s3, in: Partition.ofRegion(region))
        return region
    }

    private func likelyRegion(_ partitionName: String?) -> String {
        let region = configured.region ?? "us-east-1"
        guard custom == nil, let partition = partitionName.flatMap({ Partition.named($0) }),
            partition != Partition.ofRegion(region)
        else { return region }
        return partition.defaultRegion
    }

    /// The endpoint for `region`. A custom endpoint stays where it is: there the region only goes into the signature.
    func endpoint(region: String) -> Endpoint {
        let authority = custom?.authority ?? awsAuthority(region: region)
        var url = custom?.scheme ?? "https"
        url += "://"
        let host: String
        switch address {
        case .accessPoint(let point): host = "\(point.hostLabel).\(authority)"
        case .name(let name): host = usesPathStyle ? authority : "\(name).\(authority)"
        }
        url += host + (custom?.basePath ?? "")
        if usesPathStyle, case .name(let name) = address { url += "/" + URIEncoding.query(name) }
        return Endpoint(bucketURL: url, authority: host, followsRegion: custom == nil)
    }

    private func awsAuthority(region: String) -> String {
        var host = if case .accessPoint = address { "s3-accesspoint" } else { "s3" }
        if variants.fips { host += "-fips" }
        if variants.dualStack { host += ".dualstack" }
        return "\(host).\(region).\(Partition.ofRegion(region).dnsSuffix)"
    }

    private static func address(_ bucket: String) throws(EndpointProblem) -> BucketAddress {
        let shown = "\"\(printable(bucket.utf8, scalarCountMax: 120))\""
        guard !bucket.isEmpty, bucket.utf8.count <= 255, !bucket.utf8.contains(where: { $0 < 0x21 }),
            bucket.hasPrefix("arn:") || !bucket.contains("/")
        else {
            throw EndpointProblem(
                message: "\(shown) is not a bucket name",
                advice: "Give the bucket's name alone, without s3:// and without a prefix.")
        }
        do throws(BucketAddressProblem) {
            return try BucketAddress(bucket)
        } catch {
            throw EndpointProblem(
                message: "\(shown) \(error.complaint)",
                advice: "Give the name of a general purpose bucket, or the ARN of an access point of one.")
        }
    }
}
