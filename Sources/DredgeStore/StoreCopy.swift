internal import DredgeBase
internal import DredgeLedger
internal import GRDB

/// Copies what is to be kept of one store into another one, which is empty but for its tables.
struct StoreCopy {
    let path: String
    let old: Database
    let new: Database
    let forgotten: ForgetFilter?
    let dropsDamage: Bool
    var report = StoreRewriteReport()
    private var content: ContentCheck
    /// Whether the old one has version 1, without checksums.
    private var isOfVersion1 = false

    init(path: String, old: Database, new: Database, forgotten: ForgetFilter?, dropsDamage: Bool) {
        self.path = path
        self.old = old
        self.new = new
        self.forgotten = forgotten
        self.dropsDamage = dropsDamage
        content = ContentCheck(path: path, settings: [:])
    }

    mutating func run(asked: [String: String]?) throws {
        isOfVersion1 = try Schema.userVersion(old) < 2
        try copyTable(.run)
        let settings = try settings(asked: asked)
        if let settings {
            try Schema.insert(settings, new)
        } else {
            try dropped("the settings can't be made out: no content is kept")
            report.hasLostSettings = true
        }
        content = ContentCheck(path: path, settings: settings ?? [:])
        try copySources()
        try copyObjects()
        let lastBatch = try checkBatches()
        try copySpans(hasSettings: settings != nil)
        try copyProgress()
        try copyBatches(behind: lastBatch)
        try correctListings()
        try copySequences()
        report.objectCount = try Int.fetchOne(new, sql: "SELECT count(*) FROM object") ?? 0
    }

    /// Notes damage, or refuses to go on.
    private mutating func dropped(
        _ what: String, batch: BatchID? = nil, object: ObjectID? = nil, key: [UInt8]? = nil
    ) throws {
        guard dropsDamage else {
            throw StoreError(
                code: .corrupt, path: path, message: "\(path) is damaged: \(what).", advice: StoreError.repairAdvice)
        }
        guard report.problems.count < StoreLimits.problemCountMax else { return }
        report.problems.append(
            StoreProblem(
                batch: batch, object: object, key: key.map { String(decoding: $0, as: UTF8.self) }, what: what))
    }

    // MARK: Rows

    /// Goes over the rows of a table with numbers, in their order; behind a place that can't be read it goes on where
    /// it can. `columns` begins with `id`.
    private mutating func forEachRow(
        _ table: String, _ columns: String, _ body: (inout StoreCopy, PreparedStatement) throws -> Void
    ) throws {
        let select = try PreparedStatement(old, "SELECT \(columns) FROM \(table) WHERE id > ? ORDER BY id")
        var (last, skip) = (Int64(0), Int64(1))
        while true {
            select.bind(1, last)
            do {
                while true {
                    let hasRow: Bool
                    do { hasRow = try select.step() } catch let error as DatabaseError where error.isCorruption {
                        throw SalvageGap()
                    }
                    guard hasRow else { return }
                    // Out of order: not a place where a row can be.
                    guard select.int64(0) > last else { throw SalvageGap() }
                    (last, skip) = (select.int64(0), 1)
                    try body(&self, select)
                }
            } catch is SalvageGap {
                select.reset()
                if skip == 1 {
                    report.droppedRowCount += 1
                    if table == Schema.Table.object.rawValue { report.droppedObjectCount += 1 }
                    try dropped("rows of table \(table) behind \(last) can't be read")
                }
                let (next, overflow) = last.addingReportingOverflow(skip)
                guard !overflow, skip < 1 << 40 else { return }
                (last, skip) = (next, skip * 2)
            } catch {
                select.reset()
                throw error
            }
        }
    }

    private struct SalvageGap: Error {}

    /// The columns of a table as the old store has them, and whether the row is intact.
    private func selection(_ table: Schema.Table) -> String {
        let known = Set(isOfVersion1 ? table.columnsOfVersion1 ?? [] : table.columns)
        let columns = table.columns.map {
            known.contains($0) ? $0 : table.zeroColumns.contains($0) ? "0" : "NULL"
        }
        return (columns + [isOfVersion1 ? "1" : table.isIntact]).joined(separator: ", ")
    }

    private func insertion(_ table: Schema.Table, hasID: Bool) throws -> PreparedStatement {
        let names = (hasID ? ["id"] : []) + table.columns
        let values = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, "?\($0 + 1)") })
        // A damaged table may have a key twice.
        return try PreparedStatement(new, table.insert(values, orIgnores: true))
    }

    /// Copies the intact rows of a table with numbers, those that `keeps`.
    private mutating func copyTable(
        _ table: Schema.Table, keeps: (inout StoreCopy, PreparedStatement) throws -> Bool = { _, _ in true }
    ) throws {
        let insert = try insertion(table, hasID: true)
        let count = Int32(table.columns.count) + 1
        // No store gives out such a number, so no new one could be behind it.
        let runs = table.columns.indices.filter { ["run", "content_run"].contains(table.columns[$0]) }
        let numbers = [0] + runs.map { Int32($0) + 1 }
        try forEachRow(table.rawValue, "id, \(selection(table))") { copy, row in
            guard row.int(count) != 0, numbers.allSatisfy({ row.int64($0) <= StoreLimits.numberMax }) else {
                return try copy.dropRow(table, row)
            }
            guard try keeps(&copy, row) else { return }
            for column in 0..<count { insert.bind(column + 1, column: column, of: row) }
            if try insert.run() == 0 { try copy.dropRow(table, row) }
        }
    }

    private mutating func dropRow(_ table: Schema.Table, _ row: PreparedStatement) throws {
        report.droppedRowCount += 1
        let object: ObjectID? = table == .object ? row.id(0) : nil
        if object != nil { report.droppedObjectCount += 1 }
        try dropped("a row of table \(table.rawValue) is not as it was written", object: object)
    }

    /// Goes over the rows of a table without numbers; the rest of one that can't be read is dropped.
    private mutating func copyRows(
        _ table: Schema.Table, keeps: (inout StoreCopy, PreparedStatement) throws -> Bool
    ) throws {
        let insert = try insertion(table, hasID: false)
        let select = try PreparedStatement(old, "SELECT \(selection(table)) FROM \(table.rawValue)")
        defer { select.reset() }
        let count = Int32(table.columns.count)
        while true {
            do { guard try select.step() else { return } } catch let error as DatabaseError where error.isCorruption {
                report.droppedRowCount += 1
                return try dropped("rows of table \(table.rawValue) can't be read")
            }
            guard select.int(count) != 0 else {
                report.droppedRowCount += 1
                try dropped("a row of table \(table.rawValue) is not as it was written")
                continue
            }
            guard try keeps(&self, select) else { continue }
            for column in 0..<count { insert.bind(column + 1, column: column, of: select) }
            try insert.run()
        }
    }

    // MARK: Settings and sources

    /// The settings that the last run vouches for: those in their table, else a copy in a run's row, else those that
    /// are asked for. nil: none of them. Where there is no run, those in their table.
    private mutating func settings(asked: [String: String]?) throws -> [String: String]? {
        var stored: [String: String]?
        do {
            let rows = try query(old, "SELECT \(selection(.setting)) FROM setting") {
                (name: $0.text(0) ?? "", value: $0.text(1) ?? "", isIntact: $0.int(2) != 0)
            }
            let intact = rows.filter(\.isIntact)
            if intact.count == rows.count {
                stored = Dictionary(intact.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            }
        } catch let error as DatabaseError where error.isCorruption {}
        let runs = try query(new, "SELECT settings_sha256, settings FROM run ORDER BY id DESC") {
            (sha256: $0.text(0) ?? "", settings: StoredSettings(json: $0.text(1))?.values)
        }
        guard let last = runs.first else {
            if stored == nil { report.droppedRowCount += 1 }
            return stored
        }
        let candidates = [stored] + runs.map(\.settings) + [asked]
        let found = candidates.compactMap(\.self).first { StoredSettings($0).sha256 == last.sha256 }
        if stored == nil || stored != found {
            report.droppedRowCount += 1
            if found != nil { try dropped("the settings were damaged, and are restored") }
        }
        return found
    }

    private mutating func copySources() throws {
        try copyTable(.source) { copy, row in
            guard let forgotten = copy.forgotten, forgotten.isOfWholeSources else { return true }
            return !forgotten.matches(source: row.text(1))
        }
        let known = try ids("source")
        let runs = try ids("run")
        try copyRows(.runSource) { _, row in runs.contains(row.int64(0)) && known.contains(row.int64(1)) }
        guard let forgotten, !forgotten.isOfWholeSources else { return }
        // The place where a listing stands has keys too.
        let listings = try query(
            new,
            """
            SELECT run, source, last_listed_key, name FROM run_source JOIN source ON source.id = source
            WHERE last_listed_key IS NOT NULL
            """
        ) { (run: $0.int64(0), source: $0.int64(1), left: ListingPlace.decoded($0.bytes(2)), name: $0.text(3)) }
        for listing in listings
        where forgotten.matches(source: listing.name)
            && listing.left.contains(where: {
                [$0.after, $0.last].contains { $0.map(forgotten.matches(key:)) ?? false }
            })
        {
            try new.execute(
                sql: Schema.Table.runSource.update(["last_listed_key": "NULL"], where: "run = ? AND source = ?"),
                arguments: [listing.run, listing.source])
        }
    }

    private func ids(_ table: String) throws -> Set<Int64> {
        Set(try query(new, "SELECT id FROM \(table)") { $0.int64(0) })
    }

    // MARK: Objects and their content

    private mutating func copyObjects() throws {
        let names = Dictionary(
            uniqueKeysWithValues: try query(new, "SELECT id, name FROM source") { ($0.int64(0), $0.text(1) ?? "") })
        let contentRun = Int32(Schema.Table.object.columns.firstIndex(of: "content_run")!) + 1
        try copyTable(.object) { copy, row in
            // Of a source that was dropped, or is forgotten.
            guard let name = names[row.int64(1)] else {
                if copy.forgotten?.isOfWholeSources == true {
                    copy.report.forgottenObjectCount += 1
                } else {
                    copy.report.droppedRowCount += 1
                    copy.report.droppedObjectCount += 1
                    try copy.dropped("its source is missing", object: row.id(0), key: row.bytes(2))
                }
                return false
            }
            guard let forgotten = copy.forgotten, forgotten.matches(source: name),
                forgotten.matches(key: row.bytes(2) ?? []), forgotten.matches(contentRun: row.optionalID(contentRun))
            else { return true }
            copy.report.forgottenObjectCount += 1
            return false
        }
    }

    /// Finds the batches that can't be used. Returns the highest number of one.
    private mutating func checkBatches() throws -> Int64 {
        var last: Int64 = 0
        var sound: Set<BatchID> = []
        try forEachRow("batch", StoredBatch.columns) { copy, row in
            let batch = StoredBatch(row)
            guard 1...StoreLimits.batchIDMax ~= batch.id.rawValue else {
                copy.report.droppedBatchCount += 1
                return try copy.dropped("its number can't be one", batch: batch.id)
            }
            last = batch.id.rawValue
            do throws(BatchDamage) {
                _ = try batch.inflated()
                sound.insert(batch.id)
            } catch {
                copy.report.droppedBatchCount += 1
                try copy.dropped(error.what, batch: batch.id)
            }
        }
        content.soundBatches = sound
        return last
    }

    /// The spans of the objects that were copied. An object of which some chunk is not right loses all of them, and is
    /// to be fetched again.
    private mutating func copySpans(hasSettings: Bool) throws {
        var cursor = try ObjectCursor.bySource(new, ObjectFilter())
        let insert = try PreparedStatement(new, ObjectSQL.insertSpan)
        let requeue = try PreparedStatement(new, ObjectSQL.requeue)
        while let object = try cursor.next(new) {
            let spans = try spans(of: object.id, in: .span)
            let problem: String?
            if !hasSettings, object.content != nil {
                problem = "its settings are lost"
            } else if let spans {
                problem = try content.problem(old, with: object, spans)
            } else {
                problem = "the places of its chunks are damaged"
            }
            if let problem {
                report.requeuedObjectCount += 1
                try dropped(problem, object: object.id, key: object.key)
                requeue.bind(1, object.id)
                try requeue.run()
            } else if let spans {
                for span in spans { try write(span, of: object.id, insert) }
            }
        }
    }

    /// nil: they can't be read, or are not as they were written.
    private func spans(of object: ObjectID, in table: Schema.Table) throws -> [ChunkSpan]? {
        do {
            let rows = try query(
                old,
                "SELECT \(selection(table)) FROM \(table.rawValue) WHERE object = ? ORDER BY first_ordinal",
                [.id(object)]
            ) {
                (
                    span: ChunkSpan(
                        batch: $0.id(3), firstEntry: $0.int(4), firstOrdinal: $0.int(1), chunkCount: $0.int(2)),
                    isIntact: $0.int(5) != 0
                )
            }
            return rows.allSatisfy(\.isIntact) ? rows.map(\.span) : nil
        } catch let error as DatabaseError where error.isCorruption { return nil }
    }

    private func write(_ span: ChunkSpan, of object: ObjectID, _ insert: PreparedStatement) throws {
        insert.bind(1, object)
        insert.bind(2, span.firstOrdinal)
        insert.bind(3, span.chunkCount)
        insert.bind(4, span.batch)
        insert.bind(5, span.firstEntry)
        try insert.run()
    }

    /// What is kept of large objects that are not read to their end, where all of it is right.
    private mutating func copyProgress() throws {
        guard !isOfVersion1 else { return }
        let objects = try ids("object")
        try copyRows(.progress) { copy, row in
            let object: ObjectID = row.id(0)
            guard objects.contains(object.rawValue) else { return false }
            let spans = try copy.spans(of: object, in: .progressSpan)
            let progress = ObjectProgress(
                object: object, eTag: ETag(row.text(1) ?? ""), size: row.uint64(2), byteOffset: row.uint64(3),
                chunkCount: row.int(4), tokenCount: row.int(5), spans: spans ?? [])
            guard let spans, try copy.content.isRight(copy.old, progress) else {
                copy.report.requeuedObjectCount += 1
                try copy.dropped("what was read of it so far is damaged", object: object)
                return false
            }
            let insert = try PreparedStatement(copy.new, ObjectSQL.insertProgressSpan)
            for span in spans { try copy.write(span, of: object, insert) }
            return true
        }
    }

    // MARK: Batches

    private mutating func copyBatches(behind lastBatch: Int64) throws {
        let writer = WriterConnection(db: new, path: path)
        let repacker = Repacker(writer, ids: BatchIDs(first: lastBatch + 1))
        try forEachRow("batch", StoredBatch.columns) { copy, row in
            let batch = StoredBatch(row)
            guard copy.content.soundBatches?.contains(batch.id) == true else { return }
            let liveCount = try writer.liveCount(batch.id)
            copy.report.removedChunkCount += batch.entryCount - liveCount
            if liveCount == batch.entryCount {
                try writer.insert(
                    SealedBatch(
                        id: batch.id, entryCount: batch.entryCount, rawByteCount: batch.rawByteCount,
                        payload: batch.payload))
            } else if liveCount > 0 {
                try repacker.move(batch)
            }
        }
        try repacker.finish()
    }

    // MARK: Listings

    /// What the last run recorded may be missing now: then its listing begins again, so that nothing is lost. What is
    /// forgotten may be behind the key where the listing stands.
    private mutating func correctListings() throws {
        try new.execute(sql: ObjectSQL.detachStrays)
        if new.changesCount > 0 {
            try dropped("\(new.changesCount) objects are of runs that know nothing of them; they are listed again")
        }
        if let forgotten, !forgotten.isOfWholeSources {
            let unfinished = try query(
                new,
                """
                SELECT run.id, source.id, source.name FROM run_source
                    JOIN source ON source.id = source JOIN run ON run.id = run
                WHERE run.id = (SELECT max(id) FROM run) AND outcome IS NOT 'complete'
                """
            ) { (run: $0.int64(0), source: $0.int64(1), name: $0.text(2)) }
            for listing in unfinished where forgotten.matches(source: listing.name) {
                try new.execute(sql: RunSQL.beginAgain, arguments: [listing.run, listing.source])
            }
        }
        let listings = try query(
            new,
            """
            SELECT run, source, listed_count, (SELECT count(*) FROM object
                WHERE object.run = run_source.run AND object.source = run_source.source)
            FROM run_source WHERE run = (SELECT max(id) FROM run)
            """
        ) { (run: $0.int64(0), source: $0.int64(1), listed: $0.int(2), stored: $0.int(3)) }
        for listing in listings where listing.listed != listing.stored {
            let arguments: StatementArguments = [listing.run, listing.source]
            if forgotten == nil, !isOfVersion1 {
                try dropped("source \(listing.source) has not all objects that it listed; it is listed again")
                try new.execute(sql: RunSQL.listAgain, arguments: arguments)
            }
            try new.execute(sql: RunSQL.count, arguments: arguments)
        }
    }

    /// So that no number is given out twice.
    private mutating func copySequences() throws {
        if !isOfVersion1 {
            do {
                for problem in try NumberSequence.problems(old) { try dropped(problem) }
            } catch let error as DatabaseError where error.isCorruption {
                try dropped("the last numbers can't be read")
            }
        }
        do { try NumberSequence.goOn(new, behind: old) } catch let error as DatabaseError where error.isCorruption {
            try NumberSequence.goOn(new, behind: new)
        }
    }
}
