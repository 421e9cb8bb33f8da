internal import GRDB
internal import Synchronization

/// One SQLite file with the chunks of many objects. `Schema.swift` documents the tables, `BatchFormat.swift` the bytes of a batch.
///
/// Thread-safe. One process writes at a time, through one `ChunkStore`; any number may read meanwhile, and see what was committed.
///
/// **Atomicity.** An object's chunks become visible in one transaction, with its outcome: after a crash at any moment the file holds
/// whole objects only, and opens. Transactions are committed after 64 MiB or a second. **Durability.** The log is not synced at each commit
/// (`synchronous = NORMAL` in WAL mode): a crash of the process costs the open transaction; a power cut may cost the last few more,
/// always from the end, never a part of one. `finishRun` and `close` sync. What was lost is fetched again by the next run.
public final class ChunkStore: Sendable {
    /// The file.
    public let path: String
    /// What the content is a function of, as the store was made with.
    public let settings: [String: String]

    private let writer: Writer?
    private let lock: Mutex<StoreLock?>
    private let batchIDs: BatchIDs

    init(path: String, settings: [String: String], writer: Writer?, lock: StoreLock?, firstBatch: Int64) {
        self.path = path
        self.settings = settings
        self.writer = writer
        self.lock = Mutex(lock)
        batchIDs = BatchIDs(first: firstBatch)
    }

    deinit { try? close() }

    /// Finishes what was handed over, commits it, syncs, closes the file and lets others write. Blocks the thread. Throws what ended
    /// the writer, if something did. Closing twice is allowed; readers made before go on.
    public func close() throws(StoreError) {
        // The lock goes last, also when the last commit fails.
        defer { lock.withLock { $0 = nil } }
        try writer?.close()
    }

    /// The writer, or an error for a store that was opened for reading.
    func requireWriter() throws(StoreError) -> Writer {
        if let writer { return writer }
        throw StoreError(
            code: .readOnly, path: path, message: "\(path) was opened for reading only.",
            advice: "Open it with `ChunkStore.open(at:settings:)`.")
    }

    // MARK: Writing

    /// A builder for one worker's batches.
    public func makeBatchBuilder() -> BatchBuilder { BatchBuilder(ids: batchIDs) }

    /// Hands a batch to the writer. Blocks the calling thread while the writer's queue (`StoreLimits.writeQueueByteCount`) is full,
    /// so only for threads that may block. Throws what ended the writer, if something did (a full disk).
    public func write(_ batch: SealedBatch) throws(StoreError) { try requireWriter().submit(batch) }

    /// Hands over an object's outcome, which comes after all batches handed over before. It becomes visible with the
    /// transaction that it is in: within a second, or with `flush`. Blocks as `write(_:)` of a batch does.
    public func write(_ outcome: ObjectOutcome) throws(StoreError) {
        precondition(outcome.isWellFormed, "the spans of an outcome are its chunks, in order and without gaps")
        try requireWriter().submit(outcome)
    }

    /// The same for a caller that must not block: waits for room in the queue without holding a thread.
    public func enqueue(_ outcome: ObjectOutcome) async throws(StoreError) {
        precondition(outcome.isWellFormed, "the spans of an outcome are its chunks, in order and without gaps")
        try await requireWriter().enqueue(outcome)
    }

    /// Waits until everything handed over is committed: other processes see it, and it survives the end of this one.
    public func flush() async throws(StoreError) {
        try await requireWriter().perform { try $0.commit() }
    }
}
