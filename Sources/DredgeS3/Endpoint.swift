import DredgeAWS

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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

/// Why settings lead to no endpoint.
struct EndpointProblem: Error {
    var message: String
    var advice: String
}

/// What an endpoint is made of, whatever the region turns out to be.
struct EndpointRules: Sendable {
    private let bucket: String
    private let custom: (scheme: String, authority: String, basePath: String)?
    private let usesPathStyle: Bool

    init(settings: S3ClientSettings, environment: [String: String]) throws(EndpointProblem) {
        bucket = settings.bucket
        guard !bucket.isEmpty, bucket.utf8.count <= 255,
            !bucket.utf8.contains(where: { $0 < 0x21 || $0 == UInt8(ascii: "/") })
        else {
            throw EndpointProblem(
                message: "\"\(printable(bucket.utf8, scalarCountMax: 80))\" is not a bucket name",
                advice: "Give the bucket's name alone, without s3:// and without a prefix.")
        }
        let configured =
            settings.endpointURL
            ?? (environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true"
                ? nil
                : [environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL"]].lazy.compactMap { $0 }
                    .first { !$0.isEmpty })
        if let configured {
            custom = try Self.parse(configured)
        } else {
            custom = nil
        }
        let isSecure = custom.map { $0.scheme == "https" } ?? true
        let fitsHost = Self.fitsHostName(bucket, isSecure: isSecure)
        // A name that no host can carry goes into the path even where virtual-host style was asked for: the other way there
        // is no request at all. Dots only break TLS, so they can be asked for.
        usesPathStyle =
            switch settings.pathStyle {
            case true?: true
            case false?: !Self.fitsHostName(bucket, isSecure: false)
            case nil: custom != nil || !fitsHost
            }
    }

    /// The endpoint for `region`. A custom endpoint stays where it is: there the region only goes into the signature.
    func endpoint(region: String) -> Endpoint {
        let scheme = custom?.scheme ?? "https"
        let authority = custom?.authority ?? "s3.\(region).\(Partition.ofRegion(region).dnsSuffix)"
        let basePath = custom?.basePath ?? ""
        let host = usesPathStyle ? authority : "\(bucket).\(authority)"
        var url = "\(scheme)://\(host)\(basePath)"
        if usesPathStyle { url += "/" + URIEncoding.query(bucket) }
        return Endpoint(bucketURL: url, authority: host, followsRegion: custom == nil)
    }

    /// The region to begin with.
    static func firstRegion(settings: S3ClientSettings, environment: [String: String]) -> String {
        [settings.region, environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]].lazy.compactMap { $0 }
            .first { !$0.isEmpty } ?? "us-east-1"
    }

    /// Whether `text` can be a region. A region becomes part of a host name, so what an answer says is not taken unseen.
    static func isRegion(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// The naming rules of general purpose buckets, as far as a host name needs them
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>). A wildcard certificate covers one
    /// label, so over TLS dots don't fit.
    static func fitsHostName(_ bucket: String, isSecure: Bool) -> Bool {
        guard (3...63).contains(bucket.utf8.count) else { return false }
        let labels = bucket.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count == 1 || !isSecure else { return false }
        return labels.allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            return isLowercaseOrDigit(first) && isLowercaseOrDigit(last)
                && label.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func parse(
        _ text: String
    ) throws(EndpointProblem) -> (scheme: String, authority: String, basePath: String) {
        // What stands before an @ may be a password.
        let shown = text.contains("@") ? "…@…" : printable(text.utf8, scalarCountMax: 200)
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
            scheme == "http" || scheme == "https",
            let host = url.percentEncodedHost, !host.isEmpty
        else {
            throw EndpointProblem(
                message: "\"\(shown)\" is not an endpoint URL",
                advice:
                    "Write it with its scheme and host, for example http://localhost:9000 or https://s3.example.com.")
        }
        guard url.percentEncodedUser == nil, url.percentEncodedPassword == nil, url.percentEncodedQuery == nil,
            url.percentEncodedFragment == nil
        else {
            // The text may hold a password: it is not repeated.
            throw EndpointProblem(
                message: "the endpoint URL has a user, password, query or fragment",
                advice: "Write scheme, host, port and path only; keys belong into the source's auth.")
        }
        var basePath = url.percentEncodedPath
        while basePath.hasSuffix("/") { basePath.removeLast() }
        let port = url.port.map { ":\($0)" } ?? ""
        return (scheme, host.lowercased() + port, basePath)
    }
}
