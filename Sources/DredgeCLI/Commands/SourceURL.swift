/// `s3://bucket/prefix`.
struct SourceURL: Equatable {
    var bucket: String
    /// Byte for byte what follows the `/` behind the bucket: nothing is decoded.
    var prefix: String

    /// nil: it is none.
    init?(_ text: String) {
        guard text.hasPrefix("s3://") else { return nil }
        let rest = text.utf8.dropFirst("s3://".utf8.count)
        let bucket = rest.prefix { $0 != UInt8(ascii: "/") }
        guard !bucket.isEmpty else { return nil }
        self.bucket = String(bucket) ?? ""
        prefix = String(rest.dropFirst(bucket.count + 1)) ?? ""
    }
}
