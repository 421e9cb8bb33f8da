internal import DredgeLedger
internal import GRDB

/// The steps of `ChunkStore.verify`.
struct Verifier {
    let db: Database
    let path: String
    /// Whether the chunks of a document must tile it, not only cover it.
    let tiles: Bool
    var report = VerifyReport()
    /// Directories read lately; nil: damaged.
    private var directories: [BatchID: [DirectoryEntry]?] = [:]
    private var directoryEntryCount = 0

    init(db: Database, path: String, tiles: Bool) {
        self.db = db
        self.path = path
        self.tiles = tiles
    }

    /// An error of SQLite ends a step, and is a problem itself.
    mutating func step(_ name: String, _ body: (inout Verifier) throws -> Void) {
        do { try body(&self) } catch {
            report.add("the check of \(name) was broken off: \(StoreError(error, path: path).message)")
        }
    }

    mutating func checkDatabase() throws {
        let lines = try query(db, "PRAGMA integrity_check(100)") { $0.text(0) ?? "?" }
        for line in lines where line != "ok" { report.add("SQLite: \(line)") }
        // Counted in SQL: a damaged table may have a dangling reference in each row.
        let dangling = try query(
            db, "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 LIMIT 100"
        ) { "\($0.int(2)) rows of table \($0.text(0) ?? "?") refer to missing rows of \($0.text(1) ?? "?")" }
        for line in dangling { report.add(line) }
    }

    /// The settings decide what the content is, so a changed one makes the store lie about all of it.
    mutating func checkSettings(sha256: String) throws {
        let others = try query(
            db, "SELECT name, settings_sha256 FROM run ORDER BY id DESC LIMIT 1"
        ) { ($0.text(0) ?? "?", $0.text(1) ?? "?") }.filter { $0.1 != sha256 }
        for (run, _) in others { report.add("settings: they are not those that run \(run) was made with") }
    }

    // MARK: Batches

    mutating func checkBatches() throws {
        let select = try PreparedStatement(
            db,
            "SELECT id, codec, entry_count, raw_byte_count, payload_byte_count, payload FROM batch ORDER BY id")
        while try select.step() {
            let batch: BatchID = select.id(0)
            report.batchCount += 1
            if select.text(1) != BatchFormat.codec {
                report.add(batch: batch, "its codec is \(select.text(1) ?? "?"), not \(BatchFormat.codec)")
                continue
            }
            let (entryCount, rawByteCount) = (select.int(2), select.int(3))
            let (payloadByteCount, payload) = (select.int(4), select.bytes(5) ?? [])
            if payload.count != payloadByteCount {
                report.add(batch: batch, "its payload has \(payload.count) bytes, not \(payloadByteCount)")
            }
            do throws(BatchDamage) {
                let inflated = try ContentReader.inflate(payload)
                report.rawByteCount += UInt64(inflated.text.count)
                if inflated.text.count != rawByteCount {
                    report.add(batch: batch, "its chunks have \(inflated.text.count) bytes, not \(rawByteCount)")
                }
                if inflated.entries.count != entryCount {
                    report.add(batch: batch, "its directory has \(inflated.entries.count) entries, not \(entryCount)")
                }
                try checkSpans(of: batch, inflated.entries)
            } catch { report.add(batch: batch, error.what) }
        }
    }

    /// Each span's entries must be the chunks of its object, and no entry be in two spans.
    private mutating func checkSpans(of batch: BatchID, _ entries: [DirectoryEntry]) throws(BatchDamage) {
        let spans: [(object: ObjectID, span: ChunkSpan)]
        do {
            spans = try query(
                db,
                "SELECT object, first_ordinal, chunk_count, first_entry FROM span WHERE batch = ? ORDER BY first_entry",
                [.id(batch)]
            ) {
                (
                    $0.id(0),
                    ChunkSpan(batch: batch, firstEntry: $0.int(3), firstOrdinal: $0.int(1), chunkCount: $0.int(2))
                )
            }
        } catch { throw BatchDamage("its spans can't be read: \(StoreError(error, path: path).message)") }
        var end = 0
        for (object, span) in spans {
            let (first, count) = (span.firstEntry, span.chunkCount)
            guard first >= 0, count > 0, first <= entries.count, count <= entries.count - first else {
                report.add(batch: batch, object: object, "its span names entries that the batch does not have")
                continue
            }
            if first < end { report.add(batch: batch, object: object, "its span overlaps another one") }
            end = max(end, first + count)
            for index in 0..<count {
                let entry = entries[first + index]
                guard entry.object != object || entry.ordinal - index != span.firstOrdinal else { continue }
                report.add(
                    batch: batch, object: object,
                    """
                    entry \(first + index) is chunk \(entry.ordinal) of object \(entry.object), \
                    the span says otherwise
                    """
                )
                break
            }
        }
    }

    // MARK: Objects

    mutating func checkObjects() throws {
        var cursor = try ObjectCursor.bySource(db, ObjectFilter())
        let content = ContentReader(path: path)
        while let object = try cursor.next(db) {
            let spans = try content.spans(db, of: object.id)
            if object.content != nil {
                report.objectCount += 1
                report.chunkCount &+= object.chunkCount
                try checkChunks(of: object, spans)
            } else {
                if !spans.isEmpty { add(object, "it has chunks, but no version that they are of") }
                if object.chunkCount != 0 || object.tokenCount != 0 { add(object, "it counts chunks that it has not") }
                if object.state == .indexed || object.state == .unchanged {
                    add(object, "it is \(object.state.rawValue), but nothing of it is stored")
                }
            }
        }
    }

    private mutating func checkChunks(of object: StoredObject, _ spans: [ChunkSpan]) throws {
        let byteCount = object.content?.byteCount ?? 0
        var (ordinal, tokenCount, end) = (0, 0, UInt64(0))
        for span in spans {
            guard span.firstOrdinal == ordinal, span.chunkCount > 0 else {
                return add(object, "its chunks go from \(ordinal) on to \(span.firstOrdinal)")
            }
            guard let entries = try directory(span.batch) else {
                return add(object, "its chunks from \(ordinal) on are in batch \(span.batch), which is damaged")
            }
            guard span.firstEntry >= 0, span.firstEntry <= entries.count,
                span.chunkCount <= entries.count - span.firstEntry
            else { return add(object, "batch \(span.batch) does not have its chunks from \(ordinal) on") }
            for entry in entries[span.firstEntry..<span.firstEntry + span.chunkCount] {
                // The byte length is bounded by the directory's reader; the offset is anything.
                let (chunkEnd, overflow) = entry.byteOffset.addingReportingOverflow(UInt64(entry.byteLength))
                guard !overflow, chunkEnd <= byteCount else {
                    return add(object, "chunk \(entry.ordinal) ends behind the document's \(byteCount) bytes")
                }
                guard tiles ? entry.byteOffset == end : entry.byteOffset <= end && chunkEnd >= end else {
                    return add(
                        object,
                        "chunk \(entry.ordinal) begins at byte \(entry.byteOffset), the one before ends at \(end)")
                }
                end = chunkEnd
                let (sum, sumOverflow) = tokenCount.addingReportingOverflow(entry.tokenCount)
                guard !sumOverflow else { return add(object, "its token counts can't be right") }
                tokenCount = sum
            }
            ordinal += span.chunkCount
        }
        if ordinal != object.chunkCount { add(object, "it has \(ordinal) chunks, not \(object.chunkCount)") }
        if tokenCount != object.tokenCount {
            add(object, "its chunks have \(tokenCount) tokens, not \(object.tokenCount)")
        }
        if end != byteCount { add(object, "its chunks end at byte \(end) of \(byteCount)") }
    }

    private mutating func add(_ object: StoredObject, _ what: String) {
        report.add(object: object.id, key: object.key, what)
    }

    /// A batch's directory; nil: it is damaged, which the check of the batches has reported.
    private mutating func directory(_ batch: BatchID) throws -> [DirectoryEntry]? {
        if let known = directories[batch] { return known }
        var entries: [DirectoryEntry]?
        do { entries = try readDirectory(db, batch) } catch is BatchDamage {}
        directoryEntryCount += (entries?.count ?? 0) + 1
        if directoryEntryCount > StoreLimits.directoryCacheEntryCount {
            directories.removeAll()
            directoryEntryCount = (entries?.count ?? 0) + 1
        }
        directories[batch] = .some(entries)
        return entries
    }
}
