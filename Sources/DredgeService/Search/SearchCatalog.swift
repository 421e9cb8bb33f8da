internal import Foundation
internal import GRDB

/// What a collection's search has: `collections/ID.search`, an SQLite database, beside the segments' files
/// `ID.search-N` (`SegmentWriter`); of a store that a command searches, `STORE.search` and `STORE.search-N`. Together
/// they find chunks by their words. They have no text, and are made anew from the chunk store where one is missing or
/// damaged.
///
/// A segment is never changed: an update adds one, and merging replaces neighbours by one. So a query reads what was
/// there when it began, and waits for nobody.
///
/// FTS5 would do the same with less code. But it ranks every row that has a word, and counts in the ranks what was
/// deleted; and a contentless table of SQLite before 3.43 deletes a row only by the text that it was made of, which the
/// chunk store does not have any more. `Benchmarks/search --fts5` compares the two: on a busy machine of two cores, the
/// median query took FTS5 of SQLite 3.40 0.8 s among 260,000 chunks of 250 words, and its file had 850 bytes a chunk;
/// here it has 350 to 400.
/// - `state`: `sequence` counts the updates that changed something, and begins at `base`: milliseconds since 1970 when
///   the file was made, so that a file that was lost is not taken for the one before. `next_segment` and `next_version`
///   are numbers that nothing had; `open_version` is that of a document whose chunks are being added, 0: none.
/// - `run`: by name. `metadata` is what the job's client attached; `sequence` is where the changes were when it ended;
///   NULL: not known.
/// - `document`: what is found. `number` is that of the object; it and `run`, `etag`, `uri`, `chunk_count` tell whether
///   the store has another version. `version` is what the segments call it by. `sequence` is the update that put it
///   here, `first_sequence` the first one that did.
/// - `removed`: numbers of documents that are gone.
/// - `segment`: in order of `place`, which is that of their chunks.
struct SearchCatalog: Sendable {
    let path: String
    let queue: DatabaseQueue

    static let applicationID = 0x4452_4753
    static let version = 2

    /// Opens the file; makes it (mode 0600) where there is none.
    init(path: String) throws {
        self.path = path
        queue = try Self.open(path)
    }

    /// Opens a file that is there, for queries.
    init(reading path: String) throws {
        self.path = path
        var configuration = Self.configuration
        configuration.readonly = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
        guard try queue.read(Self.isOfThisVersion) else { throw SearchDamage(path: path) }
    }

    /// Whether SQLite finds no damage of pages, nor a row with other types than its table has
    /// (<https://www.sqlite.org/pragma.html#pragma_quick_check>). Reads all of the file, which has some 100 bytes a
    /// document.
    func isSound() throws -> Bool {
        try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") } == "ok"
    }

    /// Whether the files are damaged, or are none of this version.
    static func isUseless(_ error: any Error) -> Bool {
        if error is SearchDamage { return true }
        guard let code = (error as? DatabaseError)?.resultCode else { return false }
        return [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH].contains(code)
    }

    /// Deletes the search's files of a collection.
    static func unlink(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { Foundation.unlink(path + suffix) }
        for name in segmentNames(path) { Foundation.unlink(name) }
    }

    /// The segments' files that are there, also those that are being written, or were left behind.
    static func segmentNames(_ path: String) -> [String] {
        let url = URL(filePath: path)
        let directory = url.deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        let prefix = url.lastPathComponent + "-"
        return names.compactMap { name in
            guard name.hasPrefix(prefix), let id = Int64(name.dropFirst(prefix.count)) else { return nil }
            // As `segmentPath` has it, whatever `path` is relative to.
            return segmentPath(path, id)
        }
    }

    static func segmentPath(_ path: String, _ id: Int64) -> String { "\(path)-\(id)" }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "dredge-search"
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Foundation.close(descriptor) }
        var configuration = configuration
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            // A power cut may cost the file, never the chunks.
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in
            if try isOfThisVersion(db) { return }
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 else {
                throw SearchDamage(path: path)
            }
            try db.execute(sql: sql)
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            try db.execute(sql: "INSERT INTO state VALUES (?1, ?1, 1, 1, 0)", arguments: [now])
        }
        return queue
    }

    private static func isOfThisVersion(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "PRAGMA user_version") == version
            && Int.fetchOne(db, sql: "PRAGMA application_id") == applicationID
    }

    private static let sql = """
        CREATE TABLE state(
            base INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            next_segment INTEGER NOT NULL,
            next_version INTEGER NOT NULL,
            open_version INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE run(
            name TEXT NOT NULL PRIMARY KEY,
            number INTEGER UNIQUE,
            metadata TEXT NOT NULL,
            sequence INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE document(
            number INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            run INTEGER NOT NULL,
            etag TEXT NOT NULL,
            uri TEXT NOT NULL,
            chunk_count INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            sequence INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX document_sequence ON document(sequence);
        CREATE TABLE removed(
            number INTEGER PRIMARY KEY,
            first_sequence INTEGER NOT NULL,
            sequence INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE segment(
            id INTEGER PRIMARY KEY,
            place INTEGER NOT NULL UNIQUE,
            chunk_count INTEGER NOT NULL,
            byte_count INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """
}

/// A row of `segment`.
struct SegmentRow: Sendable, Hashable {
    var id: Int64
    var place: Int64
    var content: SegmentContent
}

extension Database {
    /// Notes that a document's present version is not found any more, and that the document is gone where `isGone`.
    func removeDocument(_ number: Int64, sequence: Int64, isGone: Bool) throws {
        if isGone {
            try execute(
                sql: """
                    INSERT OR REPLACE INTO removed(number, first_sequence, sequence)
                    SELECT number, first_sequence, ?2 FROM document WHERE number = ?1
                    """, arguments: [number, sequence])
        }
        try execute(sql: "DELETE FROM document WHERE number = ?", arguments: [number])
    }

    /// The segments, in order.
    func segments() throws -> [SegmentRow] {
        try Row.fetchAll(self, sql: "SELECT * FROM segment ORDER BY place").map {
            SegmentRow(
                id: $0["id"], place: $0["place"],
                content: SegmentContent(
                    chunkCount: $0["chunk_count"], byteCount: $0["byte_count"], checksum: $0["checksum"]))
        }
    }

    /// A number that no segment had.
    func takeSegmentID() throws -> Int64 {
        try Int64.fetchOne(self, sql: "UPDATE state SET next_segment = next_segment + 1 RETURNING next_segment - 1")
            ?? 0
    }

    func insert(_ segment: SegmentRow) throws {
        try execute(
            sql: "INSERT INTO segment VALUES (?, ?, ?, ?, ?)",
            arguments: [
                segment.id, segment.place, segment.content.chunkCount, segment.content.byteCount,
                segment.content.checksum,
            ])
    }

    /// What documents' versions are called in segments; also of one whose chunks are being added.
    func liveVersions() throws -> Set<Int64> {
        var versions = Set<Int64>()
        let rows = try Row.fetchCursor(
            self, sql: "SELECT version FROM document UNION ALL SELECT open_version FROM state")
        while let row = try rows.next() { versions.insert(row[0]) }
        return versions
    }
}
