public import DredgeLedger
internal import Synchronization

/// One SQLite file with the chunks of many objects. `Schema.swift` documents the tables, `BatchFormat.swift` the bytes
/// of a batch.
///
/// It is both what a run works from, its `Ledger`, and where the chunks go, its `ChunkSink`: so an object's chunks and
/// what became of it are one transaction.
///
/// Thread-safe. One process writes at a time, through one `ChunkStore`; any number may read meanwhile, and see what was
/// committed.
///
/// **Atomicity.** An object's chunks become visible in one transaction, with its outcome: after a crash at any moment
/// the file holds whole objects only, and opens. Transactions are committed after 64 MiB or a second. **Durability.**
/// The log is not synced at each commit (`synchronous = NORMAL` in WAL mode): a crash of the process costs the open
/// transaction; a power cut may cost the last few more, always from the end, never a part of one. `finish` of a run and
/// `close` sync. What was lost is fetched again by the next run.
public final class ChunkStore: Sendable {
    /// The file.
    public let path: String
    /// What the content is a function of, as the store was made with.
    public let settings: [String: String]
    /// What was dropped when it was opened, because it was damaged; nil: it was not, or was not checked.
    public let repaired: StoreRewriteReport?

    private let writer: Writer?
    private let lock: Mutex<StoreLock?>
    let batchIDs: BatchIDs
    /// The run that has begun and not ended.
    let openRun = Mutex<RunID?>(nil)

    init(
        path: String, settings: [String: String], writer: Writer?, lock: StoreLock?, firstBatch: Int64,
        repaired: StoreRewriteReport? = nil
    ) {
        self.path = path
        self.repaired = repaired
        self.settings = settings
        self.writer = writer
        self.lock = Mutex(lock)
        batchIDs = BatchIDs(first: firstBatch)
    }

    deinit { try? close() }

    /// Finishes what was handed over, commits it, syncs, closes the file and lets others write. Blocks the thread.
    /// Throws what ended the writer, if something did. Closing twice is allowed; readers made before go on.
    public func close() throws(StoreError) {
        // The lock goes last, also when the last commit fails.
        defer {
            openRun.withLock { $0 = nil }
            lock.withLock { $0 = nil }
        }
        try writer?.close()
    }

    /// The writer, or an error for a store that was opened for reading.
    func requireWriter() throws(StoreError) -> Writer {
        if let writer { return writer }
        throw StoreError(
            code: .readOnly, path: path, message: "\(path) was opened for reading only.",
            advice: "Open it with `ChunkStore.open(at:settings:)`.")
    }

    /// A batch that packs and compresses as a store's do, and drops what it has sealed: for measuring.
    package static func makeDiscardingBatch() -> any ChunkBatch {
        BatchBuilder(ids: BatchIDs(first: 1)) { (_) throws(StoreError) in }
    }

    /// A builder for one worker's batches.
    func makeBuilder() throws(StoreError) -> BatchBuilder {
        let writer = try requireWriter()
        return BatchBuilder(ids: batchIDs) { (batch) throws(StoreError) in try writer.submit(batch) }
    }
}
