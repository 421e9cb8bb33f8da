internal import DredgeLedger
internal import GRDB

/// Reads the chunks of objects, and keeps the batches that it inflated last (`StoreLimits.inflatedCacheByteCount`):
/// objects that are neighbours in the listing stand in the batches of a few workers.
///
/// `@unchecked Sendable`: used only within the reads of one `StoreReader`, which come one at a time.
final class ContentReader: @unchecked Sendable {
    struct InflatedBatch {
        var entries: [DirectoryEntry]
        /// All of it, or as much as was asked for first.
        var text: [UInt8]
    }

    private let path: String
    private var batches: [BatchID: (batch: InflatedBatch, lastUse: Int)] = [:]
    private var useCount = 0
    private var cachedByteCount = 0
    private var dataVersion: Int64?

    init(path: String) { self.path = path }

    /// The spans of an object, in order of their ordinals.
    func spans(_ db: Database, of object: ObjectID) throws -> [ChunkSpan] {
        try query(
            db,
            "SELECT batch, first_entry, first_ordinal, chunk_count FROM span WHERE object = ? ORDER BY first_ordinal",
            [.int(object.rawValue)]
        ) { ChunkSpan(batch: $0.id(0), firstEntry: $0.int(1), firstOrdinal: $0.int(2), chunkCount: $0.int(3)) }
    }

    /// Calls `body` for each chunk of a span; its bytes are valid during the call. Throws `corrupt` for a span that
    /// names other chunks.
    func forEachChunk(
        _ db: Database, of object: ObjectID, in span: ChunkSpan,
        _ body: (DirectoryEntry, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let batch = try batch(db, span.batch) { entries in
            guard let last = span.lastEntry(of: entries) else { return 0 }
            return last.start + last.byteLength
        }
        guard span.firstEntry >= 0, span.chunkCount >= 0, span.firstEntry <= batch.entries.count,
            span.chunkCount <= batch.entries.count - span.firstEntry
        else { throw corrupt(span.batch, "it has \(batch.entries.count) chunks, object \(object) asks for others") }
        try batch.text.withUnsafeBytes { text in
            for index in 0..<span.chunkCount {
                let entry = batch.entries[span.firstEntry + index]
                guard entry.object == object, entry.ordinal - index == span.firstOrdinal else {
                    throw corrupt(span.batch, "its chunk \(span.firstEntry + index) is not of object \(object)")
                }
                try body(entry, UnsafeRawBufferPointer(rebasing: text[entry.start..<entry.start + entry.byteLength]))
            }
        }
    }

    /// The chunks of a span.
    func chunks(_ db: Database, of object: StoredObject, in span: ChunkSpan) throws -> [StoredChunk] {
        var chunks: [StoredChunk] = []
        try forEachChunk(db, of: object.id, in: span) { entry, text in
            chunks.append(
                StoredChunk(
                    source: object.source, bucket: object.bucket, prefix: object.prefix,
                    endpointURL: object.endpointURL, key: object.key, eTag: object.content?.eTag ?? object.eTag,
                    versionID: object.content?.versionID, lastModified: object.contentLastModified,
                    ordinal: entry.ordinal, byteOffset: entry.byteOffset, byteLength: entry.byteLength,
                    tokenCount: entry.tokenCount, text: Array(text)))
        }
        return chunks
    }

    /// A batch with so much of its text as `needed` says of its entries, or more: who asks for it once may want one
    /// chunk of it, who asks again will want all of them.
    private func batch(
        _ db: Database, _ id: BatchID, _ needed: ([DirectoryEntry]) -> Int
    ) throws -> InflatedBatch {
        try forgetOthers(db)
        useCount += 1
        let known = batches[id]?.batch
        if let known, needed(known.entries) <= known.text.count {
            batches[id]?.lastUse = useCount
            return known
        }
        let rows = try query(db, "SELECT payload FROM batch WHERE id = ?", [.int(id.rawValue)]) { $0.bytes(0) ?? [] }
        guard let payload = rows.first else { throw corrupt(id, "it is missing") }
        let batch: InflatedBatch
        do throws(BatchDamage) {
            batch = try Self.inflate(payload, known == nil ? needed : { _ in .max })
        } catch { throw corrupt(id, error.what) }
        cachedByteCount += batch.text.count - (known?.text.count ?? 0)
        batches[id] = (batch, useCount)
        while cachedByteCount > StoreLimits.inflatedCacheByteCount, batches.count > 1,
            let oldest = batches.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            cachedByteCount -= oldest.value.batch.text.count
            batches[oldest.key] = nil
        }
        return batch
    }

    /// The identifier of a batch that was deleted may be that of another one by now, so what was inflated before
    /// somebody else's commit is not used any more (https://sqlite.org/pragma.html#pragma_data_version).
    private func forgetOthers(_ db: Database) throws {
        let version = try query(db, "PRAGMA data_version") { $0.int64(0) }.first
        if version == dataVersion { return }
        dataVersion = version
        batches = [:]
        cachedByteCount = 0
    }

    /// - Parameter needed: how much of the text is needed.
    static func inflate(
        _ payload: [UInt8], _ needed: ([DirectoryEntry]) -> Int = { _ in .max }
    ) throws(BatchDamage) -> InflatedBatch {
        var result: Result<InflatedBatch, BatchDamage>?
        payload.withUnsafeBytes { bytes in
            do throws(BatchDamage) {
                let entries = try BatchFormat.directory(bytes)
                let byteCount = entries.last.map { $0.start + $0.byteLength } ?? 0
                let first = needed(entries)
                let text =
                    first < byteCount
                    ? try BatchFormat.inflate(bytes, rawByteCount: byteCount, first: first)
                    : try BatchFormat.inflate(bytes, rawByteCount: byteCount)
                result = .success(InflatedBatch(entries: entries, text: text))
            } catch { result = .failure(error) }
        }
        return try result!.get()
    }

    private func corrupt(_ batch: BatchID, _ what: String) -> StoreError {
        StoreError(
            code: .corrupt, path: path, message: "Batch \(batch) of \(path) is damaged: \(what).",
            advice: StoreError.repairAdvice)
    }
}

extension ChunkSpan {
    /// Its last entry in the batch's directory; nil: it has none, or the directory has no such entries.
    fileprivate func lastEntry(of entries: [DirectoryEntry]) -> DirectoryEntry? {
        guard firstEntry >= 0, chunkCount > 0, firstEntry <= entries.count, chunkCount <= entries.count - firstEntry
        else { return nil }
        return entries[firstEntry + chunkCount - 1]
    }

    /// Those of its chunks whose ordinals are in `range`.
    func part(_ range: Range<Int>) -> ChunkSpan {
        guard firstOrdinal >= 0, chunkCount >= 0, firstEntry >= 0 else { return self }
        let skipped = min(max(0, range.lowerBound - firstOrdinal), chunkCount)
        let count = min(max(0, range.upperBound - firstOrdinal), chunkCount) - skipped
        return ChunkSpan(
            batch: batch, firstEntry: firstEntry + skipped, firstOrdinal: firstOrdinal + skipped,
            chunkCount: max(0, count))
    }
}
