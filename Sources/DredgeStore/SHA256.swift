internal import CCrypto

/// SHA-256 by libcrypto's EVP interface (EVP_DigestInit(3)), of bytes that arrive in pieces.
struct SHA256: ~Copyable {
    private let context: OpaquePointer

    init() {
        // Fails only when memory is out or libcrypto has no SHA-256 (a FIPS build has it too).
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto cannot begin a SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        EVP_DigestUpdate(context, base, bytes.count)
    }

    mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Eight bytes, little-endian.
    mutating func update(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// The text's length in bytes, then its bytes, so that two fields can't run into one another.
    mutating func update(lengthAnd text: String) { update(lengthAnd: Array(text.utf8)) }

    /// The count, then the bytes.
    mutating func update(lengthAnd bytes: [UInt8]) {
        update(UInt64(bytes.count))
        update(bytes)
    }

    consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            count = 32
        }
    }

    static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}

/// Two lowercase hexadecimal digits for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
