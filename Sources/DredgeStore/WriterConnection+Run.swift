internal import DredgeBase
internal import DredgeLedger
internal import Foundation
internal import GRDB

extension WriterConnection {
    func beginRun(
        name: String, version: String, settings: StoredSettings, sources: [SourceRecord], resumesOwnOnly: Bool
    ) throws -> OpenRun {
        try requireIntactRuns()
        try begin()
        try NumberSequence.goOn(db, behind: db)
        try dropDamagedProgress(settings.values)
        try dropUnusedBatches()
        sweepableBatchEnd = BatchID(rawValue: try db.lastBatch(path) + 1)
        let run = try resumeRun(sources, named: resumesOwnOnly ? name : nil) ?? newRun(name, version, settings, sources)
        try commit()
        return run
    }

    /// Throws `corrupt` for damage that would be believed: these rows say where a listing goes on, and what it may
    /// remove.
    private func requireIntactRuns() throws {
        for table in [Schema.Table.run, .source, .runSource] {
            let isDamaged = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM \(table.rawValue) WHERE NOT (\(table.isIntact)))")
            guard isDamaged == false else { throw StoreError.damaged(path: path, table) }
        }
    }

    /// The last run, if it is one to go on with: it was killed or stopped, or an error ended it, and it had the same
    /// sources and filters.
    /// - Parameter name: the name that it must have; nil: any.
    private func resumeRun(_ sources: [SourceRecord], named name: String?) throws -> OpenRun? {
        // A later number is of a run whose row was lost: what it left is no state of this one.
        guard
            let last = try Row.fetchOne(
                db,
                sql: """
                    SELECT id, name, outcome = 'fatal' FROM run
                    WHERE id = (SELECT max(id) FROM run) AND outcome IS NOT 'complete'
                    """), (last[0] as Int64?) == (try NumberSequence.last(db, .run))
        else { return nil }
        if let name, last[1] != name { return nil }
        let run: Int64 = last[0]
        if last[2] ?? false { try listFinishedSourcesAgain(run) }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT source.id, source.name, bucket, prefix, endpoint_url, filters, last_listed_key,
                    is_listing_complete
                FROM run_source JOIN source ON source.id = run_source.source WHERE run = ? ORDER BY ordinal
                """, arguments: [run])
        let recorded = rows.map {
            SourceRecord(name: $0[1], bucket: $0[2], prefix: $0[3], endpointURL: $0[4], filters: $0[5])
        }
        guard recorded == sources else { return nil }

        try db.execute(
            sql: Schema.Table.run.update(
                [
                    "resumed_count": "resumed_count + 1", "ended_ms": "NULL", "outcome": "NULL", "totals": "NULL",
                ], where: "id = ?"), arguments: [run])
        try db.execute(
            sql: Schema.Table.object.update(
                ["state": "'pending'", "reason": "NULL", "attempt_count": "0"],
                where: "run = ? AND state IN ('failed', 'changed', 'pending') AND attempt_count > 0"),
            arguments: [run])
        nextPosition =
            try (Int64.fetchOne(db, sql: "SELECT max(position) FROM object WHERE run = ?", arguments: [run]) ?? 0) + 1
        return OpenRun(
            id: RunID(rawValue: run), name: last[1], isResumed: true,
            sources: rows.map { row in
                OpenListing(
                    source: SourceID(rawValue: row[0]), left: ListingPlace.decoded((row[6] as Data?).map { Array($0) }),
                    isComplete: row[7])
            })
    }

    /// Lets the sources of a run that have nothing pending be listed anew: their objects are as an earlier run left
    /// them. For a run that an error ended, so that a source that stays broken does not keep the others as they were.
    private func listFinishedSourcesAgain(_ run: Int64) throws {
        let finished = try Int64.fetchAll(
            db,
            sql: """
                SELECT source FROM run_source WHERE run = ?1 AND is_listing_complete AND NOT EXISTS (
                    SELECT 1 FROM object WHERE object.run = ?1 AND object.source = run_source.source
                        AND state = 'pending')
                """, arguments: [run])
        for source in finished {
            try db.execute(
                sql: Schema.Table.object.update(["run": "0"], where: "run = ? AND source = ?"),
                arguments: [run, source])
            try db.execute(sql: RunSQL.listAgain, arguments: [run, source])
        }
    }

    private func newRun(
        _ name: String, _ version: String, _ settings: StoredSettings, _ sources: [SourceRecord]
    ) throws -> OpenRun {
        try db.execute(
            sql: Schema.Table.run.insert([
                "name": "?1", "version": "?2", "settings_sha256": "?3", "began_ms": "?4", "settings": "?5",
            ]), arguments: [name, version, settings.sha256, milliseconds(Date()), settings.json])
        let run = db.lastInsertedRowID
        nextPosition = 1
        var listings: [OpenListing] = []
        for (ordinal, source) in sources.enumerated() {
            let row = try sourceRow(source)
            try db.execute(
                sql: Schema.Table.runSource.insert([
                    "run": "?1", "source": "?2", "ordinal": "?3", "filters": "?4",
                ]), arguments: [run, row, ordinal, source.filters])
            listings.append(OpenListing(source: SourceID(rawValue: row)))
        }
        return OpenRun(id: RunID(rawValue: run), name: name, isResumed: false, sources: listings)
    }

    private func sourceRow(_ source: SourceRecord) throws -> Int64 {
        let found = try Int64.fetchOne(
            db, sql: "SELECT id FROM source WHERE name = ? AND bucket = ? AND prefix = ? AND endpoint_url IS ?",
            arguments: [source.name, source.bucket, source.prefix, source.endpointURL])
        if let found { return found }
        try db.execute(
            sql: Schema.Table.source.insert([
                "name": "?1", "bucket": "?2", "prefix": "?3", "endpoint_url": "?4",
            ]), arguments: [source.name, source.bucket, source.prefix, source.endpointURL])
        return db.lastInsertedRowID
    }

    // MARK: Listing

    func record(
        _ page: [ListingEntry], of source: SourceID, in run: RunID, left: [KeyRange]?
    ) throws -> ListingCount {
        var counted = ListingCount()
        guard !page.isEmpty else { return counted }
        try begin()
        let firstPosition = nextPosition
        var storedCount = 0
        let known = try ListedRows(page, of: source, in: self)
        var new = NewObjects(source: source, run: run)
        for (index, entry) in page.enumerated() where !known.isRepeated(index) {
            let row = known[index]
            let decision: ListingDecision
            if let row, row.isIntact {
                if row.run == run { continue }
                decision = ListingDecision(entry, known: row.object)
                if row.object.content != nil { storedCount += 1 }
                try update(row.id, with: entry, decision, in: run)
                try dropProgress(of: row.id, unlessReadAs: entry, decision)
            } else {
                if let row { try remove(row.id) }
                decision = ListingDecision(entry, known: nil)
                try new.add(entry, decision, position: nextPosition, to: self)
            }
            nextPosition += 1
            counted.add(entry, decision)
        }
        try new.write(to: self)
        let mark = try statement(RunSQL.listed)
        mark.bind(1, run)
        mark.bind(2, source)
        mark.bind(3, ListingPlace.encoded(left))
        mark.bind(4, nextPosition - firstPosition)
        mark.bind(5, storedCount)
        try mark.run()
        if countsListingAnew {
            countsListingAnew = false
            try db.execute(sql: RunSQL.count, arguments: [run.rawValue, source.rawValue])
        }
        try commitIfDue()
        return counted
    }

    private func update(
        _ object: ObjectID, with entry: ListingEntry, _ decision: ListingDecision, in run: RunID
    ) throws {
        let update = try statement(ObjectSQL.listAgain)
        update.bind(1, object)
        update.bind(2, entry.size)
        update.bind(3, entry.eTag.header)
        update.bind(4, entry.lastModified.map(milliseconds))
        update.bind(5, entry.storageClass)
        update.bind(6, run)
        update.bind(7, nextPosition)
        update.bind(8, decision.state.rawValue)
        update.bind(9, decision.reason)
        update.bind(10, decision.readETag?.header)
        try update.run()
    }

    /// Removes an object whose row is damaged, with what is stored of it: it is listed as if it were new.
    private func remove(_ object: ObjectID) throws {
        try dropSpans(of: object)
        let delete = try statement("DELETE FROM object WHERE id = ?")
        delete.bind(1, object)
        try delete.run()
        // Whether this run had counted it, its row can't tell.
        countsListingAnew = true
    }

    func pending(of source: SourceID, in run: RunID, after position: Int64, limit: Int) throws -> [PendingObject] {
        let select = try statement(
            """
            SELECT id, position, key, size, etag, \(Schema.Table.object.isIntact), attempt_count FROM object
            WHERE run = ? AND source = ? AND position > ? AND state = 'pending' ORDER BY position LIMIT ?
            """)
        select.bind(1, run)
        select.bind(2, source)
        select.bind(3, position)
        select.bind(4, limit)
        var objects: [PendingObject] = []
        defer { select.reset() }
        while try select.step() {
            // What it says would be requested, and written down as vanished or failed.
            guard select.int(5) != 0 else { throw StoreError.damagedRow(path: path, "object \(select.int64(0))") }
            let (id, size, eTag): (ObjectID, _, _) = (select.id(0), select.uint64(3), ETag(select.text(4) ?? ""))
            objects.append(
                PendingObject(
                    id: id, position: select.int64(1), key: select.bytes(2) ?? [], size: size, eTag: eTag,
                    attemptCount: select.int(6), progress: try progress(of: id, eTag: eTag, size: size)))
        }
        return objects
    }

    func storedKey(of source: SourceID) throws -> [UInt8]? {
        for condition in ["state IN ('indexed', 'unchanged')", "TRUE"] {
            let sql = "SELECT key FROM object WHERE source = ? AND content_etag IS NOT NULL AND \(condition) LIMIT 1"
            if let key = try Data.fetchOne(db, sql: sql, arguments: [source.rawValue]) { return Array(key) }
        }
        return nil
    }

    // MARK: The end

    func finishRun(_ run: RunID, outcome: RunOutcome, ids: BatchIDs) throws {
        // A run that goes on does this when it begins; a stop should not wait for it.
        if outcome == .complete {
            try dropUnusedBatches()
            try repack(ids: ids)
        }
        let totals = try JSONEncoder.sorted.encode(runTotals(db, of: run))
        try db.execute(
            sql: Schema.Table.run.update(["ended_ms": "?1", "outcome": "?2", "totals": "?3"], where: "id = ?4"),
            arguments: [
                milliseconds(Date()), outcome.rawValue, String(decoding: totals, as: UTF8.self), run.rawValue,
            ])
        try commit(isDurable: true)
    }
}

extension ListingCount {
    fileprivate mutating func add(_ entry: ListingEntry, _ decision: ListingDecision) {
        objectCount += 1
        guard decision == .fetch else { return }
        pendingCount += 1
        pendingByteCount = pendingByteCount.addingClamped(entry.size)
    }
}

extension ListingDecision {
    fileprivate var readETag: ETag? { if case .skip(_, let eTag, _) = self { eTag } else { nil } }
}

/// Counts a run's objects, or gives what was kept of a run whose objects have gone over to a later one.
func runTotals(_ db: Database, of run: RunID) throws -> RunTotals {
    let isLast = try Int64.fetchOne(db, sql: "SELECT max(id) FROM run") == run.rawValue
    if !isLast,
        let text = try String.fetchOne(db, sql: "SELECT totals FROM run WHERE id = ?", arguments: [run.rawValue])
    {
        return try JSONDecoder().decode(RunTotals.self, from: Data(text.utf8))
    }
    var (totals, sources) = (RunTotals(), [SourceID: [ObjectState: RunTotals.Count]]())
    let rows = try Row.fetchCursor(
        db,
        sql: """
            SELECT state, reason, count(*), total(size), sum(chunk_count), sum(token_count), source
            FROM object WHERE run = ? GROUP BY source, state, reason
            """, arguments: [run.rawValue])
    while let row = try rows.next() {
        // The schema allows no other states.
        guard let state = ObjectState(rawValue: row[0]) else { continue }
        let count: Int = row[2]
        let bytes = UInt64(exactly: (row[3] as Double).rounded()) ?? .max
        totals.states[state, default: RunTotals.Count()].add(count, bytes)
        let source = SourceID(rawValue: row[6])
        sources[source, default: [:]][state, default: RunTotals.Count()].add(count, bytes)
        if let reason: String = row[1] {
            if state == .skipped { totals.skippedReasons[reason, default: 0] += count }
            if state == .failed { totals.failedReasons[reason, default: 0] += count }
        }
        if state == .indexed {
            totals.chunkCount += row[4] as Int
            totals.tokenCount += row[5] as Int
        }
    }
    totals.sources = sources
    return totals
}

extension RunTotals.Count {
    fileprivate mutating func add(_ count: Int, _ bytes: UInt64) {
        objects += count
        self.bytes = self.bytes.addingClamped(bytes)
    }
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
