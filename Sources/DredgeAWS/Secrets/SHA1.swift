import DredgeBase

/// SHA-1 (FIPS 180-4) by libcrypto: names files of the SSO token cache; protects nothing.
enum SHA1 {
    /// The digest of a string's UTF-8 in lowercase hexadecimal.
    static func hex(_ string: String) -> String {
        Hexadecimal.string(Checksum.value(.sha1, of: Array(string.utf8)))
    }
}
