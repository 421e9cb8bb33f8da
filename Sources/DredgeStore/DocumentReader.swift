package import DredgeLedger
internal import GRDB

/// Answers small questions about a store over and over, on a connection that stays open: what a server needs.
///
/// Sees what is committed at each call, as one state. A store that was written anew (compacted, repaired, forgotten
/// from) is another file: make another reader then.
package final class DocumentReader: Sendable {
    private let reader: StoreReader
    private let content: ContentReader
    private let path: String

    /// Opens the file. Throws `cannotOpen` where there is none.
    package convenience init(path: String) throws(StoreError) {
        let resolved = try StorePath.resolve(path)
        try ChunkStore.requireFile(resolved)
        let reader: StoreReader
        do {
            reader = try StoreReader(path: resolved)
            try reader.read { try Schema.check($0, path: resolved) }
        } catch { throw StoreError(error, path: resolved) }
        self.init(reader, path: resolved)
    }

    private init(_ reader: StoreReader, path: String) {
        self.reader = reader
        content = ContentReader(path: path)
        self.path = path
    }

    /// The same; nil where there is no file, or one in which the first run has not made the tables yet.
    package static func ifStored(path: String) throws(StoreError) -> DocumentReader? {
        let resolved = try StorePath.resolve(path)
        guard fileByteCount(resolved) > 0 else { return nil }
        do {
            let reader = try StoreReader(path: resolved)
            let isEmpty = try reader.read { db in
                if try Schema.isEmpty(db) { return true }
                try Schema.check(db, path: resolved)
                return false
            }
            return isEmpty ? nil : DocumentReader(reader, path: resolved)
        } catch { throw StoreError(error, path: resolved) }
    }

    /// Documents that have content, in order of their numbers. `offset` costs a row each.
    package func documents(limit: Int, offset: Int) async throws(StoreError) -> [StoredObject] {
        try await objects(
            "content_etag IS NOT NULL ORDER BY object.id LIMIT ? OFFSET ?", [.int(Int64(limit)), .int(Int64(offset))])
    }

    /// How many have content. Costs a row each.
    package func documentCount() async throws(StoreError) -> Int {
        try await read { db in
            try query(db, "SELECT count(*) FROM object WHERE content_etag IS NOT NULL") { $0.int(0) }.first ?? 0
        }
    }

    /// The object with this number; nil: there is none.
    package func object(_ id: ObjectID) async throws(StoreError) -> StoredObject? {
        try await objects("object.id = ?", [.id(id)]).first
    }

    /// The run of this name, and a page of the objects that it listed last, behind number `after`, in order of their
    /// numbers; nil: none has begun. A page may take as long as there are objects of other runs between.
    package func files(
        ofRunNamed name: String, after: ObjectID?, limit: Int
    ) async throws(StoreError) -> (run: RunID, files: [StoredObject])? {
        try await read { db in
            guard let run = try Self.run(db, named: name) else { return nil }
            return (
                run,
                try Self.objects(
                    db, "object.id > ? AND object.run = ? ORDER BY object.id LIMIT ?",
                    [.int(after?.rawValue ?? 0), .id(run), .int(Int64(limit))])
            )
        }
    }

    /// Those of them that could not be read, or kept changing. Costs a look at all of them.
    package func failedFiles(of run: RunID, after: ObjectID?, limit: Int) async throws(StoreError) -> [StoredObject] {
        try await objects(
            "object.id > ? AND object.run = ? AND state IN ('failed', 'changed') ORDER BY object.id LIMIT ?",
            [.int(after?.rawValue ?? 0), .id(run), .int(Int64(limit))])
    }

    /// Objects whose content `run` stored, behind number `after`, in order of their numbers.
    package func documents(of run: RunID, after: ObjectID?, limit: Int) async throws(StoreError) -> [StoredObject] {
        try await objects(
            "object.id > ? AND content_run = ? ORDER BY object.id LIMIT ?",
            [.int(after?.rawValue ?? 0), .id(run), .int(Int64(limit))])
    }

    /// Chunks `first ..< first + limit` of an object, as far as there are so many.
    /// - Parameter byteCountMax: bytes of their text: those behind are left out, but for the first.
    package func chunks(
        of object: StoredObject, from first: Int, limit: Int, byteCountMax: Int = .max
    ) async throws(StoreError) -> [StoredChunk] {
        let content = content
        return try await read { db in
            var (chunks, byteCount) = ([StoredChunk](), 0)
            for span in try content.spans(db, of: object.id, from: first, limit: limit)
            where span.firstOrdinal < first + limit && span.firstOrdinal + span.chunkCount > first {
                for chunk in try content.chunks(db, of: object, in: span.part(first..<first + limit)) {
                    byteCount += chunk.text.count
                    if byteCount > byteCountMax, !chunks.isEmpty { return chunks }
                    chunks.append(chunk)
                }
            }
            return chunks
        }
    }

    /// The run of this name; nil: none has begun. The newest, where there are several.
    package func run(named name: String) async throws(StoreError) -> RunID? {
        try await read { db in try Self.run(db, named: name) }
    }

    private static func run(_ db: Database, named name: String) throws -> RunID? {
        try query(db, "SELECT id FROM run WHERE name = ? ORDER BY id DESC LIMIT 1", [.text(name)]) {
            RunID(rawValue: $0.int64(0))
        }.first
    }

    /// What a run has come to so far.
    package func totals(of run: RunID) async throws(StoreError) -> RunTotals {
        try await read { db in try runTotals(db, of: run) }
    }

    /// The complete run of this name, with what it came to; nil: there is none.
    package func completeRun(named name: String) async throws(StoreError) -> (RunID, RunTotals)? {
        try await read { db in
            let run = try query(
                db, "SELECT id FROM run WHERE name = ? AND outcome = 'complete' ORDER BY id DESC LIMIT 1", [.text(name)]
            ) { RunID(rawValue: $0.int64(0)) }.first
            guard let run else { return nil }
            return (run, try runTotals(db, of: run))
        }
    }

    func objects(_ rest: String, _ values: [QueryValue]) async throws(StoreError) -> [StoredObject] {
        try await read { db in try Self.objects(db, rest, values) }
    }

    private static func objects(_ db: Database, _ rest: String, _ values: [QueryValue]) throws -> [StoredObject] {
        try query(
            db,
            """
            SELECT \(ObjectCursor.columns), source.id, name, bucket, prefix, endpoint_url
            FROM object JOIN source ON source.id = object.source WHERE \(rest)
            """, values
        ) { row in
            ObjectCursor.object(
                row,
                of: ObjectCursor.SourceRow(
                    id: row.int64(17), name: row.text(18) ?? "", bucket: row.text(19) ?? "",
                    prefix: row.text(20) ?? "", endpointURL: row.text(21)))
        }
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        do {
            return try await reader.read { db in
                // All that one answer needs is of one state: a batch may be deleted between two statements.
                try db.cachedStatement(sql: "BEGIN DEFERRED").execute()
                defer { try? db.cachedStatement(sql: "ROLLBACK").execute() }
                return try body(db)
            }
        } catch { throw StoreError(error, path: path) }
    }
}
