import CCrypto

/// SHA-256 (FIPS 180-4) by libcrypto.
package enum SHA256 {
    /// Bytes of a digest.
    package static let byteCount = 32

    /// The digest of no bytes, in hexadecimal: what a request without a body signs.
    package static let hexOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Writes the digest of `bytes` to `output`, which has room for `byteCount` bytes.
    package static func digest(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= byteCount, "a SHA-256 digest needs \(byteCount) bytes of room")
        let status = EVP_Digest(
            bytes.baseAddress, bytes.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, algorithm, nil
        )
        precondition(status == 1, "libcrypto could not hash: out of memory")
    }

    /// The digest of `bytes`.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            bytes.withUnsafeBytes { digest($0, into: UnsafeMutableRawBufferPointer(output)) }
            count = byteCount
        }
    }

    /// The digest of `bytes` in lowercase hexadecimal.
    package static func hex(_ bytes: [UInt8]) -> String { Hexadecimal.string(digest(bytes)) }

    // Safe: fetched once, never freed, and libcrypto's fetched algorithms are immutable and may be shared between threads (EVP_MD_fetch(3)).
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA2-256", nil) else { fatalError("libcrypto has no SHA-256") }
        return algorithm
    }()
}

/// Lowercase hexadecimal.
package enum Hexadecimal {
    static let digits = [UInt8]("0123456789abcdef".utf8)

    /// Appends two digits for each byte.
    static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
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
