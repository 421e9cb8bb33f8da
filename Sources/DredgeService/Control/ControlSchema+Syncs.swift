extension ControlSchema {
    /// - `sync`: what of a bucket a collection follows. `settings` is JSON; `source` is the name by which the chunk
    ///   store knows its documents, which a sync of the same place takes over from one that was deleted. `next_run` is
    ///   null unless the sync is active and has an interval. `error`: why its last run could not begin.
    /// - `job.sync`: the sync that a job is a run of.
    ///
    /// A sync ends with its collection: another one of the same name is not what it was made for.
    static let syncs = """
        CREATE TABLE sync(
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            collection TEXT NOT NULL,
            collection_name TEXT NOT NULL,
            bucket TEXT NOT NULL,
            prefix TEXT NOT NULL,
            source TEXT NOT NULL,
            settings TEXT NOT NULL,
            status TEXT NOT NULL,
            created REAL NOT NULL,
            updated REAL NOT NULL,
            deactivated REAL,
            next_run REAL,
            backfill_job TEXT,
            error TEXT
        ) STRICT;
        CREATE INDEX sync_owner ON sync(organization, environment, number);
        CREATE UNIQUE INDEX sync_place ON sync(collection, bucket, prefix) WHERE deactivated IS NULL;
        CREATE UNIQUE INDEX sync_source ON sync(collection, source) WHERE deactivated IS NULL;
        CREATE INDEX sync_due ON sync(next_run) WHERE next_run IS NOT NULL;

        ALTER TABLE job ADD COLUMN sync TEXT AS (json_extract(request, '$.sync.id')) VIRTUAL;
        CREATE INDEX job_sync ON job(sync, number) WHERE sync IS NOT NULL;

        CREATE TRIGGER sync_of_collection AFTER DELETE ON collection BEGIN
            UPDATE sync SET deactivated = unixepoch(), next_run = NULL
            WHERE collection = OLD.id AND deactivated IS NULL;
        END;
        """
}
