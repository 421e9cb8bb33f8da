import Foundation

/// Rules for single values, shared by the config file and the flags. Each returns nil where the value is right, else what is
/// wrong and what would be right, as the end of a sentence that begins with the value.
enum FieldRules {
    static func name(_ text: String) -> String? {
        if text.isEmpty || text.utf8.count > ConfigLimits.nameByteCountMax {
            return "is not a name of 1 to \(ConfigLimits.nameByteCountMax) bytes"
        }
        return Quoting.escaped(text) == text ? nil : "has control characters; a name has none"
    }

    static func storePath(_ text: String) -> String? {
        if text.isEmpty { return "is empty; write the path of the store's file" }
        if text.utf8.contains(0) { return "has a NUL character; no file can have that name" }
        return text.hasSuffix("/") ? "is a directory; write the path of the store's file" : nil
    }

    static func prefix(_ text: String) -> String? {
        text.utf8.count <= ConfigLimits.prefixByteCountMax
            ? nil : "is longer than a key can be (\(ConfigLimits.prefixByteCountMax) bytes)"
    }

    static func region(_ text: String) -> String? {
        let isRight =
            (1...63).contains(text.utf8.count) && text.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == dash }
        return isRight ? nil : "is not a region's code, which looks like us-east-1"
    }

    /// Rules of general-purpose buckets (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
    /// - Parameter isLegacyAllowed: also upper case and underscores, which only buckets from before March 2018 and other services
    ///   have, and which only path style can address.
    static func bucket(_ text: String, isLegacyAllowed: Bool) -> String? {
        if text.hasPrefix("s3://") || text.hasPrefix("s3a://") {
            return "is a URL; write the bucket's name alone here, and what follows it as prefix"
        }
        if text.hasPrefix("arn:") { return "is an ARN; write it as bucket_arn, or the bucket's name alone" }
        if text.contains("/") { return "has a /; write the bucket's name alone here, and what follows it as prefix" }
        let bytes = Array(text.utf8)
        if isLegacyAllowed {
            let isRight = (3...255).contains(bytes.count) && bytes.allSatisfy { isWord($0) || $0 == dot || $0 == dash }
            return isRight ? nil : "is not a bucket name: 3 to 255 letters, digits, dots, hyphens and underscores"
        }
        guard (3...63).contains(bytes.count),
            bytes.allSatisfy({ isLower($0) || isDigit($0) || $0 == dot || $0 == dash })
        else {
            return "is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"
        }
        guard bytes.first != dot, bytes.first != dash, bytes.last != dot, bytes.last != dash else {
            return "is not a bucket name: the first and the last character are letters or digits"
        }
        if text.contains("..") { return "is not a bucket name: two dots must not follow each other" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ Int($0) != nil }) {
            return "is an IP address; a bucket name must not look like one"
        }
        return nil
    }

    /// - Returns: the bucket's name, or what is wrong.
    static func bucketARN(_ text: String) -> (name: String?, complaint: String?) {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "arn", fields[2] == "s3" else {
            return (nil, "is not a bucket's ARN, which looks like arn:aws:s3:::acme-contracts")
        }
        if !fields[3].isEmpty || !fields[4].isEmpty || fields[5].hasPrefix("accesspoint") {
            return (
                nil, "is an access point's ARN, which is not supported; give the bucket's: arn:aws:s3:::acme-contracts"
            )
        }
        if fields[5].contains("/") {
            return (
                nil,
                "names objects, not a bucket; write arn:\(fields[1]):s3:::NAME, and what follows the name as prefix"
            )
        }
        if let complaint = bucket(String(fields[5]), isLegacyAllowed: false) {
            return (nil, "does not end with a bucket's name: its end \(complaint)")
        }
        return (String(fields[5]), nil)
    }

    /// - Parameter isOtherService: the role is not AWS's own: then the account may be absent or a name (Ceph, MinIO).
    static func roleARN(_ text: String, isOtherService: Bool) -> String? {
        let example = "arn:aws:iam::123456789012:role/ReadRole"
        guard ConfigLimits.roleARNLength.contains(text.count) else {
            return "is not a role's ARN (20 to 2048 characters), which looks like \(example)"
        }
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "arn", !text.contains(where: \.isWhitespace) else {
            return "is not a role's ARN, which looks like \(example)"
        }
        if isOtherService { return nil }
        guard fields[1] == "aws" || fields[1].hasPrefix("aws-") else {
            return "is of no AWS partition: \(quoted(fields[1])) should be aws, aws-cn or aws-us-gov"
        }
        if fields[2] == "sts" { return "is a session's ARN; write the role's, which looks like \(example)" }
        guard fields[2] == "iam" else {
            return "is not an ARN of IAM but of \(quoted(fields[2])); a role's looks like \(example)"
        }
        guard fields[3].isEmpty else { return "has a region, which a role's ARN has not: it looks like \(example)" }
        guard fields[4].utf8.count == 12, fields[4].utf8.allSatisfy(isDigit) else {
            return "has the account \(quoted(fields[4])); an AWS account ID has 12 digits"
        }
        guard fields[5].hasPrefix("role/"), fields[5].utf8.count > 5 else {
            return "names \(quoted(fields[5])), which is no role; a role's ARN looks like \(example)"
        }
        return nil
    }

    static func kmsKeyARN(_ text: String) -> String? {
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        let isRight =
            fields.count == 6 && fields[0] == "arn" && fields[2] == "kms" && !fields[3].isEmpty
            && fields[4].utf8.count == 12 && (fields[5].hasPrefix("key/") || fields[5].hasPrefix("alias/"))
        return isRight ? nil : "is not a KMS key's ARN, which looks like arn:aws:kms:us-east-1:123456789012:key/…"
    }

    /// `http://host:9000`. User and password are refused without showing them.
    static func endpointURL(_ text: String) -> String? {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
            scheme == "http" || scheme == "https",
            let host = url.host, !host.isEmpty
        else { return "is not a URL, which looks like https://s3.example.com or http://127.0.0.1:9000" }
        if let port = url.port, !(1...65_535).contains(port) { return "has a port that is none; ports are 1 to 65535" }
        if url.query != nil || url.fragment != nil { return "has a query or a fragment; an endpoint has none" }
        return nil
    }

    static func hasUserInfo(_ text: String) -> Bool {
        guard let url = URLComponents(string: text) else {
            return text.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first?.contains("@") ?? false
        }
        return url.user != nil || url.password != nil
    }

    /// Access key IDs: `AccessKeyId` of STS is 16 to 128 of `\w`; other services are freer.
    static func accessKeyID(_ text: String) -> String? {
        let isRight =
            (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        return isRight ? nil : "is not an access key ID, which looks like AKIAIOSFODNN7EXAMPLE"
    }

    private static func quoted(_ text: Substring) -> String { Quoting.quoted(String(text)) }
    private static let dot = UInt8(ascii: "."), dash = UInt8(ascii: "-")
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isWord(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }
}
