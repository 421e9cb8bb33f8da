extension ControlSchema {
    /// - `webhook_endpoint`: `secret` signs what is sent there, so it must be kept. After a rotation `old_secret` signs
    ///   too, until `old_secret_until`.
    /// - `webhook_delivery`: an event for an endpoint. `next_attempt` is null unless the status is `pending`;
    ///   `round_count` are the attempts since the delivery was made or last asked for again.
    /// - `webhook_attempt`: what became of each attempt.
    static let webhooks = """
        CREATE TABLE webhook_endpoint(
            id TEXT NOT NULL PRIMARY KEY,
            organization TEXT NOT NULL REFERENCES organization(id),
            environment TEXT NOT NULL,
            url TEXT NOT NULL,
            description TEXT,
            filter TEXT NOT NULL,
            secret BLOB NOT NULL,
            old_secret BLOB,
            old_secret_until REAL,
            is_active INTEGER NOT NULL,
            disabled_reason TEXT,
            created REAL NOT NULL,
            updated REAL NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX webhook_endpoint_owner ON webhook_endpoint(organization, environment);

        CREATE TABLE webhook_delivery(
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            endpoint TEXT NOT NULL REFERENCES webhook_endpoint(id) ON DELETE CASCADE,
            event TEXT NOT NULL,
            type TEXT NOT NULL,
            job TEXT,
            body TEXT NOT NULL,
            status TEXT NOT NULL,
            created REAL NOT NULL,
            attempt_count INTEGER NOT NULL,
            round_count INTEGER NOT NULL,
            next_attempt REAL
        ) STRICT;
        CREATE INDEX webhook_delivery_endpoint ON webhook_delivery(endpoint, created);
        CREATE INDEX webhook_delivery_due ON webhook_delivery(endpoint, next_attempt) WHERE next_attempt IS NOT NULL;

        CREATE TABLE webhook_attempt(
            delivery INTEGER NOT NULL REFERENCES webhook_delivery(number) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            time REAL NOT NULL,
            status_code INTEGER,
            error TEXT,
            duration REAL NOT NULL,
            PRIMARY KEY (delivery, number)
        ) STRICT, WITHOUT ROWID;
        """
}
