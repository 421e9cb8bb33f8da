/// Where a run's chunks go.
///
/// Chunks are appended to batches, batches are sealed, and when all of an object's batches are sealed the object is
/// finished: it becomes visible then, with all its chunks, or not at all. Its older version stays visible until then.
///
/// **Bounded.** Handing over never waits, so that a thread that works for many runs isn't held up by one slow disk.
/// Whoever hands over looks at `hasRoom` first, and may go over it by what it has in hand.
public protocol ChunkSink: AnyObject, Sendable {
    /// What the content is a function of beside the objects' bytes, by name.
    var settings: [String: String] { get }

    /// An empty batch, for one thread at a time.
    func makeBatch() -> any ChunkBatch

    /// Makes an object visible, after everything that was handed over before. Its batches must have been sealed. Throws
    /// what ended the sink, if something did (a full disk).
    func finish(_ object: IndexedObject) throws(StoreError)

    /// Keeps what was read so far of an object that is not read to its end, after everything that was handed over
    /// before: `Ledger.pending` gives it to the next read, of this run or another one. Nobody else sees it. It goes
    /// when the object is finished, removed or settled (other than as failed or postponed), is listed in another
    /// version, or is marked with no chunks. Its batches must have been sealed, and hold chunks of this object alone.
    /// Throws as `finish` does.
    func mark(_ progress: ObjectProgress) throws(StoreError)

    /// Removes sealed batches that are of no use any more: those of an object whose reading was given up. Those that an
    /// object, or what `mark` keeps, has chunks in stay. Throws as `finish` does.
    func discard(_ batches: [BatchID]) throws(StoreError)

    /// Sets the most memory, in bytes, that the sink takes for what waits to be written and for its caches. What is
    /// handed over when there is no room comes on top.
    func takeAtMost(memoryByteCount: Int)

    /// Whether less waits to be written than the sink's queue holds. True also when the sink has failed: then the next
    /// call tells.
    var hasRoom: Bool { get }

    /// Returns when `hasRoom`.
    func waitForRoom() async throws(CancellationError)

    /// Processor time that writing has taken so far, on a thread of the sink's own, in seconds. 0: it has none.
    var writingSeconds: Double { get }

    /// Waits until everything handed over survives the end of this process, and others see it.
    func flush() async throws(StoreError)
}

extension ChunkSink {
    /// None.
    public var writingSeconds: Double { 0 }
}

/// Chunks that are compressed and stored together; may be used again after it was sealed.
public protocol ChunkBatch: AnyObject {
    /// The batch in hand, for `ChunkSpan`. Another one after `seal`.
    var id: BatchID { get }
    /// Chunks in hand.
    var entryCount: Int { get }
    /// Whether a chunk of so many bytes belongs into the batch in hand. An empty batch has room for any chunk.
    func hasRoom(for byteCount: Int) -> Bool
    /// Adds a chunk; `text` is copied. Whoever calls seals first when there is no room.
    func append(object: ObjectID, ordinal: Int, byteOffset: UInt64, tokenCount: Int, text: UnsafeRawBufferPointer)
    /// Compresses what is in hand and hands it over; does nothing when there is nothing. Throws as `ChunkSink.finish`
    /// does.
    func seal() throws(StoreError)
}

/// Bounds that an engine may count on, whatever the sink is.
public enum SinkLimits {
    /// Chunk bytes after which a batch has no more room: large enough that LZ4 finds repetitions across small objects
    /// and that a batch is one write; small enough that reading one chunk inflates little. A single chunk above it gets
    /// a batch of its own.
    public static let batchByteCount = 1 << 20
}
