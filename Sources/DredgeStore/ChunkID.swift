internal import DredgeBase
internal import DredgeLedger

/// Gives the chunks of one version of an object their IDs.
///
/// An ID is the first 16 bytes, in hexadecimal, of the SHA-256 of the 32 bytes of V and the chunk's ordinal. V is the
/// SHA-256 of the text `dredge-chunk-id-1`; the source's endpoint (an empty text: AWS's), bucket, key, and ETag without
/// its quotes; the number of settings, then name and value of each, in order of the names' bytes. Every number is eight
/// bytes little-endian, and every text or key its byte count and its bytes.
struct ChunkIDs {
    private static let byteCount = 16
    /// V, and behind it the ordinal of the chunk that was asked for last.
    private var input: [UInt8]

    /// - Parameter settings: `StoredSettings.hashInput`.
    init(endpointURL: String?, bucket: String, key: [UInt8], eTag: ETag, settings: [UInt8]) {
        var hash = SHA256()
        hash.update(lengthAnd: "dredge-chunk-id-1")
        hash.update(lengthAnd: endpointURL ?? "")
        hash.update(lengthAnd: bucket)
        hash.update(lengthAnd: key)
        hash.update(lengthAnd: eTag.value)
        hash.update(settings)
        input = hash.finish() + [UInt8](repeating: 0, count: MemoryLayout<UInt64>.size)
    }

    /// Appends the ID of the chunk with this ordinal.
    mutating func append(_ ordinal: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt64(ordinal).littleEndian) { input.replaceSubrange(SHA256.byteCount..., with: $0) }
        SHA256.digest(input).withUnsafeBytes {
            Hexadecimal.append(UnsafeRawBufferPointer(rebasing: $0[..<Self.byteCount]), to: &bytes)
        }
    }
}
