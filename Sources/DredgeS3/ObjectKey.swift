/// The name of an object: bytes, compared as bytes.
///
/// A `String` would compare by Unicode equivalence, so that two objects whose keys differ only in normalization were
/// one. S3 keys are up to 1,024 bytes, `..`, `//` and a leading `/` are legal text in them, and they are never paths
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The key as S3 stores it, not encoded in any way.
    public var bytes: [UInt8]

    /// The key of exactly these bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The key of the UTF-8 of `string`, as it is: no normalization, no unescaping.
    public init(_ string: String) {
        bytes = Array(string.utf8)
    }

    /// For people: not reversible. Control characters are escaped, so that a key can't drive a terminal or break a log
    /// line.
    public var description: String {
        printable(bytes)
    }

    /// Byte order, which is the order of an S3 listing.
    public static func < (a: Self, b: Self) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }
}

/// `bytes` as text that is safe to print: invalid UTF-8 becomes U+FFFD; control, line-breaking and text-direction
/// characters become `\u{…}`.
package func printable(_ bytes: some Sequence<UInt8>, scalarCountMax: Int = .max) -> String {
    var text = ""
    var count = 0
    for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
        guard count < scalarCountMax else {
            text += "…"
            break
        }
        count += 1
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            text += scalar.escaped(asASCII: true)
        default:
            text.unicodeScalars.append(scalar)
        }
    }
    return text
}
