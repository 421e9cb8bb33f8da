internal import Foundation
internal import GRDB

extension WriterConnection {
    func beginRun(
        id: String, version: String, settingsSHA256: String, sources: [SourceRecord]
    ) throws -> RunState {
        try dropUnusedBatches()
        sweepableBatchEnd = try (Int64.fetchOne(db, sql: "SELECT max(id) FROM batch") ?? 0) + 1
        let state = try resumeRun(sources) ?? newRun(id, version, settingsSHA256, sources)
        try commit()
        return state
    }

    /// The last run, if it is one to go on with.
    private func resumeRun(_ sources: [SourceRecord]) throws -> RunState? {
        guard
            let last = try Row.fetchOne(
                db, sql: "SELECT id, name FROM run WHERE id = (SELECT max(id) FROM run) AND outcome IS NOT 'complete'")
        else { return nil }
        let run: Int64 = last[0]
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT source.id, source.name, bucket, prefix, endpoint_url, filters, last_listed_key, is_listing_complete
                FROM run_source JOIN source ON source.id = run_source.source WHERE run = ? ORDER BY ordinal
                """, arguments: [run])
        let recorded = rows.map {
            SourceRecord(name: $0[1], bucket: $0[2], prefix: $0[3], endpointURL: $0[4], filters: $0[5])
        }
        guard recorded == sources else { return nil }

        try db.execute(
            sql:
                "UPDATE run SET resumed_count = resumed_count + 1, ended_ms = NULL, outcome = NULL, totals = NULL WHERE id = ?",
            arguments: [run])
        try db.execute(
            sql: "UPDATE object SET state = 'pending', reason = NULL WHERE run = ? AND state IN ('failed', 'changed')",
            arguments: [run])
        nextPosition =
            try (Int64.fetchOne(db, sql: "SELECT max(position) FROM object WHERE run = ?", arguments: [run]) ?? 0) + 1
        return RunState(
            run: run, id: last[1], isResumed: true,
            sources: rows.map { row in
                SourceState(
                    source: row[0], lastListedKey: (row[6] as Data?).map { Array($0) }, isListingComplete: row[7])
            })
    }

    private func newRun(
        _ id: String, _ version: String, _ settingsSHA256: String, _ sources: [SourceRecord]
    ) throws -> RunState {
        try db.execute(
            sql: "INSERT INTO run(name, version, settings_sha256, began_ms) VALUES (?, ?, ?, ?)",
            arguments: [id, version, settingsSHA256, milliseconds(Date())])
        let run = db.lastInsertedRowID
        nextPosition = 1
        var states: [SourceState] = []
        for (ordinal, source) in sources.enumerated() {
            let row = try sourceRow(source)
            try db.execute(
                sql: "INSERT INTO run_source(run, source, ordinal, filters) VALUES (?, ?, ?, ?)",
                arguments: [run, row, ordinal, source.filters])
            states.append(SourceState(source: row, lastListedKey: nil, isListingComplete: false))
        }
        return RunState(run: run, id: id, isResumed: false, sources: states)
    }

    private func sourceRow(_ source: SourceRecord) throws -> Int64 {
        let found = try Int64.fetchOne(
            db, sql: "SELECT id FROM source WHERE name = ? AND bucket = ? AND prefix = ? AND endpoint_url IS ?",
            arguments: [source.name, source.bucket, source.prefix, source.endpointURL])
        if let found { return found }
        try db.execute(
            sql: "INSERT INTO source(name, bucket, prefix, endpoint_url) VALUES (?, ?, ?, ?)",
            arguments: [source.name, source.bucket, source.prefix, source.endpointURL])
        return db.lastInsertedRowID
    }

    // MARK: Listing

    func recordListing(run: Int64, source: Int64, objects: [ListedRecord]) throws -> ListingCount {
        var counted = ListingCount()
        guard let last = objects.last else { return counted }
        try begin()
        // ETags are compared without their quotes, which some services leave out of listings. On the right side of SET
        // a column's name means its old value.
        let upsert = try statement(
            """
            INSERT INTO object(source, key, size, etag, last_modified_ms, storage_class, run, position, state, reason)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CASE WHEN ?9 IS NULL THEN 'pending' ELSE 'skipped' END, ?9)
            ON CONFLICT(source, key) DO UPDATE SET
                size = ?3, etag = ?4, last_modified_ms = ?5, storage_class = ?6, run = ?7, position = ?8,
                attempt_count = 0, request_id = NULL,
                state = CASE
                    WHEN ?9 IS NOT NULL AND NOT (?10 AND content_size IS ?3 AND trim(content_etag, '"') = trim(?4, '"'))
                        THEN 'skipped'
                    WHEN content_size = ?3 AND trim(content_etag, '"') = trim(?4, '"') THEN 'unchanged'
                    WHEN state = 'skipped' AND size = ?3 AND trim(skipped_etag, '"') = trim(?4, '"') THEN 'skipped'
                    ELSE 'pending' END,
                reason = CASE
                    WHEN ?10 AND content_size IS ?3 AND trim(content_etag, '"') = trim(?4, '"') THEN NULL
                    WHEN ?9 IS NOT NULL THEN ?9
                    WHEN state = 'skipped' AND size = ?3 AND trim(skipped_etag, '"') = trim(?4, '"') THEN reason END,
                skipped_etag = CASE WHEN ?9 IS NULL AND state = 'skipped' THEN skipped_etag END
            WHERE run <> ?7
            RETURNING state = 'pending', state = 'skipped'
            """)
        for object in objects {
            upsert.bind(1, source)
            upsert.bind(2, object.key)
            upsert.bind(3, object.size)
            upsert.bind(4, object.eTag)
            if let date = object.lastModified { upsert.bind(5, milliseconds(date)) } else { upsert.bindNull(5) }
            upsert.bind(6, object.storageClass)
            upsert.bind(7, run)
            upsert.bind(8, nextPosition)
            upsert.bind(9, object.skipReason)
            upsert.bind(10, object.keepsContent ? 1 : 0)
            let isPending: Bool
            if try upsert.step() {
                isPending = upsert.int(0) == 1
                let isSkipped = upsert.int(1) == 1
                while try upsert.step() {}
                nextPosition += 1
                if isSkipped, object.skipReason != nil { try dropContent(source: source, key: object.key) }
            } else {
                isPending = try self.isPending(source: source, key: object.key)
            }
            guard isPending else { continue }
            counted.pendingCount += 1
            counted.pendingByteCount += object.size
        }
        let mark = try statement("UPDATE run_source SET last_listed_key = ?3 WHERE run = ?1 AND source = ?2")
        mark.bind(1, run)
        mark.bind(2, source)
        mark.bind(3, last.key)
        try mark.run()
        try commitIfDue()
        return counted
    }

    private func isPending(source: Int64, key: [UInt8]) throws -> Bool {
        let select = try statement("SELECT state = 'pending' FROM object WHERE source = ? AND key = ?")
        select.bind(1, source)
        select.bind(2, key)
        defer { select.reset() }
        return try select.step() && select.int(0) == 1
    }

    private func dropContent(source: Int64, key: [UInt8]) throws {
        let select = try statement("SELECT id FROM object WHERE source = ? AND key = ? AND content_etag IS NOT NULL")
        select.bind(1, source)
        select.bind(2, key)
        guard try select.step() else { return }
        let object = select.int64(0)
        select.reset()
        try dropContent(of: object)
    }

    func completeListing(run: Int64, source: Int64) throws -> Int {
        try begin()
        var count = try removeObjects("source = ?1 AND run <> ?2", source, run)
        let replaced = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM source WHERE name = (SELECT name FROM source WHERE id = ?1)
                    AND id NOT IN (SELECT source FROM run_source WHERE run = ?2)
                """, arguments: [source, run])
        for old in replaced { count += try removeObjects("source = ?1 AND run <> ?2", old, run) }
        try db.execute(
            sql: "UPDATE run_source SET is_listing_complete = 1 WHERE run = ? AND source = ?", arguments: [run, source])
        try commit()
        return count
    }

    /// Removes the objects that `condition` on ?1 and ?2 describes, with their content.
    private func removeObjects(_ condition: String, _ first: Int64, _ second: Int64) throws -> Int {
        let objects = "SELECT id FROM object WHERE \(condition)"
        // Eight bytes a batch: a terabyte of text makes eight megabytes of these.
        let batches = try Int64.fetchAll(
            db, sql: "SELECT DISTINCT batch FROM span WHERE object IN (\(objects))", arguments: [first, second])
        try db.execute(sql: "DELETE FROM span WHERE object IN (\(objects))", arguments: [first, second])
        for batch in batches { try dropIfUnused(batch) }
        try db.execute(sql: "DELETE FROM object WHERE \(condition)", arguments: [first, second])
        return db.changesCount
    }

    func pending(run: Int64, after position: Int64, limit: Int) throws -> [PendingObject] {
        let select = try statement(
            """
            SELECT id, source, position, key, size, etag FROM object
            WHERE run = ? AND position > ? AND state = 'pending' ORDER BY position LIMIT ?
            """)
        select.bind(1, run)
        select.bind(2, position)
        select.bind(3, limit)
        var objects: [PendingObject] = []
        while try select.step() {
            objects.append(
                PendingObject(
                    object: select.int64(0), source: select.int64(1), position: select.int64(2),
                    key: select.bytes(3) ?? [], size: select.uint64(4), eTag: select.text(5) ?? ""))
        }
        return objects
    }

    // MARK: The end

    func finishRun(run: Int64, outcome: RunOutcome) throws {
        try dropUnusedBatches()
        let totals = try JSONEncoder.sorted.encode(runTotals(db, run: run))
        try db.execute(
            sql: "UPDATE run SET ended_ms = ?, outcome = ?, totals = ? WHERE id = ?",
            arguments: [milliseconds(Date()), outcome.rawValue, String(decoding: totals, as: UTF8.self), run])
        try commit(isDurable: true)
    }
}

/// Counts a run's objects, or gives what was kept of a run whose objects have gone over to a later one.
func runTotals(_ db: Database, run: Int64) throws -> RunTotals {
    let isLast = try Int64.fetchOne(db, sql: "SELECT max(id) FROM run") == run
    if !isLast, let text = try String.fetchOne(db, sql: "SELECT totals FROM run WHERE id = ?", arguments: [run]) {
        return try JSONDecoder().decode(RunTotals.self, from: Data(text.utf8))
    }
    var totals = RunTotals()
    let rows = try Row.fetchCursor(
        db,
        sql: """
            SELECT state, reason, count(*), total(size), sum(chunk_count), sum(token_count)
            FROM object WHERE run = ? GROUP BY state, reason
            """, arguments: [run])
    while let row = try rows.next() {
        let state: String = row[0]
        let count: Int = row[2]
        var total = totals.states[state] ?? RunTotals.Count(objects: 0, bytes: 0)
        total.objects += count
        total.bytes += UInt64(row[3] as Double)
        totals.states[state] = total
        if let reason: String = row[1], state == "skipped" { totals.skippedReasons[reason, default: 0] += count }
        if let reason: String = row[1], state == "failed" { totals.failedReasons[reason, default: 0] += count }
        if state == "indexed" {
            totals.chunkCount += row[4] as Int
            totals.tokenCount += row[5] as Int
        }
    }
    return totals
}

/// Milliseconds since 1970-01-01 UTC.
func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1_000).rounded()) }

extension JSONEncoder {
    /// Keys in order, so that equal values give equal text.
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
