internal import GRDB

/// The tables of the control database. Times are seconds since 1970-01-01 UTC.
///
/// - `organization`: who keys belong to. `external_id` is what its roles demand; nil: none was minted. After a rotation
///   with an overlap, `old_external_id` is valid until `old_external_id_until`.
/// - `api_key`: `sha256` of the key, hexadecimal. The key itself is nowhere, but for its beginning: `prefix`. What
///   `last_used` tells is true to the hour.
/// - `collection`: named within organization and environment; its chunks are in the file `collections/ID.chunks`.
///   `document_count` is of when a job last ended there, or documents were deleted.
/// - `role`: a role ARN of the organization's integration; `verdicts` is JSON, of the last verification,
///   `external_id` the one with which it let the server in last.
/// - `job`: `request` is the JSON of what was asked, without credentials; `run` is the run of the chunk store,
///   `byte_count` what was read from the bucket, as far as the job's processes could note it.
/// - `deleted_collection`: one whose files are still to be deleted.
/// - `idempotency`: which job a key of a request stands for.
enum ControlSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in try db.execute(sql: version1) }
        migrator.registerMigration("console") { db in
            for column in ["name TEXT", "prefix TEXT", "last_used REAL"] {
                try db.execute(sql: "ALTER TABLE api_key ADD COLUMN \(column)")
            }
        }
        migrator.registerMigration("webhooks") { db in try db.execute(sql: webhooks) }
        migrator.registerMigration("syncs") { db in try db.execute(sql: syncs) }
        migrator.registerMigration("deletions") { db in
            try db.execute(sql: "CREATE TABLE deleted_collection(id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID")
        }
        migrator.registerMigration("document count") { db in
            try db.execute(sql: "ALTER TABLE collection ADD COLUMN document_count INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("quotas") { db in
            try db.execute(sql: "ALTER TABLE job ADD COLUMN byte_count INTEGER NOT NULL DEFAULT 0")
            try db.execute(sql: "CREATE INDEX job_created ON job(organization, created)")
        }
        migrator.registerMigration("verified external ID") { db in
            try db.execute(sql: "ALTER TABLE role ADD COLUMN external_id TEXT")
        }
        return migrator
    }

    private static let version1 = """
        CREATE TABLE organization(
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created REAL NOT NULL,
            external_id TEXT,
            old_external_id TEXT,
            old_external_id_until REAL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE api_key(
            id TEXT NOT NULL PRIMARY KEY,
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            sha256 TEXT NOT NULL UNIQUE,
            created REAL NOT NULL,
            revoked REAL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE collection(
            id TEXT NOT NULL PRIMARY KEY,
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            name TEXT NOT NULL,
            description TEXT,
            metadata TEXT,
            created REAL NOT NULL,
            UNIQUE (organization, environment, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE role(
            organization TEXT NOT NULL REFERENCES organization(id),
            arn TEXT NOT NULL,
            status TEXT NOT NULL,
            created REAL NOT NULL,
            verified REAL,
            verdicts TEXT,
            PRIMARY KEY (organization, arn)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE job(
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            collection TEXT NOT NULL,
            collection_name TEXT NOT NULL,
            type TEXT NOT NULL,
            status TEXT NOT NULL,
            request TEXT NOT NULL,
            has_keys INTEGER NOT NULL,
            run INTEGER,
            created REAL NOT NULL,
            started REAL,
            updated REAL NOT NULL,
            ended REAL,
            cancelled_by TEXT,
            rolled_back REAL,
            result TEXT,
            error_code TEXT,
            error_message TEXT
        ) STRICT;
        CREATE INDEX job_organization ON job(organization, environment, number);
        CREATE INDEX job_open ON job(number) WHERE ended IS NULL;

        CREATE TABLE idempotency(
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            key TEXT NOT NULL,
            body_sha256 TEXT NOT NULL,
            job TEXT NOT NULL,
            created REAL NOT NULL,
            PRIMARY KEY (organization, environment, key)
        ) STRICT, WITHOUT ROWID;
        """
}
