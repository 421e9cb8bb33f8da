internal import DredgeLedger
internal import GRDB

/// Tells whether an object's spans name its chunks: each where the span says, from ordinal 0 on without a gap, covering
/// the document, with the tokens and the count that its row says.
///
/// Reads directories, no text. Keeps those that it read lately.
struct ContentCheck {
    let path: String
    /// Whether the chunks of a document must tile it, not only cover it.
    let tiles: Bool
    /// Batches that were read and found right; nil: all are believed to be.
    var soundBatches: Set<BatchID>?
    /// nil: damaged.
    private var directories: [BatchID: [DirectoryEntry]?] = [:]
    private var directoryEntryCount = 0

    init(path: String, settings: [String: String]) {
        self.path = path
        tiles = settings.contains { name, value in
            (name == "overlap_tokens" || name.hasSuffix(".overlap_tokens")) && value == "0"
        }
    }

    /// What is wrong with what is stored of an object; nil: nothing. `isWhole`: its chunks reach to the document's end.
    mutating func problem(
        _ db: Database, with object: StoredObject, _ spans: [ChunkSpan], isWhole: Bool = true
    ) throws -> String? {
        guard let content = object.content else {
            if !spans.isEmpty { return "it has chunks, but no version that they are of" }
            if object.chunkCount != 0 || object.tokenCount != 0 { return "it counts chunks that it has not" }
            if object.state == .indexed || object.state == .unchanged {
                return "it is \(object.state.rawValue), but nothing of it is stored"
            }
            return nil
        }
        var (ordinal, tokenCount, end) = (0, 0, UInt64(0))
        for span in spans {
            guard span.firstOrdinal == ordinal, span.chunkCount > 0 else {
                return "its chunks go from \(ordinal) on to \(span.firstOrdinal)"
            }
            guard let entries = try directory(db, span.batch) else {
                return "its chunks from \(ordinal) on are in batch \(span.batch), which is damaged"
            }
            guard span.firstEntry >= 0, span.firstEntry <= entries.count,
                span.chunkCount <= entries.count - span.firstEntry
            else { return "its chunks from \(ordinal) on are entries that batch \(span.batch) does not have" }
            for index in span.firstEntry..<span.firstEntry + span.chunkCount {
                let entry = entries[index]
                guard entry.object == object.id, entry.ordinal == ordinal else {
                    return """
                        entry \(index) of batch \(span.batch) is chunk \(entry.ordinal) of object \(entry.object), the \
                        span says otherwise
                        """
                }
                // The byte length is bounded by the directory's reader; the offset is anything.
                let (chunkEnd, overflow) = entry.byteOffset.addingReportingOverflow(UInt64(entry.byteLength))
                guard !overflow, chunkEnd <= content.byteCount || !isWhole else {
                    return "chunk \(ordinal) ends behind the document's \(content.byteCount) bytes"
                }
                guard tiles ? entry.byteOffset == end : entry.byteOffset <= end && chunkEnd >= end else {
                    return "chunk \(ordinal) begins at byte \(entry.byteOffset), the one before ends at \(end)"
                }
                end = chunkEnd
                let (sum, sumOverflow) = tokenCount.addingReportingOverflow(entry.tokenCount)
                guard !sumOverflow else { return "its token counts can't be right" }
                tokenCount = sum
                ordinal += 1
            }
        }
        if ordinal != object.chunkCount { return "it has \(ordinal) chunks, not \(object.chunkCount)" }
        if tokenCount != object.tokenCount { return "its chunks have \(tokenCount) tokens, not \(object.tokenCount)" }
        if isWhole ? end != content.byteCount : end < content.byteCount {
            return "its chunks end at byte \(end) of \(content.byteCount)"
        }
        return nil
    }

    /// Whether what was read of a large object so far is right: its first chunks, where the spans say.
    mutating func isRight(_ db: Database, _ progress: ObjectProgress) throws -> Bool {
        let read = StoredObject(
            id: progress.object, source: "", bucket: "", prefix: "", key: [], size: progress.size, eTag: progress.eTag,
            state: .pending, attemptCount: 0,
            content: .init(
                eTag: progress.eTag, size: progress.size, byteCount: progress.byteOffset, run: RunID(rawValue: 0)),
            chunkCount: progress.chunkCount, tokenCount: progress.tokenCount)
        return try problem(db, with: read, progress.spans, isWhole: false) == nil
    }

    /// A batch's directory; nil: it is damaged.
    private mutating func directory(_ db: Database, _ batch: BatchID) throws -> [DirectoryEntry]? {
        if let soundBatches, !soundBatches.contains(batch) { return nil }
        if let known = directories[batch] { return known }
        var entries: [DirectoryEntry]?
        do { entries = try readDirectory(db, batch) } catch is BatchDamage {} catch let error as DatabaseError {
            guard error.isCorruption else { throw error }
        }
        directoryEntryCount += (entries?.count ?? 0) + 1
        if directoryEntryCount > StoreLimits.directoryCacheEntryCount {
            directories.removeAll()
            directoryEntryCount = (entries?.count ?? 0) + 1
        }
        directories[batch] = .some(entries)
        return entries
    }
}

extension DatabaseError {
    /// Whether it tells of damaged bytes, not of a disk or a lock.
    var isCorruption: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}
