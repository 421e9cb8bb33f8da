internal import CCrypto

/// SHA-256 (FIPS 180-4) by libcrypto: of bytes that arrive in pieces, or, by the static functions, of bytes in one
/// place.
package struct SHA256: ~Copyable {
    /// Bytes of a digest.
    package static let byteCount = 32

    /// The digest of no bytes, in hexadecimal: what a request without a body signs.
    package static let hexOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private let context: OpaquePointer

    /// Of no bytes yet.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, Self.algorithm, nil) == 1 else {
            fatalError("libcrypto could not begin a SHA-256: out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds `bytes` behind those before.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, base, bytes.count) == 1, "libcrypto could not hash")
    }

    /// Adds `bytes` behind those before.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all bytes that were added.
    package consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { output, count in
            precondition(EVP_DigestFinal_ex(context, output.baseAddress, nil) == 1, "libcrypto could not hash")
            count = Self.byteCount
        }
    }

    /// Writes the digest of `bytes` to `output`, which has room for `byteCount` bytes.
    package static func digest(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= byteCount, "a SHA-256 digest needs \(byteCount) bytes of room")
        let status = EVP_Digest(
            bytes.baseAddress, bytes.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, algorithm, nil
        )
        precondition(status == 1, "libcrypto could not hash: out of memory")
    }

    /// The digest of `bytes`.
    package static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            digest(bytes, into: UnsafeMutableRawBufferPointer(output))
            count = byteCount
        }
    }

    /// The digest of `bytes`.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest($0) } }

    /// The digest of `bytes` in lowercase hexadecimal.
    package static func hex(_ bytes: [UInt8]) -> String { Hexadecimal.string(digest(bytes)) }

    // Safe: fetched once, never freed, and libcrypto's fetched algorithms are immutable and may be shared between
    // threads (EVP_MD_fetch(3)).
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA2-256", nil) else { fatalError("libcrypto has no SHA-256") }
        return algorithm
    }()
}
