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

    /// The last run, if it is one to go on with: it was killed or stopped. One that an error ended is begun anew, so that a source that
    /// stays broken does not keep the others' listings as they were; what it indexed is unchanged then.
    private func resumeRun(_ sources: [SourceRecord]) throws -> RunState? {
        guard
            let last = try Row.fetchOne(
                db,
                sql:
                    "SELECT id, name FROM run WHERE id = (SELECT max(id) FROM run) AND (outcome IS NULL OR outcome = 'stopped')"
            )
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
        for object in objects where try record(object, run: run, source: source) {
            counted.pendingCount += 1
            counted.pendingByteCount = counted.pendingByteCount.addingClamped(object.size)
        }
        let mark = try statement("UPDATE run_source SET last_listed_key = ?3 WHERE run = ?1 AND source = ?2")
        mark.bind(1, run)
        mark.bind(2, source)
        mark.bind(3, last.key)
        try mark.run()
        try commitIfDue()
        return counted
    }

    /// Records one object of a listing; whether it waits to be fetched.
    private func record(_ listed: ListedRecord, run: Int64, source: Int64) throws -> Bool {
        let select = try statement(
            """
            SELECT id, run, state, reason, size, skipped_etag, content_etag, content_size FROM object
            WHERE source = ? AND key = ?
            """)
        select.bind(1, source)
        select.bind(2, listed.key)
        guard try select.step() else {
            try insert(listed, run: run, source: source)
            return listed.skipReason == nil
        }
        defer { select.reset() }
        let object = select.int64(0)
        let state = select.text(2)
        if select.int64(1) == run { return state == "pending" }

        // ETags are compared without their quotes, which some services leave out of listings.
        func isListed(_ eTag: String?, _ size: UInt64) -> Bool {
            // Without an ETag nothing tells two versions of the same size apart.
            eTag.map { !$0.isEmpty && unquoted($0) == unquoted(listed.eTag) && size == listed.size } ?? false
        }
        let hasContent = !select.isNull(6)
        let isUnchanged = isListed(select.text(6), select.uint64(7))
        let wasSkipped = state == "skipped" && isListed(select.text(5), select.uint64(4))
        let toldReason = isUnchanged && listed.keepsContent ? nil : listed.skipReason
        let skipReason = toldReason ?? (!isUnchanged && wasSkipped ? select.text(3) ?? "" : nil)

        let update = try statement(
            """
            UPDATE object SET size = ?2, etag = ?3, last_modified_ms = ?4, storage_class = ?5, run = ?6, position = ?7,
                state = ?8, reason = ?9, skipped_etag = ?10, attempt_count = 0, request_id = NULL
            WHERE id = ?1
            """)
        update.bind(1, object)
        bind(listed, run: run, to: update)
        update.bind(8, skipReason != nil ? "skipped" : isUnchanged ? "unchanged" : "pending")
        update.bind(9, skipReason)
        update.bind(10, listed.skipReason == nil && wasSkipped ? select.text(5) : nil)
        try update.run()
        if skipReason != nil, hasContent, !listed.keepsContent { try dropContent(of: object) }
        return skipReason == nil && !isUnchanged
    }

    private func insert(_ listed: ListedRecord, run: Int64, source: Int64) throws {
        let insert = try statement(
            """
            INSERT INTO object(source, size, etag, last_modified_ms, storage_class, run, position, state, reason, key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """)
        insert.bind(1, source)
        bind(listed, run: run, to: insert)
        insert.bind(8, listed.skipReason == nil ? "pending" : "skipped")
        insert.bind(9, listed.skipReason)
        insert.bind(10, listed.key)
        try insert.run()
    }

    /// Binds parameters 2 to 7, and takes the next place in the queue.
    private func bind(_ listed: ListedRecord, run: Int64, to statement: PreparedStatement) {
        statement.bind(2, listed.size)
        statement.bind(3, listed.eTag)
        if let date = listed.lastModified { statement.bind(4, milliseconds(date)) } else { statement.bindNull(4) }
        statement.bind(5, listed.storageClass)
        statement.bind(6, run)
        statement.bind(7, nextPosition)
        nextPosition += 1
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
        // A run that goes on does this when it begins; a stop should not wait for it.
        if outcome == .complete { try dropUnusedBatches() }
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
        total.bytes = total.bytes.addingClamped(UInt64(exactly: (row[3] as Double).rounded()) ?? .max)
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

extension UInt64 {
    /// A service may list what it likes; a sum that goes above 2⁶⁴ stays there instead of trapping.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
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
