internal import CCrypto

/// MD5 (RFC 1321) by libcrypto, of bytes that arrive in pieces: against accidents alone, where others give nothing
/// better.
package struct MD5: ~Copyable {
    /// Bytes of a digest.
    package static let byteCount = 16

    private let context: OpaquePointer

    /// Of no bytes yet; nil: this libcrypto has none, as where only what FIPS 140 approves is allowed.
    package init?() {
        guard let algorithm = Self.algorithm else { return nil }
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            fatalError("libcrypto could not begin an MD5: out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds `bytes` behind those before.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, base, bytes.count) == 1, "libcrypto could not hash")
    }

    /// The digest of all bytes that were added.
    package consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { output, count in
            precondition(EVP_DigestFinal_ex(context, output.baseAddress, nil) == 1, "libcrypto could not hash")
            count = Self.byteCount
        }
    }

    // Safe: fetched once, never freed, and libcrypto's fetched algorithms are immutable and may be shared between
    // threads (EVP_MD_fetch(3)).
    private nonisolated(unsafe) static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "MD5", nil)
}
