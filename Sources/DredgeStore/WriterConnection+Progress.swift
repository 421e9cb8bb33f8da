internal import DredgeBase
internal import DredgeLedger
internal import GRDB

/// What is kept of large objects that are not read to their end.
extension WriterConnection {
    /// Adds to what is kept of an object. What was kept of another version goes; so does everything when the spans do
    /// not go on where the last ones ended.
    func write(_ progress: ObjectProgress) throws {
        try begin()
        if progress.chunkCount == 0 { return try dropProgress(of: progress.object) }
        transactionByteCount += 256 + progress.spans.count * MemoryLayout<ChunkSpan>.stride
        hasProgress = true
        var chunkCount = 0
        let select = try statement("SELECT chunk_count, etag, size FROM progress WHERE object = ?")
        select.bind(1, progress.object)
        if try select.step() {
            let isSame = select.text(1) == progress.eTag.header && select.uint64(2) == progress.size
            chunkCount = isSame ? select.int(0) : -1
            select.reset()
        }
        var next = max(chunkCount, 0)
        let spans = progress.spans.filter { $0.firstOrdinal >= next }
        for span in spans where span.firstOrdinal == next { next += span.chunkCount }
        guard next == progress.chunkCount else { return try dropProgress(of: progress.object) }
        if chunkCount < 0 { try dropProgress(of: progress.object) }
        let write = try statement(chunkCount > 0 ? ObjectSQL.updateProgress : ObjectSQL.insertProgress)
        write.bind(1, progress.object)
        write.bind(2, progress.eTag.header)
        write.bind(3, progress.size)
        write.bind(4, progress.byteOffset)
        write.bind(5, progress.chunkCount)
        write.bind(6, progress.tokenCount)
        try write.run()
        try insert(spans, of: progress.object, ObjectSQL.insertProgressSpan)
    }

    /// What is kept of an object, if it is of this version and its rows are intact.
    func progress(of object: ObjectID, eTag: ETag, size: UInt64) throws -> ObjectProgress? {
        guard hasProgress else { return nil }
        let select = try statement(
            """
            SELECT byte_offset, chunk_count, token_count, etag, size, \(Schema.Table.progress.isIntact)
            FROM progress WHERE object = ?
            """)
        select.bind(1, object)
        defer { select.reset() }
        guard try select.step(), select.int(5) != 0, select.text(3) == eTag.header, select.uint64(4) == size else {
            return nil
        }
        var progress = ObjectProgress(
            object: object, eTag: eTag, size: size, byteOffset: select.uint64(0), chunkCount: select.int(1),
            tokenCount: select.int(2), spans: [])
        let spans = try statement(
            """
            SELECT batch, first_entry, first_ordinal, chunk_count, \(Schema.Table.progressSpan.isIntact)
            FROM progress_span WHERE object = ? ORDER BY first_ordinal
            """)
        spans.bind(1, object)
        defer { spans.reset() }
        var next = 0
        while try spans.step() {
            guard spans.int(4) != 0, spans.int(2) == next else { return nil }
            progress.spans.append(
                ChunkSpan(
                    batch: spans.id(0), firstEntry: spans.int(1), firstOrdinal: spans.int(2), chunkCount: spans.int(3)))
            next += spans.int(3)
        }
        return next == progress.chunkCount ? progress : nil
    }

    /// Forgets what can't be gone on with, since nobody looks at it again before it is content: where a row or a batch
    /// is gone, or not as it was written. Reads all that is kept, once a run.
    func dropDamagedProgress(_ settings: [String: String]) throws {
        try db.execute(sql: "DELETE FROM progress_span WHERE object NOT IN (SELECT object FROM progress)")
        let kept = try query(db, "SELECT object, etag, size FROM progress") {
            (object: $0.id(0) as ObjectID, eTag: ETag($0.text(1) ?? ""), size: $0.uint64(2))
        }
        hasProgress = !kept.isEmpty
        for (object, eTag, size) in kept {
            var content = ContentCheck(path: path, settings: settings)
            if let progress = try progress(of: object, eTag: eTag, size: size) {
                content.soundBatches = try soundBatches(progress.spans)
                if try content.isRight(db, progress) { continue }
            }
            try dropProgress(of: object)
        }
    }

    private func soundBatches(_ spans: [ChunkSpan]) throws -> Set<BatchID> {
        var sound: Set<BatchID> = []
        for batch in Set(spans.map(\.batch)) {
            do {
                let rows = try query(
                    db, "SELECT \(StoredBatch.columns) FROM batch WHERE id = ?", [.id(batch)], StoredBatch.init)
                for row in rows {
                    _ = try row.inflated()
                    sound.insert(batch)
                }
            } catch is BatchDamage {} catch let error as DatabaseError where error.isCorruption {}
        }
        return sound
    }

    /// Forgets what is kept of an object, and removes its batches at once.
    func dropProgress(of object: ObjectID) throws {
        guard hasProgress else { return }
        let select = try statement("SELECT batch FROM progress_span WHERE object = ?")
        select.bind(1, object)
        var batches: [BatchID] = []
        while try select.step() { batches.append(select.id(0)) }
        try endProgress(of: object)
        try discard(batches)
    }

    /// Forgets what is kept of an object, whose batches are its content now.
    func endProgress(of object: ObjectID) throws {
        guard hasProgress else { return }
        let delete = try statement("DELETE FROM progress WHERE object = ?")
        delete.bind(1, object)
        try delete.run()
    }

    /// Forgets what is kept of objects with chunks in a batch.
    func dropProgress(in batch: BatchID) throws {
        let select = try statement("SELECT DISTINCT object FROM progress_span WHERE batch = ?")
        select.bind(1, batch)
        var objects: [ObjectID] = []
        while try select.step() { objects.append(select.id(0)) }
        // Not by cascade, which a store that is being written anew has not got.
        for object in objects {
            for table in ["progress_span", "progress"] {
                let delete = try statement("DELETE FROM \(table) WHERE object = ?")
                delete.bind(1, object)
                try delete.run()
            }
        }
    }

    /// After an object was listed: what is kept of it goes, unless it is to be read in the same version.
    func dropProgress(of object: ObjectID, unlessReadAs entry: ListingEntry, _ decision: ListingDecision) throws {
        guard hasProgress else { return }
        if decision == .fetch, try progress(of: object, eTag: entry.eTag, size: entry.size) != nil { return }
        try dropProgress(of: object)
    }
}
