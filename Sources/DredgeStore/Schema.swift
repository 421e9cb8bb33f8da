/// The store's file, schema version 1.
///
/// An SQLite database (3.37 or later, for STRICT tables) in WAL mode, `application_id` 0x44524447 ("DRDG"),
/// `user_version` the schema's version. Everything in it can be read with `sqlite3` and an LZ4 library;
/// `BatchFormat.swift` has the bytes of `batch.payload`.
///
/// - `setting`: what the content is a function of, beside the objects' bytes (tokenizer, chunking).
/// - `source`, `run`, `run_source`: what was indexed when. `run.outcome` is NULL while a run goes on, or when it
///   crashed. `run.totals` is JSON, written when it ends. Times are milliseconds since 1970-01-01 UTC.
///   `run_source.stored_count` counts the listed objects that had content before; `run_source.kept` is why documents
///   that the listing left over were kept, NULL when none was.
/// - `object`: one row an object of a listing. A key is bytes, hence a BLOB. `run` and `position` are the run that
///   listed it last, and its place there. `state` is one of
///     - `pending`: not fetched yet,
///     - `indexed`: fetched and stored by `run`,
///     - `unchanged`: stored by an earlier run, with the ETag and size that `run` listed,
///     - `skipped`, `failed`: see `reason`,
///     - `vanished`: deleted between listing and fetch; with content and a `reason` (`not listed`, `removal withheld`),
///       it was not in the source's last listing, and is kept,
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
///
/// A chunk is named by object and ordinal, never by a row of its own.
enum Schema {
    static let applicationID: Int32 = 0x4452_4447
    static let version: Int32 = 1

    /// For the next pending objects of a source. Stores that were made before sources were fed side by side have one
    /// without the source, which is replaced when they are opened for writing.
    static let pendingIndexSQL = "CREATE INDEX object_pending ON object(run, source, position) WHERE state = 'pending'"

    /// Of `run_source`. Stores that were made before removals could be withheld get them when they are opened for
    /// writing.
    static let listingColumns = ["stored_count INTEGER NOT NULL DEFAULT 0", "kept TEXT"]

    static let sql = """
        CREATE TABLE setting(
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE source(
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            bucket TEXT NOT NULL,
            prefix TEXT NOT NULL,
            endpoint_url TEXT
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
            totals TEXT
        ) STRICT;

        CREATE TABLE run_source(
            run INTEGER NOT NULL REFERENCES run(id),
            source INTEGER NOT NULL REFERENCES source(id),
            ordinal INTEGER NOT NULL,
            filters TEXT,
            last_listed_key BLOB,
            is_listing_complete INTEGER NOT NULL DEFAULT 0,
            \(listingColumns.joined(separator: ",\n            ")),
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
            token_count INTEGER NOT NULL DEFAULT 0
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
            PRIMARY KEY (object, first_ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX span_batch ON span(batch, first_entry, chunk_count);
        """
}
