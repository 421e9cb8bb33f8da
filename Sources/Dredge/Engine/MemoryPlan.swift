import DredgeLedger
import DredgeS3
import DredgeText
import DredgeTransfer

/// How the memory of an engine is divided.
///
/// The budget covers all that grows with settings or content. What is left of it, after the workers, the requests in
/// flight, the stores and the documents of several parts, is for what is fetched; that is most of it. Beside it the
/// process takes a constant of at most 64 MiB: code, token tables, and what all listings share (`ListingMemory`).
struct MemoryPlan: Sendable, Hashable {
    /// The most GETs in flight.
    let requestCount: Int
    /// Worker threads.
    let workerCount: Int
    /// For the stores of all runs: what waits to be written, and SQLite's cache.
    let storeByteCount: Int
    /// For what documents of several parts carry from part to part, of all runs.
    let carriedByteCount: Int
    /// For buffers that are fetched into, wait or are in work.
    let fetchedByteCount: Int
    /// How much of that is used before it is known that workers wait for more: two parts for each.
    let readAheadByteCount: Int
    /// The same with as many workers as there may be.
    private let fetchedByteCountMin: Int

    /// Divides `limits.memoryByteCount`.
    /// - Parameter coreCount: how many workers there are where `limits` don't say.
    init(_ limits: Limits, coreCount: Int) {
        let byteCount = limits.memoryByteCount
        let eighth = byteCount / 8
        requestCount = max(min(limits.requestCount, eighth / Self.requestByteCount), min(4, limits.requestCount))
        storeByteCount = min(max(eighth, Self.storeByteCountMin), Self.storeByteCountMax)
        carriedByteCount = eighth
        let shared = byteCount - requestCount * Self.requestByteCount - storeByteCount - carriedByteCount
        // Workers take no more than half of what the others leave, except for the first one.
        let asked = limits.workerCount > 0 ? limits.workerCount : coreCount
        workerCount = max(1, min(asked, shared / 2 / Self.workerByteCount))
        // Curl's buffers have an eighth of what a buffer has.
        fetchedByteCount = max(1, (shared - workerCount * Self.workerByteCount) / 9 * 8)
        readAheadByteCount = min(fetchedByteCount, 2 * workerCount * (limits.partByteCount + Self.partExcessByteCount))
        fetchedByteCountMin = (shared - max(Self.workerByteCount, shared / 2)) / 9 * 8
    }

    /// What a document of several parts may hold beside its parts: text that is not decided yet, and a batch.
    static func carriedByteCount(_ chunking: ChunkingSettings) -> Int {
        let undecided = Chunker.lookaheadByteCountMax(chunking)
        // And the text of a batch, and what LZ4 makes of it.
        return undecided + 2 * max(undecided, SinkLimits.batchByteCount)
    }

    /// Whether a run with these settings gets on, on any machine: two parts have room, and what one document carries.
    func holds(_ limits: Limits, _ chunking: ChunkingSettings) -> Bool {
        let part = bufferByteCount(ofPart: limits, chunking)
        let excess = max(0, Self.carriedByteCount(chunking) - carriedByteCount)
        return fetchedByteCountMin - excess >= 2 * part
    }

    /// What the block of a part may take, with the room before it.
    func bufferByteCount(ofPart limits: Limits, _ chunking: ChunkingSettings) -> Int {
        limits.partByteCount + limits.headroomByteCount(chunking) + Self.partExcessByteCount
    }

    /// What all listings share, of the constant: three pages of the largest size, or thirty of a thousand keys of usual
    /// length.
    static let listedByteCount = 3 * S3Limits.listByteCount(forAnswer: S3Limits().listAnswerByteCountMax)
    /// What the block of a part may have beside it, without its headroom.
    private static let partExcessByteCount = 256 << 10
    /// What one more worker takes: a counter's caches (8 MiB), the batches that it fills and the one that it
    /// compresses.
    static let workerByteCount = 12 << 20
    /// What a GET in flight takes beside its buffer and an eighth of that for curl's (`TransferLimits`): its task, its
    /// connection with TLS, curl's least buffer.
    static let requestByteCount = 112 << 10
    /// The least for the stores of all runs.
    static let storeByteCountMin = 4 << 20
    /// The most: more does not make one faster.
    static let storeByteCountMax = 48 << 20
}
