internal import DredgeBase
public import DredgeLedger
internal import GRDB
internal import Synchronization

/// Everything is done on the writer's thread, in the order of the calls. `begin` takes about a second per million
/// objects. Batches that no object refers to (a crash left them) are removed when a run begins.
///
/// A run that was stopped, killed or ended by an error is gone on with. After an error, its sources that were finished
/// are listed anew, so that one that stays broken does not keep the others as they were.
extension ChunkStore: Ledger {
    /// Takes about a second per million objects, on the writer's thread. Throws `readOnly` on a store that was opened
    /// for reading.
    public func begin(
        name: String, version: String, sources: [SourceRecord], resumesOwnOnly: Bool
    ) async throws(StoreError) -> OpenRun {
        guard Set(sources.map(\.identity)).count == sources.count else {
            throw StoreError(
                code: .invalidArgument, path: path, message: "Two sources of the run are the same.",
                advice: "Give each source a name of its own.")
        }
        let (writer, settings) = (try requireWriter(), StoredSettings(settings))
        // Taken before the run has a number: a second run must not get as far as that.
        let isFree = openRun.withLock { run in
            guard run == nil else { return false }
            run = RunID(rawValue: 0)
            return true
        }
        guard isFree else {
            throw StoreError(
                code: .inUse, path: path, message: "A run into \(path) is under way.",
                advice: "Wait for its end, or index into another store.")
        }
        do throws(StoreError) {
            let run = try await writer.perform { connection in
                try connection.beginRun(
                    name: name, version: version, settings: settings, sources: sources, resumesOwnOnly: resumesOwnOnly)
            }
            openRun.withLock { $0 = run.id }
            return run
        } catch {
            openRun.withLock { $0 = nil }
            throw error
        }
    }

    /// One page is one step of a transaction.
    public func record(
        _ page: [ListingEntry], of source: SourceID, in run: RunID, left: [KeyRange]?
    ) async throws(StoreError) -> ListingCount {
        try await requireWriter().perform { try $0.record(page, of: source, in: run, left: left) }
    }

    /// Takes about a second per million objects of the source's name. Commits.
    public func completeListing(
        of source: SourceID, in run: RunID, isTrusted: Bool, rule: RemovalRule
    ) async throws(StoreError) -> RemovalOutcome {
        try await requireWriter().perform {
            try $0.completeListing(of: source, in: run, isTrusted: isTrusted, rule: rule)
        }
    }

    /// Read before what waits in the queue.
    public func pending(
        of source: SourceID, in run: RunID, after position: Int64, limit: Int
    ) async throws(StoreError) -> [PendingObject] {
        try await requireWriter().read { try $0.pending(of: source, in: run, after: position, limit: limit) }
    }

    /// Visible with the transaction that it is in: within a second, or with `flush`.
    public func settle(_ outcome: ObjectOutcome) throws(StoreError) { try requireWriter().submit(outcome) }

    /// Keeps objects of `source`, which `run` has recorded, as documents that the bucket does not list any more: a
    /// removal that somebody else has withheld is then withheld here, too.
    package func keepUnlisted(
        _ keys: [[UInt8]], of source: SourceID, in run: RunID, reason: String
    ) async throws(StoreError) {
        try await requireWriter().perform { try $0.keepUnlisted(keys, of: source, in: run, reason: reason) }
    }

    /// Read before what waits in the queue.
    public func storedKey(of source: SourceID) async throws(StoreError) -> [UInt8]? {
        try await requireWriter().read { try $0.storedKey(of: source) }
    }

    /// Of the last run it is counted from the objects as they are (also after a write that failed); of earlier ones it
    /// is what was kept when they ended.
    public func totals(of run: RunID) async throws(StoreError) -> RunTotals {
        if let writer = try? requireWriter() { return try await writer.read { try runTotals($0.db, of: run) } }
        do {
            return try await StoreReader(path: path).read { try runTotals($0, of: run) }
        } catch { throw StoreError(error, path: path) }
    }

    /// Commits, keeps the run's totals, syncs the file. A complete run first packs batches anew of which more than half
    /// is dead, up to `StoreLimits.repackedByteCount` of text. After a write that failed it throws that error; the run
    /// is then gone on with by the next one.
    public func finish(_ run: RunID, outcome: RunOutcome) async throws(StoreError) {
        defer { openRun.withLock { if $0 == run { $0 = nil } } }
        let ids = batchIDs
        try await requireWriter().perform { try $0.finishRun(run, outcome: outcome, ids: ids) }
    }

    /// Sees what is committed.
    public func knownObjects(
        of source: SourceRecord, keys: [[UInt8]]
    ) async throws(StoreError) -> [KnownObject?] {
        try await readSnapshot { try DredgeStore.knownObjects($0, of: source, keys: keys) }
    }

    /// Sees what is committed. Takes about a second per million objects of the source's name.
    public func storedDocuments(of source: SourceRecord) async throws(StoreError) -> StoredDocuments {
        try await readSnapshot { try DredgeStore.storedDocuments($0, of: source) }
    }
}

extension ChunkStore: ChunkSink {
    /// Traps on a store that was opened for reading.
    public func makeBatch() -> any ChunkBatch {
        do throws(StoreError) { return try makeBuilder() } catch { preconditionFailure("\(error)") }
    }

    /// Visible with the transaction that it is in: within a second, or with `flush`.
    public func finish(_ object: IndexedObject) throws(StoreError) {
        precondition(object.isWellFormed, "the spans of an object are its chunks, in order and without gaps")
        try requireWriter().submit(object)
    }

    /// Never waits.
    public func mark(_ progress: ObjectProgress) throws(StoreError) { try requireWriter().submit(progress) }

    /// Never waits. The room is used again; the file does not shrink.
    public func discard(_ batches: [BatchID]) throws(StoreError) {
        if !batches.isEmpty { try requireWriter().submit(batches) }
    }

    /// The least that is taken is `StoreLimits.memoryByteCountMin`.
    public func takeAtMost(memoryByteCount: Int) { try? requireWriter().takeAtMost(memoryByteCount: memoryByteCount) }

    /// Whether less waits than the queue has room for.
    public var hasRoom: Bool { (try? requireWriter())?.hasRoom ?? true }

    /// Holds no thread.
    public func waitForRoom() async throws(CancellationError) { try await (try? requireWriter())?.waitForRoom() }

    /// Commits.
    public func flush() async throws(StoreError) { try await requireWriter().perform { try $0.commit() } }

    /// Processor seconds of the thread that writes.
    public var writingSeconds: Double { (try? requireWriter())?.clock.seconds ?? 0 }
}
