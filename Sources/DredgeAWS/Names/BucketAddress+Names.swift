/// What names there are. A complaint is the end of a sentence that begins with what was written; nil: there is none.
extension BucketAddress {
    /// What S3 names by a suffix and treats as something else than a general purpose bucket
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
    static func kindComplaint(_ name: String) -> String? {
        if name.hasSuffix("--x-s3") || name.hasSuffix("--xa-s3") { return "is \(directoryBucket)" }
        if name.hasSuffix("--op-s3") {
            return "is an access point of S3 on Outposts, which is not supported; copy the objects to a bucket"
        }
        if name.hasSuffix("--table-s3") { return "is a table bucket (S3 Tables), which holds no objects" }
        if name.hasSuffix(".mrap") {
            return
                "is a Multi-Region Access Point, which is not supported, since it takes another kind of signature; "
                + "give one of the buckets behind it"
        }
        return nil
    }

    static let directoryBucket =
        "a directory bucket (S3 Express One Zone), which is not supported: its listing has no order, and it takes "
        + "sessions of its own. Copy the objects to a general purpose bucket"

    /// The rules of general purpose buckets
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>).
    /// - Parameter isLegacyAllowed: also upper case and underscores, which only buckets from before March 2018 and
    ///   other services have, and which only path style can address.
    /// - Returns: what is wrong with the name, as the end of a sentence that begins with it; nil: nothing.
    package static func nameComplaint(_ text: String, isLegacyAllowed: Bool) -> String? {
        if text.hasPrefix("s3://") || text.hasPrefix("s3a://") {
            return "is a URL; write the bucket's name alone here, and what follows it as prefix"
        }
        if text.hasPrefix("arn:") { return "is an ARN; write it as bucket_arn, or the bucket's name alone" }
        if text.contains("/") { return "has a /; write the bucket's name alone here, and what follows it as prefix" }
        if let complaint = kindComplaint(text) { return complaint }
        let bytes = Array(text.utf8)
        if isLegacyAllowed {
            let isRight =
                (3...255).contains(bytes.count)
                && bytes.allSatisfy {
                    isLowercaseOrDigit($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                        || [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-")].contains($0)
                }
            return isRight ? nil : "is not a bucket name: 3 to 255 letters, digits, dots, hyphens and underscores"
        }
        guard (3...63).contains(bytes.count),
            bytes.allSatisfy({ isLowercaseOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else { return "is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens" }
        guard let first = bytes.first, let last = bytes.last, isLowercaseOrDigit(first), isLowercaseOrDigit(last) else {
            return "is not a bucket name: the first and the last character are letters or digits"
        }
        if text.contains("..") { return "is not a bucket name: two dots must not follow each other" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ Int($0) != nil }) {
            return "is an IP address; a bucket name must not look like one"
        }
        return nil
    }

    /// Whether a host name can carry the bucket's name. A wildcard certificate covers one label, so over TLS dots don't
    /// fit.
    package static func fitsHostName(_ name: String, isSecure: Bool) -> Bool {
        guard (3...63).contains(name.utf8.count) else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return (labels.count == 1 || !isSecure) && labels.allSatisfy(isHostLabel)
    }

    static func isHostLabel(_ label: some StringProtocol) -> Bool {
        let label = Array(label.utf8)
        guard let first = label.first, let last = label.last else { return false }
        return isLowercaseOrDigit(first) && isLowercaseOrDigit(last)
            && label.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
