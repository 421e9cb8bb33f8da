/// URI encoding as SigV4 wants it, and its reverse as ListObjectsV2 uses it.
enum PercentEncoding {
    /// Appends `source`, each byte that is not unreserved (A-Z a-z 0-9 - . _ ~) as `%XX`
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>, `UriEncode`).
    static func append(_ source: [UInt8], to target: inout [UInt8], keepingSlash: Bool) {
        for byte in source {
            if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                target.append(byte)
            } else {
                target.append(UInt8(ascii: "%"))
                target.append(hexDigit(byte >> 4))
                target.append(hexDigit(byte & 15))
            }
        }
    }

    /// Decodes a value of an answer with `EncodingType` `url`: `%XX`, and `+` for a space. AWS writes a space as `+` (a plus
    /// sign as `%2B`), Ceph and moto write it as `%20`; none leaves a plus sign as it is.
    /// - Returns: nil when a `%` is not followed by two hexadecimal digits.
    static func decodeListValue(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexValue), let low = rest.next().flatMap(hexValue) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default:
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
