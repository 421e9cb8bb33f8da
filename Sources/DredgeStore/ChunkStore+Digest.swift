public import DredgeLedger
internal import DredgeBase
internal import GRDB

extension ChunkStore {
    /// SHA-256 of the logical content, in hexadecimal: equal for two stores that hold the same chunks of the same keys
    /// under the same settings, however they came there (order of arrival, workers, batches, crashes, runs, sources),
    /// on any machine. A function of keys, bytes and settings alone; with `versions`, of ETags and version IDs too.
    ///
    /// The hash runs over, with every number as eight bytes little-endian and every text or key as its byte count and
    /// its bytes:
    /// - the text `dredge-store-digest-2`, or `dredge-store-digest-2-versions`;
    /// - the number of settings, then name and value of each, in order of the names' bytes;
    /// - for each object with content, in order of (bucket, key bytes): bucket and key; with `versions`, ETag without
    ///   surrounding quotes and version ID (an empty text: none); size in bytes, number of chunks; then for each chunk
    ///   its ordinal, byte offset, byte count, token count, and its bytes. Objects of one bucket and key, of several
    ///   sources, follow one another in order of the sources' names.
    ///
    /// Not in it: states, times, endpoints, attempts, runs. Reads the whole store, at about the speed of SHA-256;
    /// memory is that of the batches kept inflated.
    public func digest(versions: Bool = false) async throws(StoreError) -> String {
        let (path, settings) = (path, StoredSettings(settings).hashInput)
        return try await readSnapshot { db in
            var hash = SHA256()
            hash.update(lengthAnd: versions ? "dredge-store-digest-2-versions" : "dredge-store-digest-2")
            hash.update(settings)
            let content = ContentReader(path: path)
            var cursor = try ObjectCursor.byBucket(db, ObjectFilter(hasContent: true))
            while let object = try cursor.next(db), let version = object.content {
                hash.update(lengthAnd: object.bucket)
                hash.update(lengthAnd: object.key)
                if versions {
                    hash.update(lengthAnd: version.eTag.value)
                    hash.update(lengthAnd: version.versionID ?? "")
                }
                hash.update(version.size)
                hash.update(UInt64(clamping: object.chunkCount))
                for span in try content.spans(db, of: object.id) {
                    try content.forEachChunk(db, of: object.id, in: span) { entry, text in
                        hash.update(UInt64(entry.ordinal))
                        hash.update(entry.byteOffset)
                        hash.update(UInt64(entry.byteLength))
                        hash.update(UInt64(entry.tokenCount))
                        hash.update(text)
                    }
                }
            }
            return Hexadecimal.string(hash.finish())
        }
    }
}

extension SHA256 {
    /// Eight bytes, little-endian.
    fileprivate mutating func update(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// The text's length in bytes, then its bytes, so that two fields can't run into one another.
    fileprivate mutating func update(lengthAnd text: String) { update(lengthAnd: Array(text.utf8)) }

    /// The count, then the bytes.
    fileprivate mutating func update(lengthAnd bytes: [UInt8]) {
        update(UInt64(bytes.count))
        update(bytes)
    }
}
