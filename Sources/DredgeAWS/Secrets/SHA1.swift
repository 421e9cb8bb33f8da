import CCrypto
import DredgeBase

/// SHA-1 (FIPS 180-4) by libcrypto: names files of the SSO token cache; protects nothing.
enum SHA1 {
    /// The digest of a string's UTF-8 in lowercase hexadecimal.
    static func hex(_ string: String) -> String {
        let bytes = [UInt8](string.utf8)
        let digest = [UInt8](unsafeUninitializedCapacity: 20) { output, count in
            let status = EVP_Digest(bytes, bytes.count, output.baseAddress, nil, EVP_sha1(), nil)
            precondition(status == 1, "libcrypto could not hash: out of memory")
            count = 20
        }
        return Hexadecimal.string(digest)
    }
}
