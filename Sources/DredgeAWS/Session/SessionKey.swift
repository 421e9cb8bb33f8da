internal import DredgeBase

/// What makes two sessions of roles the same: whose keys sign first, and every call of STS on the way, with all that it
/// says.
///
/// Only a digest is kept, since external IDs and policies are in it.
struct SessionKey: Hashable, Sendable {
    private let digest: [UInt8]

    /// Of what the first call of a chain is signed with.
    init(_ base: BaseSource) {
        digest = withUnsafeBytes(of: ObjectIdentifier(base)) { SHA256.digest($0) }
    }

    /// Of the session that `call` gives to who holds the session of `signer`.
    init(_ call: STSCall, signedWith signer: SessionKey) {
        var hash = SHA256()
        hash.update(signer.digest)
        for text in [call.endpoint.region, call.endpoint.url] + call.parameters.flatMap({ [$0.name, $0.value] }) {
            // The length before the text, so that no two lists of texts run into the same bytes.
            withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { hash.update($0) }
            hash.update(Array(text.utf8))
        }
        digest = hash.finish()
    }
}
