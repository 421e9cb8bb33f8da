internal import DredgeBase
public import DredgeLedger
internal import GRDB

extension ChunkStore {
    /// SHA-256 of the logical content, in hexadecimal: equal for two stores that hold the same chunks of the same keys
    /// under the same settings, however they came there (order of arrival, workers, batches, crashes, runs, sources),
    /// on any machine. A function of keys, bytes and settings alone; with `versions`, of ETags and version IDs too.
    ///
    /// `ContentDigest` says what the hash runs over, `forEachObject` what the digest of an object is.
    ///
    /// Not in it: states, times, endpoints, attempts, runs. Reads the whole store, at about the speed of SHA-256;
    /// memory is that of the batches kept inflated.
    public func digest(versions: Bool = false) async throws(StoreError) -> String {
        try await contentDigest(versions: versions).text(settings: settings)
    }

    /// What the digest is made of.
    package func contentDigest(versions: Bool = false) async throws(StoreError) -> ContentDigest {
        try await reduceObjects(into: ContentDigest(), hasContent: true) { sum, object, digest in
            guard let digest, let content = object.content else { return }
            sum.insert(
                versions
                    ? ContentDigest.versioned(digest, eTag: content.eTag, versionID: content.versionID) : digest)
        }
    }

    /// Calls `body` for every object, or those with content, in order of (bucket, key bytes, source), with its digest;
    /// nil: nothing of it is stored. Reads the whole store.
    ///
    /// The digest of an object is the SHA-256 of, with every number as eight bytes little-endian and every text or key
    /// as its byte count and its bytes: the text `dredge-object-digest-3`; bucket and key; size in bytes, number of
    /// chunks; then for each chunk its ordinal, byte offset, byte count, token count, and its bytes.
    package func reduceObjects<Result: Sendable>(
        into initial: Result, hasContent: Bool = false,
        _ body: @escaping @Sendable (inout Result, StoredObject, [UInt8]?) throws -> Void
    ) async throws(StoreError) -> Result {
        let path = path
        return try await readSnapshot { db in
            let content = ContentReader(path: path)
            var result = initial
            var cursor = try ObjectCursor.byBucket(db, ObjectFilter(hasContent: hasContent))
            while let object = try cursor.next(db) {
                try body(&result, object, try Self.digest(of: object, content, db))
            }
            return result
        }
    }

    private static func digest(of object: StoredObject, _ content: ContentReader, _ db: Database) throws -> [UInt8]? {
        guard let version = object.content else { return nil }
        var hash = SHA256()
        hash.update(lengthAnd: "dredge-object-digest-3")
        hash.update(lengthAnd: object.bucket)
        hash.update(lengthAnd: object.key)
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
        return hash.finish()
    }
}
