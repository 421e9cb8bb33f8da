/// Lowercase hexadecimal.
package enum Hexadecimal {
    private static let digits = [UInt8]("0123456789abcdef".utf8)

    /// Appends two digits for each byte.
    package static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        digits.withUnsafeBufferPointer { digits in
            for byte in bytes {
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
    }

    /// Two digits for each byte.
    package static func string(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        bytes.withUnsafeBytes { append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }
}
