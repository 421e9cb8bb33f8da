internal import Foundation
internal import GRDB

/// A collection's search file, `collections/ID.search`: an SQLite database that finds chunks by their words. It has no
/// text of its own, and is made anew from the chunk store where it is missing or damaged.
///
/// It is an inverted index of its own and not FTS5's. FTS5 ranks about 4 µs a row, so that a word of 5 % of a million
/// chunks takes 200 ms; a contentless FTS5 table of SQLite before 3.43 deletes a row only by the text that it was made
/// of, which the chunk store does not have any more; and what was deleted counts in the ranks.
///
/// Chunks are numbered over all documents, those of a document one after the other. A number that no document has is
/// dead: its chunk was replaced. `SearchRewrite` numbers anew, and leaves out what is dead.
/// - `state`: `sequence` counts the updates that changed something, and begins at `base`: milliseconds since 1970 when
///   the file was made, so that a file that was lost is not taken for the one before.
/// - `run`: by name. `metadata` is what the job's client attached; `sequence` is where the changes were when it ended;
///   NULL: not known.
/// - `document`: what is found. `number` is that of the object; it and `run`, `etag`, `uri`, `chunk_count` tell whether
///   the store has another version. `sequence` is the update that put it here, `first_sequence` the first one that did.
/// - `removed`: numbers of documents that are gone.
/// - `segment`: chunks `first_chunk ..< first_chunk + chunk_count`; `lengths` are the words of each, four bytes each,
///   little-endian.
/// - `posting`: which chunks of a segment have a word (`PostingWriter`), counted from the segment's first.
struct SearchFile: Sendable {
    let path: String
    let queue: DatabaseQueue

    static let applicationID = 0x4452_4753
    static let version = 1

    /// Opens the file; makes it (mode 0600) where there is none, or none that can be used.
    init(path: String) throws {
        self.path = path
        Self.unlink(path + "-new")
        do {
            queue = try Self.open(path)
        } catch let error as DatabaseError where Self.isUseless(error) {
            Self.unlink(path)
            queue = try Self.open(path)
        }
    }

    /// Opens a file that is there, for queries.
    init(reading path: String) throws {
        self.path = path
        queue = try Self.open(path)
    }

    /// Whether the file is damaged, or is none of this version.
    static func isUseless(_ error: any Error) -> Bool {
        guard let code = (error as? DatabaseError)?.resultCode else { return false }
        return [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH].contains(code)
    }

    static func unlink(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { Foundation.unlink(path + suffix) }
    }

    static func open(_ path: String, isNew: Bool = false) throws -> DatabaseQueue {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Foundation.close(descriptor) }
        var configuration = Configuration()
        configuration.label = "dredge-search"
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            // A power cut may cost the file, never the chunks.
            try db.execute(sql: isNew ? "PRAGMA journal_mode = OFF" : "PRAGMA journal_mode = DELETE")
            try db.execute(sql: isNew ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = NORMAL")
            try db.execute(sql: "PRAGMA cache_size = -\(ServiceLimits.searchCacheByteCount >> 10)")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in
            if try Int.fetchOne(db, sql: "PRAGMA user_version") == version,
                try Int.fetchOne(db, sql: "PRAGMA application_id") == applicationID
            {
                return
            }
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 else {
                throw DatabaseError(resultCode: .SQLITE_MISMATCH)
            }
            try db.execute(sql: sql)
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            try db.execute(sql: "INSERT INTO state VALUES (?1, ?1)", arguments: [now])
        }
        return queue
    }

    private static let sql = """
        CREATE TABLE state(base INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
        CREATE TABLE run(
            name TEXT NOT NULL PRIMARY KEY,
            number INTEGER UNIQUE,
            metadata TEXT NOT NULL,
            sequence INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE document(
            number INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            etag TEXT NOT NULL,
            uri TEXT NOT NULL,
            first_chunk INTEGER NOT NULL,
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
            first_chunk INTEGER PRIMARY KEY,
            chunk_count INTEGER NOT NULL,
            lengths BLOB NOT NULL
        ) STRICT;
        CREATE TABLE posting(
            term BLOB NOT NULL,
            segment INTEGER NOT NULL,
            chunk_count INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (term, segment)
        ) STRICT, WITHOUT ROWID;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// Four bytes a length.
    static func data(_ lengths: [UInt32]) -> Data {
        lengths.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    static func lengths(_ data: UnsafeRawBufferPointer) -> [UInt32] {
        (0..<data.count / 4).map { UInt32(littleEndian: data.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
    }
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
}
