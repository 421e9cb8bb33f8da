internal import DredgeBase
internal import DredgeLedger
internal import GRDB

extension WriterConnection {
    func completeListing(
        of source: SourceID, in run: RunID, isTrusted: Bool, rule: RemovalRule
    ) throws -> RemovalOutcome {
        try begin()
        let replaced = try query(
            db,
            """
            SELECT id FROM source WHERE name = (SELECT name FROM source WHERE id = ?1)
                AND id NOT IN (SELECT source FROM run_source WHERE run = ?2)
            """, [.id(source), .id(run)]
        ) { row -> SourceID in row.id(0) }
        let candidates = try removalCandidates(of: source, replaced: replaced, in: run)
        let decision = rule.decision(on: candidates, isTrusted: isTrusted)
        var outcome = RemovalOutcome(decision, candidates)
        if outcome.removedCount > 0 { outcome.removedKeys = try firstKeys(of: [source] + replaced, in: run) }
        if decision == .remove, candidates.leftOutCount > 0 { try dropContent(where: Self.isLeftOver, source, run) }
        for old in [source] + replaced {
            try settleMissing(of: old, in: run, decision, hasDocuments: candidates.count > candidates.leftOutCount)
        }
        if isTrusted {
            try db.execute(
                sql: RunSQL.complete,
                arguments: [run.rawValue, source.rawValue, decision.keptReason(candidates)])
        }
        try commit()
        return outcome
    }

    /// The first keys of documents that go, in no order.
    private func firstKeys(of sources: [SourceID], in run: RunID) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for source in sources {
            keys += try query(
                db,
                """
                SELECT key FROM object
                WHERE (\(Self.isMissing) AND content_etag IS NOT NULL) OR (\(Self.isLeftOver)) LIMIT ?3
                """, [.id(source), .id(run), .int(Int64(StoreLimits.removedKeyCount - keys.count))]
            ) { $0.bytes(0) ?? [] }
        }
        return keys
    }

    func keepUnlisted(_ keys: [[UInt8]], of source: SourceID, in run: RunID, reason: String) throws {
        try begin()
        let keep = try statement(RunSQL.keep)
        keep.bind(1, run)
        keep.bind(2, source)
        keep.bind(3, reason)
        _ = try keep.run()
        let update = try statement(ObjectSQL.keepUnlisted)
        for key in keys {
            update.bind(1, source)
            update.bind(2, key)
            update.bind(3, run)
            update.bind(4, reason)
            _ = try update.run()
        }
    }

    /// Of the objects of source ?1: run ?2 did not list it.
    private static let isMissing = "source = ?1 AND run <> ?2"
    /// Of the objects of source ?1: the listing of run ?2 leaves its content over. Where an attempt was counted, it was
    /// the object that said so and not the listing.
    private static let isLeftOver = """
        source = ?1 AND run = ?2 AND state = 'skipped' AND attempt_count = 0 AND content_etag IS NOT NULL
            AND reason NOT IN (\(
                SkipReason.keepingContent.map { "'\($0.rawValue)'" }.joined(separator: ", ")))
        """

    private func removalCandidates(
        of source: SourceID, replaced: [SourceID], in run: RunID
    ) throws -> RemovalCandidates {
        let listed = try query(
            db, "SELECT stored_count, filters FROM run_source WHERE run = ? AND source = ?", [.id(run), .id(source)]
        ) { (storedCount: $0.int(0), filters: $0.text(1)) }.first
        var candidates = RemovalCandidates()
        candidates.haveFiltersChanged = try haveFiltersChanged(
            db, of: source, to: listed?.filters ?? nil, before: run)
        candidates.isListingEmpty = try query(
            db, "SELECT 1 FROM object WHERE source = ? AND run = ? LIMIT 1", [.id(source), .id(run)]
        ) { _ in }.isEmpty
        let kept = "content_etag IS NOT NULL"
        _ = try query(
            db,
            """
            SELECT count(*) FILTER (WHERE \(Self.isMissing) AND \(kept)),
                count(*) FILTER (WHERE \(Self.isMissing) AND \(kept) AND reason IS ?3),
                count(*) FILTER (WHERE \(Self.isLeftOver))
            FROM object WHERE source = ?1
            """, [.id(source), .id(run), .text(RemovalDecision.withheldReason)]
        ) { row in
            candidates.missingCount = row.int(0)
            candidates.withheldBeforeCount = row.int(1)
            candidates.leftOutCount = row.int(2)
        }
        for old in replaced { candidates.replacedCount += try documentCount(db, of: old) }
        candidates.storedCount = (listed?.storedCount ?? 0) + candidates.missingCount + candidates.replacedCount
        return candidates
    }

    /// Does what was decided to the objects of a source that the run did not list. Those of which nothing is stored are
    /// no documents: they go, unless removals are withheld.
    private func settleMissing(
        of source: SourceID, in run: RunID, _ decision: RemovalDecision, hasDocuments: Bool
    ) throws {
        if let reason = decision.missingReason, hasDocuments {
            try db.execute(
                sql: Schema.Table.object.update(
                    ["state": "'vanished'", "reason": "?3"],
                    where: "\(Self.isMissing) AND content_etag IS NOT NULL"),
                arguments: [source.rawValue, run.rawValue, reason])
        }
        if case .withhold = decision { return }
        if decision == .remove, hasDocuments { try dropContent(where: Self.isMissing, source, run) }
        try db.execute(
            sql: "DELETE FROM object WHERE \(Self.isMissing) AND content_etag IS NULL",
            arguments: [source.rawValue, run.rawValue])
    }

    /// Removes what is stored of the objects that `condition` names, but not the objects.
    private func dropContent(where condition: String, _ source: SourceID, _ run: RunID) throws {
        let arguments: StatementArguments = [source.rawValue, run.rawValue]
        let objects = "SELECT id FROM object WHERE \(condition)"
        // Eight bytes a batch: a terabyte of text makes eight megabytes of these.
        let batches = try query(
            db, "SELECT DISTINCT batch FROM span WHERE object IN (\(objects))", [.id(source), .id(run)]
        ) { row -> BatchID in row.id(0) }
        try db.execute(sql: "DELETE FROM span WHERE object IN (\(objects))", arguments: arguments)
        for batch in batches { try dropIfUnused(batch) }
        try db.execute(
            sql: Schema.Table.object.update(
                ObjectSQL.noContent, where: "\(condition) AND content_etag IS NOT NULL"),
            arguments: arguments)
    }
}

extension KnownObject {
    /// From a row that begins with the columns state, reason, size, skipped_etag, content_etag, content_size.
    init(key: [UInt8], from row: PreparedStatement) {
        let (state, reason) = (row.text(0), row.text(1))
        let isSkipped = state == ObjectState.skipped.rawValue
        let skipped = isSkipped ? row.text(3).map { Version(eTag: ETag($0), size: row.uint64(2)) } : nil
        self.init(
            key: key, content: row.text(4).map { Version(eTag: ETag($0), size: row.uint64(5)) }, skipped: skipped,
            skipReason: skipped == nil ? nil : reason,
            isWithheld: state == ObjectState.vanished.rawValue && reason == RemovalDecision.withheldReason)
    }
}

/// What is known of these keys of a source.
func knownObjects(_ db: Database, of source: SourceRecord, keys: [[UInt8]]) throws -> [KnownObject?] {
    guard let id = try sourceID(db, of: source) else { return Array(repeating: nil, count: keys.count) }
    return try keys.map { key in
        try query(
            db,
            """
            SELECT state, reason, size, skipped_etag, content_etag, content_size FROM object
            WHERE source = ? AND key = ?
            """, [.id(id), .bytes(key)]
        ) { KnownObject(key: key, from: $0) }.first
    }
}

/// What is stored under a source's name.
func storedDocuments(_ db: Database, of source: SourceRecord) throws -> StoredDocuments {
    var documents = StoredDocuments()
    let own = try sourceID(db, of: source)
    for id in try query(db, "SELECT id FROM source WHERE name = ?", [.text(source.name)], { $0.id(0) as SourceID }) {
        let count = try documentCount(db, of: id)
        if id == own { documents.count = count } else { documents.replacedCount += count }
    }
    guard let own else { return documents }
    documents.withheldCount =
        try query(
            db, "SELECT count(*) FROM object WHERE source = ? AND content_etag IS NOT NULL AND reason = ?",
            [.id(own), .text(RemovalDecision.withheldReason)]
        ) { $0.int(0) }.first ?? 0
    documents.haveFiltersChanged = try haveFiltersChanged(db, of: own, to: source.filters, before: nil)
    return documents
}

private func sourceID(_ db: Database, of source: SourceRecord) throws -> SourceID? {
    try query(
        db, "SELECT id FROM source WHERE name = ? AND bucket = ? AND prefix = ? AND endpoint_url IS ?",
        [
            .text(source.name), .text(source.bucket), .text(source.prefix),
            source.endpointURL.map { .text($0) } ?? .null,
        ]
    ) { row -> SourceID in row.id(0) }.first
}

private func documentCount(_ db: Database, of source: SourceID) throws -> Int {
    try query(
        db, "SELECT count(*) FROM object WHERE source = ? AND content_etag IS NOT NULL", [.id(source)]
    ) { $0.int(0) }.first ?? 0
}

/// Whether the last complete listing of `source` after which no document was kept was made with other filters; where
/// there is none, whether any listing was.
/// - Parameter run: a run that is left out of it.
private func haveFiltersChanged(
    _ db: Database, of source: SourceID, to filters: String?, before run: RunID?
) throws -> Bool {
    // A store of version 1, which is only read, kept nothing.
    let columns = try query(db, "SELECT name FROM pragma_table_info('run_source')") { $0.text(0) ?? "" }
    let remembers = columns.contains("kept") ? "AND kept IS NULL" : ""
    let run = run.map { QueryValue.id($0) } ?? .null
    let last = try query(
        db,
        """
        SELECT filters FROM run_source WHERE source = ? AND is_listing_complete \(remembers) AND run IS NOT ?
        ORDER BY run DESC LIMIT 1
        """, [.id(source), run]
    ) { $0.text(0) }.first
    if let last { return last != filters }
    let others = try query(
        db, "SELECT DISTINCT filters FROM run_source WHERE source = ? AND run IS NOT ?", [.id(source), run]
    ) { $0.text(0) }
    // Of documents without a listing nobody knows the filters: that store was repaired.
    return others.isEmpty ? filters != nil : others.contains { $0 != filters }
}
