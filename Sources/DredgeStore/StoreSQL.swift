/// The statements that are run for every object, made once.
enum ObjectSQL {
    /// What a row has of an object that is listed for the first time; the other columns have what they are made with.
    static let newColumns = [
        "source", "key", "size", "etag", "last_modified_ms", "storage_class", "run", "position", "state", "reason",
        "checksum",
    ]

    /// Rows of `newColumns`, one behind the other. SQLite takes half the time for a row where a statement has many.
    static func insert(rowCount: Int) -> String {
        let row = "(\(newColumns.map { _ in "?" }.joined(separator: ", ")))"
        return "INSERT INTO object(\(newColumns.joined(separator: ", "))) VALUES "
            + Array(repeating: row, count: rowCount).joined(separator: ", ")
    }

    /// What is known of the keys of a range, in their order; the last column says whether the row is intact.
    static let known = """
        SELECT state, reason, size, skipped_etag, content_etag, content_size, id, run, key,
            \(Schema.Table.object.isIntact)
        FROM object WHERE source = ? AND key BETWEEN ? AND ? ORDER BY key
        """

    static let listAgain = Schema.Table.object.update(
        [
            "size": "?2", "etag": "?3", "last_modified_ms": "?4", "storage_class": "?5", "run": "?6", "position": "?7",
            "state": "?8", "reason": "?9", "skipped_etag": "?10", "attempt_count": "0", "request_id": "NULL",
        ], where: "id = ?1")

    static let index = Schema.Table.object.update(
        [
            "state": "'indexed'", "reason": "NULL", "attempt_count": "?2", "request_id": "NULL",
            "skipped_etag": "NULL", "content_etag": "?3", "content_size": "?4", "content_version_id": "?5",
            "content_byte_count": "?6", "content_run": "run", "chunk_count": "?7", "token_count": "?8",
        ], where: "id = ?1")

    static let settle = Schema.Table.object.update(
        ["state": "?2", "reason": "?3", "attempt_count": "?4", "request_id": "?5", "skipped_etag": "?6"],
        where: "id = ?1")

    static let keepUnlisted = Schema.Table.object.update(
        ["state": "'vanished'", "reason": "?4"],
        where: "source = ?1 AND key = ?2 AND run = ?3 AND content_etag IS NOT NULL")

    static let postpone = Schema.Table.object.update(
        ["position": "?2", "attempt_count": "?3", "request_id": "?4"], where: "id = ?1")

    static let noContent = [
        "content_etag": "NULL", "content_size": "NULL", "content_version_id": "NULL", "content_byte_count": "NULL",
        "content_run": "NULL", "chunk_count": "0", "token_count": "0",
    ]

    static let dropContent = Schema.Table.object.update(noContent, where: "id = ? AND content_etag IS NOT NULL")

    /// For an object whose content was damaged.
    static let requeue = Schema.Table.object.update(
        noContent.merging(
            ["state": "CASE WHEN state IN ('indexed', 'unchanged') THEN 'pending' ELSE state END"],
            uniquingKeysWith: { $1 }), where: "id = ?1")

    /// Of the objects: the run that listed it last is not there, or had not its source. Run 0 is none.
    static let isStray = """
        run <> 0 AND NOT EXISTS (SELECT 1 FROM run_source WHERE run_source.run = object.run
            AND run_source.source = object.source)
        """

    /// Lets every run list it anew.
    static let detachStrays = Schema.Table.object.update(["run": "0"], where: isStray)

    static let insertSpan = Schema.Table.span.insert([
        "object": "?1", "first_ordinal": "?2", "chunk_count": "?3", "batch": "?4", "first_entry": "?5",
    ])

    static let insertProgressSpan = Schema.Table.progressSpan.insert([
        "object": "?1", "first_ordinal": "?2", "chunk_count": "?3", "batch": "?4", "first_entry": "?5",
    ])

    static let insertProgress = Schema.Table.progress.insert([
        "object": "?1", "etag": "?2", "size": "?3", "byte_offset": "?4", "chunk_count": "?5", "token_count": "?6",
    ])

    static let updateProgress = Schema.Table.progress.update(
        ["byte_offset": "?4", "chunk_count": "?5", "token_count": "?6"],
        where: "object = ?1 AND etag = ?2 AND size = ?3")
}

/// Statements on the sources of a run: ?1 is the run, ?2 the source.
enum RunSQL {
    static let listed = Schema.Table.runSource.update(
        ["last_listed_key": "?3", "listed_count": "listed_count + ?4", "stored_count": "stored_count + ?5"],
        where: "run = ?1 AND source = ?2")

    static let listAgain = Schema.Table.runSource.update(
        [
            "is_listing_complete": "0", "last_listed_key": "NULL", "listed_count": "0", "stored_count": "0",
            "kept": "NULL",
        ],
        where: "run = ?1 AND source = ?2")

    /// Begins a listing anew that has lost objects behind its back, and keeps what it recorded.
    static let beginAgain = Schema.Table.runSource.update(
        ["is_listing_complete": "0", "last_listed_key": "NULL", "kept": "NULL"], where: "run = ?1 AND source = ?2")

    /// What was kept already stays known.
    static let complete = Schema.Table.runSource.update(
        ["is_listing_complete": "1", "kept": "coalesce(?3, kept)"], where: "run = ?1 AND source = ?2")

    static let keep = Schema.Table.runSource.update(["kept": "?3"], where: "run = ?1 AND source = ?2")

    /// Counts anew what the run recorded.
    static let count = Schema.Table.runSource.update(
        ["listed_count": "(SELECT count(*) FROM object WHERE object.run = ?1 AND object.source = ?2)"],
        where: "run = ?1 AND source = ?2")
}
