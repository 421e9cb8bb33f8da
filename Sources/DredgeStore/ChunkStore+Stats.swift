public import DredgeLedger
internal import Foundation
internal import GRDB

#if canImport(FoundationEssentials)
    public import struct FoundationEssentials.Date
#else
    public import struct Foundation.Date
#endif

/// What a store holds.
public struct StoreStats: Sendable, Codable, Hashable {
    /// One run.
    public struct Run: Sendable, Codable, Hashable {
        /// Its row.
        public var run: RunID
        /// The id that it was begun with.
        public var id: String
        /// The version of the program.
        public var version: String
        /// When it was begun.
        public var began: Date
        /// When it ended; nil: it goes on, or was killed.
        public var ended: Date?
        /// How it ended; nil: it goes on, or was killed.
        public var outcome: RunOutcome?
        /// How often it was gone on with.
        public var resumedCount: Int
        /// What it came to, when it ended.
        public var totals: RunTotals?
    }
    /// What the content is a function of.
    public var settings: [String: String]
    /// Objects by state, and their listed bytes.
    public var states: [ObjectState: RunTotals.Count]
    /// Objects of which chunks (or an empty document) are stored.
    public var contentObjectCount: Int
    /// Of these, those that may be of an older version than the bucket has.
    public var staleObjectCount: Int
    /// Bytes of the stored documents.
    public var contentByteCount: UInt64
    /// Chunks of all objects.
    public var chunkCount: Int
    /// Tokens of all chunks.
    public var tokenCount: Int
    /// Batches.
    public var batchCount: Int
    /// Bytes of the chunks in the batches, dead ones too.
    public var rawByteCount: UInt64
    /// Bytes of the batches' payloads: directories and compressed text.
    public var payloadByteCount: UInt64
    /// Chunks of large objects that are not read to their end yet.
    public var progressChunkCount = 0
    /// Chunks in batches that belong to no object: left by newer versions of objects, or (until the next run) by a
    /// crash. While a run writes, also those whose objects are not complete yet.
    public var deadChunkCount: Int
    /// Their bytes.
    public var deadByteCount: UInt64
    /// Bytes of the file and its write-ahead log.
    public var fileByteCount: UInt64
    /// The last runs, newest first.
    public var runs: [Run]
}

extension ChunkStore {
    /// Totals of the store. Reads rows of objects and the directories of batches with dead chunks, no text: about a
    /// second per million objects.
    public func stats() async throws(StoreError) -> StoreStats {
        let (path, settings) = (path, settings)
        return try await readSnapshot { db in
            var stats = StoreStats(
                settings: settings, states: [:], contentObjectCount: 0, staleObjectCount: 0, contentByteCount: 0,
                chunkCount: 0, tokenCount: 0, batchCount: 0, rawByteCount: 0, payloadByteCount: 0, deadChunkCount: 0,
                deadByteCount: 0, fileByteCount: 0, runs: try lastRuns(db))
            try countObjects(db, &stats)
            try countBatches(db, &stats)
            stats.fileByteCount = ["", "-wal"].map { fileByteCount(path + $0) }.reduce(0, +)
            return stats
        }
    }

}

private func countObjects(_ db: Database, _ stats: inout StoreStats) throws {
    let groups = try query(
        db,
        """
        SELECT state, count(*), total(size), count(content_etag), total(content_byte_count), sum(chunk_count),
            sum(token_count)
        FROM object GROUP BY state
        """
    ) { row in
        (
            state: ObjectState(rawValue: row.text(0) ?? ""),
            count: RunTotals.Count(objects: row.int(1), bytes: row.uint64(2)),
            contentCount: row.int(3), contentByteCount: row.uint64(4), chunkCount: row.int(5), tokenCount: row.int(6)
        )
    }
    for group in groups {
        // The schema allows no other states; a damaged file may hold them, which `verify` tells of.
        if let state = group.state { stats.states[state] = group.count }
        stats.contentObjectCount += group.contentCount
        if group.state != .indexed, group.state != .unchanged {
            stats.staleObjectCount += group.contentCount
        }
        stats.contentByteCount &+= group.contentByteCount
        stats.chunkCount &+= group.chunkCount
        stats.tokenCount &+= group.tokenCount
    }
}

private func countBatches(_ db: Database, _ stats: inout StoreStats) throws {
    _ = try query(
        db, "SELECT count(*), total(raw_byte_count), total(payload_byte_count), total(entry_count) FROM batch"
    ) { row in
        stats.batchCount = row.int(0)
        stats.rawByteCount = row.uint64(1)
        stats.payloadByteCount = row.uint64(2)
        stats.deadChunkCount = row.int(3)
    }
    let hasProgress = try Schema.userVersion(db) >= 2
    if hasProgress {
        stats.progressChunkCount =
            try query(db, "SELECT total(chunk_count) FROM progress_span") { $0.int(0) }.first ?? 0
    }
    let used = try query(db, "SELECT total(chunk_count) FROM span") { $0.int(0) }.first ?? 0
    stats.deadChunkCount &-= used &+ stats.progressChunkCount
    guard stats.deadChunkCount > 0 else { return }
    // Which entries are dead, and how long they are, is only known from the directories of these batches.
    let columns = "SELECT batch, first_entry, chunk_count FROM"
    let spans = hasProgress ? "(\(columns) span UNION ALL \(columns) progress_span)" : "(\(columns) span)"
    let batches = try query(
        db,
        """
        SELECT batch.id FROM batch LEFT JOIN \(spans) AS used ON used.batch = batch.id
        GROUP BY batch.id HAVING ifnull(sum(used.chunk_count), 0) < batch.entry_count
        """
    ) { row -> BatchID in row.id(0) }
    for batch in batches {
        // What can't be read is no concern of totals: `verify` tells of it.
        guard let entries = try? readDirectory(db, batch) else { continue }
        var isLive = [Bool](repeating: false, count: entries.count)
        _ = try query(db, "SELECT first_entry, chunk_count FROM \(spans) WHERE batch = ?", [.id(batch)]) { span in
            let (first, count) = (span.int(0), span.int(1))
            guard first >= 0, count >= 0, first <= entries.count, count <= entries.count - first else { return }
            for index in first..<first + count { isLive[index] = true }
        }
        for (entry, isLive) in zip(entries, isLive) where !isLive { stats.deadByteCount += UInt64(entry.byteLength) }
    }
}

/// The directory of a batch, without its text.
func readDirectory(_ db: Database, _ batch: BatchID) throws -> [DirectoryEntry] {
    func front(_ byteCount: Int) throws -> [UInt8] {
        try query(db, "SELECT substr(payload, 1, ?) FROM batch WHERE id = ?", [.int(Int64(byteCount)), .id(batch)]) {
            $0.bytes(0) ?? []
        }.first ?? []
    }
    let prefix = try front(BatchFormat.prefixByteCount)
    let byteCount = try prefix.withUnsafeBytes { try BatchFormat.directoryFrameByteCount($0) }
    return try front(byteCount).withUnsafeBytes { try BatchFormat.directory($0) }
}

private func lastRuns(_ db: Database) throws -> [StoreStats.Run] {
    func date(_ milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1_000) }
    return try query(
        db,
        """
        SELECT id, name, version, began_ms, ended_ms, outcome, resumed_count, totals FROM run
        ORDER BY id DESC LIMIT \(StoreLimits.statsRunCount)
        """
    ) { row in
        StoreStats.Run(
            run: row.id(0), id: row.text(1) ?? "", version: row.text(2) ?? "", began: date(row.int64(3)),
            ended: row.isNull(4) ? nil : date(row.int64(4)), outcome: row.text(5).flatMap(RunOutcome.init),
            resumedCount: row.int(6),
            totals: row.text(7).flatMap { try? JSONDecoder().decode(RunTotals.self, from: Data($0.utf8)) })
    }
}

/// By stat(2), which opens nothing.
func fileByteCount(_ path: String) -> UInt64 {
    var info = stat()
    return stat(path, &info) == 0 ? UInt64(info.st_size) : 0
}
