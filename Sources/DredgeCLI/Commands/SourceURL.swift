import Dredge

/// `s3://bucket/prefix`, or `s3://arn:…:accesspoint/name/prefix`: the ARN of an access point has a slash in it.
struct SourceURL: Equatable {
    /// The bucket's name, or the ARN.
    var bucket: String
    /// Byte for byte what follows the `/` behind the bucket: nothing is decoded.
    var prefix: String
    /// What the keys below the prefix have to match; nil: anything.
    var pattern: String?

    /// The same, with what stands behind the last slash before the first `*` or `?` as a pattern, as s5cmd has it: `*`
    /// also matches slashes.
    var globbed: SourceURL {
        let scalars = prefix.unicodeScalars
        guard let wildcard = scalars.firstIndex(where: { $0 == "*" || $0 == "?" }) else { return self }
        let start = scalars[..<wildcard].lastIndex(of: "/").map { scalars.index(after: $0) } ?? scalars.startIndex
        var url = self
        url.prefix = String(scalars[..<start])
        var pattern = GlobPattern.quoted(url.prefix)
        var last: Unicode.Scalar?
        for scalar in scalars[start...] {
            switch scalar {
            case "*": pattern += last == "*" ? "" : "**"
            case "?": pattern += "?"
            // `**/` would match nothing at all, too.
            case "/" where last == "*": pattern += "\\/"
            // Not the slash before it, by scalars: what combines with it must stay.
            default: pattern.unicodeScalars += GlobPattern.quoted(String(scalar)).unicodeScalars.dropFirst()
            }
            last = scalar
        }
        url.pattern = pattern
        return url
    }

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
