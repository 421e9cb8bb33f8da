/// The store's file, schema version 2.
///
/// An SQLite database (3.37 or later, for STRICT tables) in WAL mode, `application_id` 0x44524447 ("DRDG"),
/// `user_version` the schema's version. Everything in it can be read with `sqlite3` and an LZ4 library;
/// `BatchFormat.swift` has the bytes of `batch.payload`.
///
/// - `setting`: what the content is a function of, beside the objects' bytes (tokenizer, chunking).
/// - `source`, `run`, `run_source`: what was indexed when. `run.outcome` is NULL while a run goes on, or when it
///   crashed. `run.totals` is JSON, written when it ends. `run.settings` is a copy of the settings, as JSON, from which
///   they are restored when they are damaged. `run_source.listed_count` are the objects that the run recorded,
///   `run_source.stored_count` those of them that had content before; `run_source.kept` is why documents that the
///   listing left over were kept, NULL when none was; `run_source.last_listed_key` is what of the listing is still to
///   come (`ListingPlace`). Times are milliseconds since 1970-01-01 UTC.
/// - `object`: one row an object of a listing. A key is bytes, hence a BLOB. `run` and `position` are the run that
///   listed it last, and its place there. `state` is one of
///     - `pending`: not fetched yet,
///     - `indexed`: fetched and stored by `run`,
///     - `unchanged`: stored by an earlier run, with the ETag and size that `run` listed,
///     - `skipped`, `failed`: see `reason`,
///     - `vanished`: deleted between listing and fetch; with a `reason` (`not listed`, `removal withheld`), it was not
///       in the source's last listing, and is kept,
///     - `changed`: kept changing while it was fetched.
///
///   `content_…` describe the version whose chunks are in the store, all NULL when none is. They differ from the listed
///   `etag` and `size` while a new version has not been stored (`pending`, `failed`, `changed`: the content is stale;
///   also `skipped`, until a complete listing allows it to go),
///   or when the object was replaced between listing and fetch. `content_byte_count` are the bytes of the document,
///   where chunk offsets count from. `skipped_etag` is the version that was read and found to be none to index
///   (binary), so that it is not fetched again.
/// - `batch`: chunks of one or many objects, compressed together.
/// - `span`: chunks `first_ordinal ..< first_ordinal + chunk_count` of `object` are the entries `first_entry ..<
///   first_entry + chunk_count` of `batch`. The spans of an object tile its chunks; entries of a batch that no span
///   names are dead.
/// - `progress`, `progress_span`: the first chunks of a large object that is not read to its end, and where they stand.
///   Nobody sees them before the object is finished; then they are its spans. `byte_offset` is where in the document
///   the next chunk begins.
///
/// All tables but `batch`, whose payload has checksums of its own, have a checksum of each row (`RowChecksum`).
/// Version 1 had no checksums, no `progress…`, no `run.settings` and no `run_source.listed_count`; a store of it is
/// read as it is, and brought to version 2 when it is opened for writing.
///
/// A later version must have another column or table: where the version in a file's header is damaged, the tables say
/// what it is.
///
/// A chunk is named by object and ordinal, never by a row of its own.
enum Schema {
    static let applicationID: Int32 = 0x4452_4447
    static let version: Int32 = 2

    /// For the next pending objects of a source. Stores that were made before sources were fed side by side have one
    /// without the source, which is replaced when they are opened for writing.
    static let pendingIndexSQL = "CREATE INDEX object_pending ON object(run, source, position) WHERE state = 'pending'"

    /// A table whose rows have checksums.
    enum Table: String, CaseIterable {
        case setting, source, run, object, span, progress
        case runSource = "run_source"
        case progressSpan = "progress_span"

        /// What the checksum is made of, in this order: all but the checksum itself, and `id` where SQLite chooses it.
        var columns: [String] {
            switch self {
            case .setting: ["name", "value"]
            case .source: ["name", "bucket", "prefix", "endpoint_url"]
            case .run:
                [
                    "name", "version", "settings_sha256", "began_ms", "resumed_count", "ended_ms", "outcome", "totals",
                    "settings",
                ]
            case .runSource:
                [
                    "run", "source", "ordinal", "filters", "last_listed_key", "is_listing_complete", "listed_count",
                    "stored_count", "kept",
                ]
            case .object:
                [
                    "source", "key", "size", "etag", "last_modified_ms", "storage_class", "run", "position", "state",
                    "reason", "attempt_count", "request_id", "skipped_etag", "content_etag", "content_size",
                    "content_version_id", "content_byte_count", "content_run", "chunk_count", "token_count",
                ]
            case .span, .progressSpan: ["object", "first_ordinal", "chunk_count", "batch", "first_entry"]
            case .progress: ["object", "etag", "size", "byte_offset", "chunk_count", "token_count"]
            }
        }

        /// Those that are 0, not NULL, when nothing is said of them.
        var zeroColumns: Set<String> {
            [
                "resumed_count", "is_listing_complete", "listed_count", "stored_count", "attempt_count", "chunk_count",
                "token_count",
            ]
        }

        /// What version 1 had of it; nil: it did not have the table.
        var columnsOfVersion1: [String]? {
            switch self {
            case .progress, .progressSpan: nil
            default: columns.filter { !["settings", "listed_count", "stored_count", "kept"].contains($0) }
            }
        }
    }

    /// Brings a store of version 1 to this version, in one transaction.
    static var migrationSQL: String {
        let tables = Table.allCases.filter { $0.columnsOfVersion1 != nil }
        return """
            ALTER TABLE run ADD COLUMN settings TEXT;
            ALTER TABLE run_source ADD COLUMN listed_count INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE run_source ADD COLUMN stored_count INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE run_source ADD COLUMN kept TEXT;
            \(tables.map { "ALTER TABLE \($0.rawValue) ADD COLUMN \(checksumSQL);" }.joined(separator: "\n"))
            UPDATE run_source SET listed_count = (SELECT count(*) FROM object
                WHERE object.run = run_source.run AND object.source = run_source.source)
                WHERE run = (SELECT max(id) FROM run);
            \(tables.map { "UPDATE \($0.rawValue) SET checksum = \($0.checksum());" }.joined(separator: "\n"))
            \(progressSQL)
            PRAGMA user_version = \(version);
            """
    }

    private static let checksumSQL = "checksum INTEGER NOT NULL DEFAULT 0"

    private static let progressSQL = """
        CREATE TABLE progress(
            object INTEGER PRIMARY KEY REFERENCES object(id) ON DELETE CASCADE,
            etag TEXT NOT NULL,
            size INTEGER NOT NULL,
            byte_offset INTEGER NOT NULL,
            chunk_count INTEGER NOT NULL,
            token_count INTEGER NOT NULL,
            \(checksumSQL)
        ) STRICT;

        CREATE TABLE progress_span(
            object INTEGER NOT NULL REFERENCES progress(object) ON DELETE CASCADE,
            first_ordinal INTEGER NOT NULL,
            chunk_count INTEGER NOT NULL,
            batch INTEGER NOT NULL REFERENCES batch(id),
            first_entry INTEGER NOT NULL,
            \(checksumSQL),
            PRIMARY KEY (object, first_ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX progress_span_batch ON progress_span(batch);
        """

    static let sql = """
        CREATE TABLE setting(
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL,
            \(checksumSQL)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE source(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            bucket TEXT NOT NULL,
            prefix TEXT NOT NULL,
            endpoint_url TEXT,
            \(checksumSQL)
        ) STRICT;

        CREATE TABLE run(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            settings_sha256 TEXT NOT NULL,
            began_ms INTEGER NOT NULL,
            resumed_count INTEGER NOT NULL DEFAULT 0,
            ended_ms INTEGER,
            outcome TEXT CHECK (outcome IN ('complete', 'stopped', 'fatal')),
            totals TEXT,
            settings TEXT,
            \(checksumSQL)
        ) STRICT;

        CREATE TABLE run_source(
            run INTEGER NOT NULL REFERENCES run(id),
            source INTEGER NOT NULL REFERENCES source(id),
            ordinal INTEGER NOT NULL,
            filters TEXT,
            last_listed_key BLOB,
            is_listing_complete INTEGER NOT NULL DEFAULT 0,
            listed_count INTEGER NOT NULL DEFAULT 0,
            stored_count INTEGER NOT NULL DEFAULT 0,
            kept TEXT,
            \(checksumSQL),
            PRIMARY KEY (run, source)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE object(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            source INTEGER NOT NULL REFERENCES source(id),
            key BLOB NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            last_modified_ms INTEGER,
            storage_class TEXT,
            run INTEGER NOT NULL,
            position INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('pending', 'indexed', 'unchanged', 'skipped', 'failed', 'vanished', 'changed')),
            reason TEXT,
            attempt_count INTEGER NOT NULL DEFAULT 0,
            request_id TEXT,
            skipped_etag TEXT,
            content_etag TEXT,
            content_size INTEGER,
            content_version_id TEXT,
            content_byte_count INTEGER,
            content_run INTEGER,
            chunk_count INTEGER NOT NULL DEFAULT 0,
            token_count INTEGER NOT NULL DEFAULT 0,
            \(checksumSQL)
        ) STRICT;
        CREATE UNIQUE INDEX object_key ON object(source, key);
        \(pendingIndexSQL);

        CREATE TABLE batch(
            id INTEGER PRIMARY KEY,
            codec TEXT NOT NULL,
            entry_count INTEGER NOT NULL,
            raw_byte_count INTEGER NOT NULL,
            payload_byte_count INTEGER NOT NULL,
            payload BLOB NOT NULL
        ) STRICT;
        CREATE INDEX batch_size ON batch(entry_count, raw_byte_count, payload_byte_count);

        CREATE TABLE span(
            object INTEGER NOT NULL REFERENCES object(id),
            first_ordinal INTEGER NOT NULL,
            chunk_count INTEGER NOT NULL,
            batch INTEGER NOT NULL REFERENCES batch(id),
            first_entry INTEGER NOT NULL,
            \(checksumSQL),
            PRIMARY KEY (object, first_ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX span_batch ON span(batch, first_entry, chunk_count);

        \(progressSQL)
        """
}
