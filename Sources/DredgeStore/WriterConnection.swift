internal import DredgeBase
internal import DredgeLedger
internal import Foundation
internal import GRDB

/// The one connection that writes, with its prepared statements and its open transaction. Lives on the writer's thread.
final class WriterConnection {
    let db: Database
    let path: String
    /// Bytes written in the open transaction.
    var transactionByteCount = 0
    /// When the open transaction has to be committed; nil: none is open.
    private(set) var deadline: Date?
    /// Batches below it belong to runs that are over: they can go with their last span. Newer ones may still
    /// wait for outcomes of other objects.
    var sweepableBatchEnd = BatchID(rawValue: .max)
    /// Queue position of the next object that is listed.
    var nextPosition: Int64 = 0
    /// Whether there may be rows of `progress`.
    var hasProgress = false
    /// Whether a damaged row was removed from the listing that is being recorded.
    var countsListingAnew = false

    /// How much the log may grow before `boundLog` does something.
    var logByteCountMax = UInt64(StoreLimits.logByteCountMax)
    /// What the log had when a reader kept it from being begun anew.
    private var logByteCountLeft: UInt64 = 0

    private var statements: [StatementText: PreparedStatement] = [:]

    /// Of the file, when its writer began; nil: nobody else can know of it.
    private let identity: FileIdentity?

    init(db: Database, path: String, identity: FileIdentity? = nil) {
        self.db = db
        self.path = path
        self.identity = identity
    }

    /// A statement of this SQL text, prepared once.
    func statement(_ sql: String) throws -> PreparedStatement {
        let text = StatementText(sql: sql)
        if let statement = statements[text] { return statement }
        let statement = try PreparedStatement(db, sql)
        statements[text] = statement
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
            try requireInPlace()
            try statement("COMMIT").run()
            deadline = nil
            transactionByteCount = 0
            try boundLog()
        }
        guard isDurable else { return }
        // "With synchronous=FULL in WAL mode, an additional sync operation of the WAL file happens after each
        // transaction commit" (https://www.sqlite.org/pragma.html#pragma_synchronous): one commit that changes a page
        // syncs all before it.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
        try db.execute(sql: "PRAGMA user_version = \(Schema.version)")
    }

    /// Whoever opens a file that was moved under the writer has a log and a lock of its new name; one that was deleted
    /// is lost in the end.
    private func requireInPlace() throws(StoreError) {
        guard let identity, FileIdentity(path) != identity else { return }
        throw StoreError(
            code: .cannotOpen, path: path, message: "\(path) was moved, replaced or deleted while it was written to.",
            advice: "Put it back, and run again: it goes on behind the last whole object.")
    }

    /// SQLite begins its log anew only in a moment when no reader uses it. Readers that overlap would never leave one,
    /// so from a certain size on such a moment is waited for. A reader that keeps its view for longer lets it grow.
    private func boundLog() throws {
        let byteCount = fileByteCount(path + "-wal")
        guard byteCount > logByteCountLeft + logByteCountMax else { return }
        let isBusy = try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") != 0
        logByteCountLeft = isBusy ? byteCount : 0
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
        try insert(batch)
    }

    /// Within the open transaction.
    func insert(_ batch: SealedBatch) throws {
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
        let update = try statement(ObjectSQL.index)
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
        try endProgress(of: object.id)
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
            try set(.vanished, outcome)
        case .changed:
            try set(.changed, outcome)
        case .postponed:
            try postpone(outcome)
        }
    }

    private func postpone(_ outcome: ObjectOutcome) throws {
        let update = try statement(ObjectSQL.postpone)
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
        let update = try statement(ObjectSQL.settle)
        update.bind(1, outcome.object)
        update.bind(2, state.rawValue)
        update.bind(3, reason)
        update.bind(4, outcome.attemptCount)
        update.bind(5, outcome.requestID)
        update.bind(6, skippedETag?.header)
        try run(update, for: outcome.object)
        // What failed is tried again by the next run.
        if state != .failed { try dropProgress(of: outcome.object) }
    }

    /// Runs what changes one object.
    private func run(_ update: PreparedStatement, for object: ObjectID) throws {
        guard try update.run() == 1 else {
            throw StoreError(
                code: .noSuchObject, path: path, message: "\(path) has no object \(object) to write an outcome of.",
                advice: "Outcomes are for objects that `pending` gave.")
        }
    }

    func insert(_ spans: [ChunkSpan], of object: ObjectID, _ sql: String = ObjectSQL.insertSpan) throws {
        let insert = try statement(sql)
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

    /// Removes a batch that no span refers to, and that can't wait for an outcome.
    func dropIfUnused(_ batch: BatchID) throws {
        guard batch < sweepableBatchEnd else { return }
        try discard(batch)
    }

    /// Removes batches that are of no use, as whoever wrote them says.
    func discard(_ batches: [BatchID]) throws {
        try begin()
        for batch in batches { try discard(batch) }
    }

    /// Removes a batch that no span refers to.
    private func discard(_ batch: BatchID) throws {
        let delete = try statement(
            """
            DELETE FROM batch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM span WHERE batch = ?1)
                AND NOT EXISTS (SELECT 1 FROM progress_span WHERE batch = ?1)
            """)
        delete.bind(1, batch)
        try delete.run()
    }

    /// How many entries of a batch are of use.
    func liveCount(_ batch: BatchID) throws -> Int {
        let select = try statement(
            """
            SELECT ifnull((SELECT sum(chunk_count) FROM span WHERE batch = ?1), 0)
                + ifnull((SELECT sum(chunk_count) FROM progress_span WHERE batch = ?1), 0)
            """)
        select.bind(1, batch)
        defer { select.reset() }
        return try select.step() ? select.int(0) : 0
    }

    /// Removes what is stored of an object, but not the object.
    func dropContent(of object: ObjectID) throws {
        try dropSpans(of: object)
        let update = try statement(ObjectSQL.dropContent)
        update.bind(1, object)
        try update.run()
    }

    /// Removes all batches that no span refers to. Only right while no batch waits for an outcome: before a run, or
    /// after it.
    func dropUnusedBatches() throws {
        try begin()
        try statement(
            """
            DELETE FROM batch WHERE id IN
                (SELECT id FROM batch EXCEPT SELECT batch FROM span EXCEPT SELECT batch FROM progress_span)
            """
        ).run()
    }

    /// Packs batches anew of which more than half of the entries are dead, up to `StoreLimits.repackedByteCount` of
    /// text. A batch that is damaged stays as it is.
    func repack(ids: BatchIDs) throws {
        try begin()
        let batches = try query(
            db,
            """
            SELECT batch.id, batch.raw_byte_count FROM batch JOIN span ON span.batch = batch.id
            GROUP BY batch.id HAVING 2 * sum(span.chunk_count) < batch.entry_count
            """
        ) { (id: BatchID(rawValue: $0.int64(0)), byteCount: $0.int(1)) }
        let repacker = Repacker(self, ids: ids)
        var byteCount = 0
        for batch in batches where byteCount < StoreLimits.repackedByteCount {
            byteCount += batch.byteCount
            let rows = try query(
                db, "SELECT \(StoredBatch.columns) FROM batch WHERE id = ?", [.id(batch.id)], StoredBatch.init)
            do { for row in rows { try repacker.move(row) } } catch is BatchDamage { continue }
        }
        try repacker.finish()
        for batch in batches { try discard(batch.id) }
    }
}

/// A statement's text as a key. Only its length is hashed, since some run for every object: texts that are equal are
/// nearly always the same constant, which compares at once.
private struct StatementText: Hashable {
    let sql: String
    func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
}
