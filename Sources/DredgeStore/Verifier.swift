internal import DredgeLedger
internal import GRDB

/// The steps of `ChunkStore.verify`.
struct Verifier {
    let db: Database
    let path: String
    var report = VerifyReport()
    private var content: ContentCheck

    init(db: Database, path: String, settings: [String: String]) {
        self.db = db
        self.path = path
        content = ContentCheck(path: path, settings: settings)
    }

    /// Runs all steps.
    static func report(_ db: Database, path: String, settings: [String: String]) -> VerifyReport {
        var verifier = Verifier(db: db, path: path, settings: settings)
        verifier.step("SQLite") { try $0.checkDatabase() }
        verifier.step("settings") { try $0.checkSettings(sha256: StoredSettings(settings).sha256) }
        for table in Schema.Table.allCases {
            verifier.step("table \(table.rawValue)") { try $0.checkRows(table) }
        }
        verifier.step("numbers") { try $0.checkNumbers() }
        verifier.step("listings") { try $0.checkListings() }
        verifier.step("batches") { try $0.checkBatches() }
        verifier.step("objects") { try $0.checkObjects() }
        return verifier.report
    }

    /// An error of SQLite ends a step, and is a problem itself.
    private mutating func step(_ name: String, _ body: (inout Verifier) throws -> Void) {
        do { try body(&self) } catch {
            report.add("the check of \(name) was broken off: \(StoreError(error, path: path).message)")
        }
    }

    private mutating func checkDatabase() throws {
        let lines = try query(db, "PRAGMA integrity_check(100)") { $0.text(0) ?? "?" }
        for line in lines where line != "ok" { report.add("SQLite: \(line)") }
        // Counted in SQL: a damaged table may have a dangling reference in each row.
        let dangling = try query(
            db, "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 LIMIT 100"
        ) { "\($0.int(2)) rows of table \($0.text(0) ?? "?") refer to missing rows of \($0.text(1) ?? "?")" }
        for line in dangling { report.add(line) }
    }

    /// The settings decide what the content is, so a changed one makes the store lie about all of it.
    private mutating func checkSettings(sha256: String) throws {
        let others = try query(
            db, "SELECT name, settings_sha256 FROM run ORDER BY id DESC LIMIT 1"
        ) { ($0.text(0) ?? "?", $0.text(1) ?? "?") }.filter { $0.1 != sha256 }
        for (run, _) in others { report.add("settings: they are not those that run \(run) was made with") }
    }

    // MARK: Rows

    private mutating func checkRows(_ table: Schema.Table) throws {
        guard try Schema.userVersion(db) > 1 else { return }
        let isObject = table == .object
        let names = isObject ? "id, key" : "NULL, NULL"
        let damaged = try PreparedStatement(
            db, "SELECT \(names) FROM \(table.rawValue) WHERE NOT (\(table.isIntact))")
        while try damaged.step() {
            report.add(
                object: isObject ? damaged.id(0) : nil, key: damaged.bytes(1),
                "a row of table \(table.rawValue) is not as it was written")
        }
    }

    /// What the last run recorded must be there.
    private mutating func checkListings() throws {
        guard try Schema.userVersion(db) > 1 else { return }
        let listings = try query(
            db,
            """
            SELECT source, listed_count, (SELECT count(*) FROM object
                WHERE object.run = run_source.run AND object.source = run_source.source)
            FROM run_source WHERE run = (SELECT max(id) FROM run)
            """
        ) { (source: $0.int64(0), listed: $0.int(1), stored: $0.int(2)) }
        for listing in listings where listing.listed != listing.stored {
            report.add("source \(listing.source) has \(listing.stored) of the \(listing.listed) objects that it listed")
        }
    }

    // MARK: Numbers

    private mutating func checkNumbers() throws {
        for problem in try NumberSequence.problems(db) { report.add(problem) }
        let strays = try query(
            db, "SELECT run, source, count(*) FROM object WHERE \(ObjectSQL.isStray) GROUP BY run, source"
        ) { (run: $0.int64(0), source: $0.int64(1), count: $0.int(2)) }
        for (run, source, count) in strays {
            report.add("\(count) objects are of run \(run), which did not list their source \(source)")
        }
    }

    // MARK: Batches

    private mutating func checkBatches() throws {
        let select = try PreparedStatement(
            db, "SELECT \(StoredBatch.columns) FROM batch ORDER BY id")
        var sound: Set<BatchID> = []
        while try select.step() {
            let batch = StoredBatch(select)
            report.batchCount += 1
            do throws(BatchDamage) {
                report.rawByteCount += UInt64(try batch.inflated().text.count)
                sound.insert(batch.id)
            } catch { report.add(batch: batch.id, error.what) }
        }
        content.soundBatches = sound
    }

    // MARK: Objects

    private mutating func checkObjects() throws {
        var cursor = try ObjectCursor.bySource(db, ObjectFilter())
        let reader = ContentReader(path: path)
        while let object = try cursor.next(db) {
            if object.content != nil {
                report.objectCount += 1
                report.chunkCount &+= object.chunkCount
            }
            guard let problem = try content.problem(db, with: object, reader.spans(db, of: object.id)) else { continue }
            report.add(object: object.id, key: object.key, problem)
        }
    }
}

/// A row of `batch`.
struct StoredBatch {
    let id: BatchID
    let codec: String
    let entryCount: Int
    let rawByteCount: Int
    let payloadByteCount: Int
    let payload: [UInt8]

    static let columns = "id, codec, entry_count, raw_byte_count, payload_byte_count, payload"

    /// From a row of `columns`.
    init(_ row: PreparedStatement) {
        id = row.id(0)
        codec = row.text(1) ?? "?"
        entryCount = row.int(2)
        rawByteCount = row.int(3)
        payloadByteCount = row.int(4)
        payload = row.bytes(5) ?? []
    }

    /// Its chunks; throws when they, or what the row says of them, are not right.
    func inflated() throws(BatchDamage) -> ContentReader.InflatedBatch {
        guard codec == BatchFormat.codec else {
            throw BatchDamage("its codec is \(codec), not \(BatchFormat.codec)")
        }
        let batch = try ContentReader.inflate(payload)
        guard payload.count == payloadByteCount else {
            throw BatchDamage("its payload has \(payload.count) bytes, not \(payloadByteCount)")
        }
        guard batch.text.count == rawByteCount else {
            throw BatchDamage("its chunks have \(batch.text.count) bytes, not \(rawByteCount)")
        }
        guard batch.entries.count == entryCount else {
            throw BatchDamage("its directory has \(batch.entries.count) entries, not \(entryCount)")
        }
        return batch
    }
}
