internal import CChecksums
internal import CCrypto

/// What S3 may keep as an object's checksum
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>).
package enum ChecksumAlgorithm: String, Sendable, CaseIterable {
    case crc64nvme = "CRC-64/NVME"
    case crc32c = "CRC-32C"
    case crc32 = "CRC-32"
    case sha256 = "SHA-256"
    case sha1 = "SHA-1"

    /// Bytes of a value.
    package var byteCount: Int {
        switch self {
        case .crc64nvme: 8
        case .crc32c, .crc32: 4
        case .sha256: 32
        case .sha1: 20
        }
    }
}

/// A checksum of bytes that arrive in pieces.
package final class Checksum {
    /// Which one.
    package let algorithm: ChecksumAlgorithm
    /// Of a CRC.
    private var register: UInt64
    private let table: [UInt64]
    /// Of a digest; freed with this.
    private let digest: OpaquePointer?

    /// Of no bytes yet.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        register = algorithm == .crc64nvme ? .max : UInt64(UInt32.max)
        switch algorithm {
        case .crc64nvme: (table, digest) = (Self.crc64nvme, nil)
        case .crc32c: (table, digest) = (Self.crc32c, nil)
        case .crc32: (table, digest) = (Self.crc32, nil)
        case .sha256: (table, digest) = ([], Self.context(EVP_sha256()))
        case .sha1: (table, digest) = ([], Self.context(EVP_sha1()))
        }
    }

    deinit { EVP_MD_CTX_free(digest) }

    /// Adds `bytes` behind those before.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        if let digest {
            precondition(EVP_DigestUpdate(digest, base, bytes.count) == 1, "libcrypto could not hash")
        } else {
            register = ck_crc(table, register, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
    }

    /// The checksum of all bytes that were added, the highest byte of a CRC first. To be asked for once, at the end.
    package func finish() -> [UInt8] {
        guard let digest else {
            let value = ~register
            return (1...algorithm.byteCount).map {
                UInt8(truncatingIfNeeded: value >> (8 * UInt64(algorithm.byteCount - $0)))
            }
        }
        return [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { output, count in
            precondition(EVP_DigestFinal_ex(digest, output.baseAddress, nil) == 1, "libcrypto could not hash")
            count = algorithm.byteCount
        }
    }

    /// The checksum of `bytes`.
    package static func value(_ algorithm: ChecksumAlgorithm, of bytes: [UInt8]) -> [UInt8] {
        let checksum = Checksum(algorithm)
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.finish()
    }

    private static func context(_ algorithm: OpaquePointer?) -> OpaquePointer {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            // Nothing else makes it fail.
            preconditionFailure("libcrypto could not hash: out of memory")
        }
        return context
    }

    // The polynomials are those of "Catalogue of parametrised CRC algorithms"
    // (<https://reveng.sourceforge.io/crc-catalogue/all.htm>), reflected.
    private static let crc64nvme = table(0x9A6C_9329_AC4B_C9B5)
    private static let crc32c = table(0x82F6_3B78)
    private static let crc32 = table(0xEDB8_8320)

    private static func table(_ polynomial: UInt64) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: Int(CK_TABLE_COUNT)) { numbers, count in
            ck_crc_table(polynomial, numbers.baseAddress)
            count = numbers.count
        }
    }
}
