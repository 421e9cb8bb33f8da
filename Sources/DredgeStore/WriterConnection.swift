internal import DredgeBase
internal import DredgeLedger
internal import Foundation
internal import GRDB

/// The one connection that writes, with its prepared statements and its open transaction. Lives on the writer's thread.
final class WriterConnection {
    let db: Database
    let path: String
    /// Bytes written in the open transaction.
    private(set) var transactionByteCount = 0
    /// When the open transaction has to be committed; nil: none is open.
    private(set) var deadline: Date?
    /// Batches below it belong to runs that are over: they can go with their last span. Newer ones may still
    /// wait for outcomes of other objects.
    var sweepableBatchEnd = BatchID(rawValue: .max)
    /// Queue position of the next object that is listed.
    var nextPosition: Int64 = 0

    private var statements: [String: PreparedStatement] = [:]

    init(db: Database, path: String) {
        self.db = db
        self.path = path
    }

    /// A statement of this SQL text, prepared once.
    func statement(_ sql: String) throws -> PreparedStatement {
        if let statement = statements[sql] { return statement }
        let statement = try PreparedStatement(db, sql)
        statements[sql] = statement
        return statement
    }

    // MARK: Transactions

    /// Opens a transaction if none is open.
    func begin() throws {
        guard deadline == nil else { return }
        try statement("BEGIN IMMEDIATE").run()
        deadline = Date(timeIntervalSinceNow: Double(StoreLimits.transactionMilliseconds) / 1_000)
    }

    /// Ends the open transaction. It is visible to other connections and survives the end of this process; `isDurable`
    /// makes it survive a power cut as well, which costs a sync of the log.
    func commit(isDurable: Bool = false) throws {
        if deadline != nil {
            try statement("COMMIT").run()
            deadline = nil
            transactionByteCount = 0
        }
        guard isDurable else { return }
        // "With synchronous=FULL in WAL mode, an additional sync operation of the WAL file happens after each
        // transaction commit" (https://www.sqlite.org/pragma.html#pragma_synchronous): one commit that changes a page
        // syncs all before it.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
        try db.execute(sql: "PRAGMA user_version = \(Schema.version)")
    }

    /// Commits when the transaction is large or old enough.
    func commitIfDue() throws {
        guard let deadline else { return }
        if transactionByteCount >= StoreLimits.transactionByteCount || deadline.timeIntervalSinceNow <= 0 {
            try commit()
        }
    }

    /// Gives up the open transaction, whatever state an error left it in.
    func rollback() {
        deadline = nil
        transactionByteCount = 0
        // SQLite rolls back by itself after some errors, such as a full disk.
        if db.isInsideTransaction { try? db.rollback() }
    }

    // MARK: Batches and outcomes

    func write(_ batch: SealedBatch) throws {
        try begin()
        let insert = try statement(
            """
            INSERT INTO batch(id, codec, entry_count, raw_byte_count, payload_byte_count, payload)
            VALUES (?, ?, ?, ?, ?, ?)
            """)
        transactionByteCount += batch.payload.count
        insert.bind(1, batch.id)
        insert.bind(2, BatchFormat.codec)
        insert.bind(3, batch.entryCount)
        insert.bind(4, batch.rawByteCount)
        insert.bind(5, batch.payload.count)
        try insert.withBorrowed(6, batch.payload) { _ = try insert.run() }
    }

    func write(_ object: IndexedObject) throws {
        try begin()
        transactionByteCount += 256 + object.spans.count * MemoryLayout<ChunkSpan>.stride
        try dropSpans(of: object.id)
        let update = try statement(
            """
            UPDATE object SET state = 'indexed', reason = NULL, attempt_count = ?2, request_id = NULL,
                skipped_etag = NULL, content_etag = ?3, content_size = ?4, content_version_id = ?5,
                content_byte_count = ?6, content_run = run, chunk_count = ?7, token_count = ?8
            WHERE id = ?1
            """)
        update.bind(1, object.id)
        update.bind(2, object.attemptCount)
        update.bind(3, object.eTag.header)
        update.bind(4, object.size)
        update.bind(5, object.versionID)
        update.bind(6, object.documentByteCount)
        update.bind(7, object.chunkCount)
        update.bind(8, object.tokenCount)
        try run(update, for: object.id)
        try insert(object.spans, of: object.id)
    }

    func write(_ outcome: ObjectOutcome) throws {
        try begin()
        transactionByteCount += 256
        switch outcome.cause {
        case .skipped(let reason, let readETag):
            if readETag != nil { try dropContent(of: outcome.object) }
            try set(.skipped, reason: reason.rawValue, skippedETag: readETag, outcome)
        case .failed(let reason):
            try set(.failed, reason: reason, outcome)
        case .vanished:
            try dropContent(of: outcome.object)
            try set(.vanished, outcome)
        case .changed:
            try set(.changed, outcome)
        case .postponed:
            try postpone(outcome)
        }
    }

    private func postpone(_ outcome: ObjectOutcome) throws {
        let update = try statement(
            "UPDATE object SET position = ?2, attempt_count = ?3, request_id = ?4 WHERE id = ?1")
        update.bind(1, outcome.object)
        update.bind(2, nextPosition)
        update.bind(3, outcome.attemptCount)
        update.bind(4, outcome.requestID)
        nextPosition += 1
        try run(update, for: outcome.object)
    }

    private func set(
        _ state: ObjectState, reason: String? = nil, skippedETag: ETag? = nil, _ outcome: ObjectOutcome
    ) throws {
        let update = try statement(
            """
            UPDATE object SET state = ?2, reason = ?3, attempt_count = ?4, request_id = ?5, skipped_etag = ?6
            WHERE id = ?1
            """)
        update.bind(1, outcome.object)
        update.bind(2, state.rawValue)
        update.bind(3, reason)
        update.bind(4, outcome.attemptCount)
        update.bind(5, outcome.requestID)
        update.bind(6, skippedETag?.header)
        try run(update, for: outcome.object)
    }

    /// Runs what changes one object.
    private func run(_ update: PreparedStatement, for object: ObjectID) throws {
        guard try update.run() == 1 else {
            throw StoreError(
                code: .noSuchObject, path: path, message: "\(path) has no object \(object) to write an outcome of.",
                advice: "Outcomes are for objects that `pending` gave.")
        }
    }

    private func insert(_ spans: [ChunkSpan], of object: ObjectID) throws {
        let insert = try statement(
            "INSERT INTO span(object, first_ordinal, chunk_count, batch, first_entry) VALUES (?, ?, ?, ?, ?)")
        for span in spans {
            insert.bind(1, object)
            insert.bind(2, span.firstOrdinal)
            insert.bind(3, span.chunkCount)
            insert.bind(4, span.batch)
            insert.bind(5, span.firstEntry)
            try insert.run()
        }
    }

    // MARK: Removing

    /// Removes an object's spans, and with them the batches that nobody else uses.
    func dropSpans(of object: ObjectID) throws {
        // Not DELETE … RETURNING, which opens a table of its own each time: most objects have no spans yet.
        let select = try statement("SELECT DISTINCT batch FROM span WHERE object = ?")
        select.bind(1, object)
        var batches: [BatchID] = []
        while try select.step() { batches.append(BatchID(rawValue: select.int64(0))) }
        guard !batches.isEmpty else { return }
        let delete = try statement("DELETE FROM span WHERE object = ?")
        delete.bind(1, object)
        try delete.run()
        for batch in batches { try dropIfUnused(batch) }
    }

    /// Removes a batch that no span refers to.
    func dropIfUnused(_ batch: BatchID) throws {
        guard batch < sweepableBatchEnd else { return }
        let delete = try statement(
            "DELETE FROM batch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM span WHERE batch = ?1)")
        delete.bind(1, batch)
        try delete.run()
    }

    /// What an object of which nothing is stored has.
    static let noContent = """
        content_etag = NULL, content_size = NULL, content_version_id = NULL, content_byte_count = NULL,
        content_run = NULL, chunk_count = 0, token_count = 0
        """

    /// Removes what is stored of an object, but not the object.
    func dropContent(of object: ObjectID) throws {
        try dropSpans(of: object)
        let update = try statement(
            "UPDATE object SET \(Self.noContent) WHERE id = ? AND content_etag IS NOT NULL")
        update.bind(1, object)
        try update.run()
    }

    /// Removes all batches that no span refers to. Only right while no batch waits for an outcome: before a run, or
    /// after it.
    func dropUnusedBatches() throws {
        try begin()
        try statement("DELETE FROM batch WHERE id IN (SELECT id FROM batch EXCEPT SELECT batch FROM span)").run()
    }
}
