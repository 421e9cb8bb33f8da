/// Percent-encoding as AWS defines `UriEncode`: every byte but the unreserved characters of RFC 3986 (`A-Z a-z 0-9 - .
/// _ ~`) becomes `%XY` in uppercase. See "Create a canonical request" in the IAM User Guide's "Create a signed AWS API
/// request".
package enum URIEncoding {
    /// Encodes one path: `/` stays. S3 keys go through here once, and are neither normalised nor encoded again.
    package static func path(_ bytes: some Sequence<UInt8>) -> String { encode(bytes, keepsSlash: true) }

    /// Encodes a name or a value of a query, or of a form: `/` becomes `%2F`, a space `%20`.
    package static func query(_ bytes: some Sequence<UInt8>) -> String { encode(bytes, keepsSlash: false) }

    /// Encodes a name or a value of a query, or of a form.
    package static func query(_ string: String) -> String { encode(string.utf8, keepsSlash: false) }

    /// Encodes a name or a value of a form (`application/x-www-form-urlencoded`): as in a query, but a space is `+`.
    package static func form(_ string: String) -> String {
        string.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { query($0) }.joined(
            separator: "+")
    }

    /// Undoes `%XY`; `+` stays (the services' answers encode a space as `%20`, or as `+` in listings: see
    /// `plusIsSpace`). nil: a `%` without two hexadecimal digits behind it.
    package static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2])
                else { return nil }
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return output
    }

    /// Takes an array: a generic sequence costs an allocation for each byte where another module calls.
    static func append(_ bytes: [UInt8], keepsSlash: Bool, to output: inout [UInt8]) {
        for byte in bytes {
            if isUnreserved(byte) || (keepsSlash && byte == UInt8(ascii: "/")) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(upperDigit(byte >> 4))
                output.append(upperDigit(byte & 15))
            }
        }
    }

    private static func encode(_ bytes: some Sequence<UInt8>, keepsSlash: Bool) -> String {
        var output: [UInt8] = []
        let bytes = Array(bytes)
        output.reserveCapacity(bytes.count + 16)
        append(bytes, keepsSlash: keepsSlash, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
