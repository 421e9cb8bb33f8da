/// `s3://bucket/prefix`, or `s3://arn:…:accesspoint/name/prefix`: the ARN of an access point has a slash in it.
struct SourceURL: Equatable {
    /// The bucket's name, or the ARN.
    var bucket: String
    /// Byte for byte what follows the `/` behind the bucket: nothing is decoded.
    var prefix: String

    /// nil: `text` is no such URL.
    init?(_ text: String) {
        guard text.hasPrefix("s3://") else { return nil }
        let rest = text.utf8.dropFirst("s3://".utf8.count)
        let slash = UInt8(ascii: "/")
        var end = rest.firstIndex(of: slash) ?? rest.endIndex
        if rest.starts(with: "arn:".utf8), String(rest[..<end])?.hasSuffix(":accesspoint") == true, end < rest.endIndex
        {
            end = rest[rest.index(after: end)...].firstIndex(of: slash) ?? rest.endIndex
        }
        guard end > rest.startIndex else { return nil }
        bucket = String(rest[..<end]) ?? ""
        prefix = end == rest.endIndex ? "" : String(rest[rest.index(after: end)...]) ?? ""
    }
}
