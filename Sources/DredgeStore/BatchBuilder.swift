internal import CLZ4
internal import DredgeBase
internal import Synchronization

/// Gives out batch ids, to all builders of a store.
final class BatchIDs: Sendable {
    private let next: Atomic<Int64>
    init(first: Int64) { next = Atomic(first) }
    func take() -> Int64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Packs the chunks of one worker into batches; not to be shared between threads.
///
/// The worker notes `batch` and `entryCount` before it appends an object's chunks: these are the `Span` of the object. It seals
/// when `hasRoom(for:)` says no, or when nothing more comes, hands the sealed batch to `ChunkStore.write`, and after all batches of an
/// object the object's outcome.
///
/// Costs one copy of the text and, when sealing, one LZ4 pass. Its buffers are kept for the next batch.
public final class BatchBuilder {
    private let ids: BatchIDs
    private var raw: [UInt8] = []
    private var objects: [Int64] = []
    private var ordinals: [Int] = []
    private var byteOffsets: [UInt64] = []
    private var byteLengths: [Int] = []
    private var tokenCounts: [Int] = []
    private var directory: [UInt8] = []
    private var compressed: [UInt8] = []

    /// Taken at the first use, so that a builder that rests between two runs holds no id of the earlier one.
    private var id: Int64?

    /// The id that the batch in hand will have.
    public var batch: Int64 {
        if let id { return id }
        let taken = ids.take()
        id = taken
        return taken
    }
    /// Chunks in hand.
    public var entryCount: Int { objects.count }
    /// Bytes of the chunks in hand.
    public var rawByteCount: Int { raw.count }

    init(ids: BatchIDs) {
        self.ids = ids
        raw.reserveCapacity(StoreLimits.batchRawByteCount + 64 << 10)
    }

    /// Whether a chunk of so many bytes belongs into the batch in hand: false when it would go above
    /// `StoreLimits.batchRawByteCount`. An empty batch has room for any chunk.
    public func hasRoom(for byteCount: Int) -> Bool {
        raw.isEmpty || raw.count + byteCount <= StoreLimits.batchRawByteCount
    }

    /// Adds a chunk; `text` is copied. The caller seals first when there is no room; a batch may be larger than
    /// `StoreLimits.batchRawByteCount`, but not larger than `batchRawByteCountMax` (a trap).
    public func append(
        object: Int64, ordinal: Int, byteOffset: UInt64, tokenCount: Int, text: UnsafeRawBufferPointer
    ) {
        precondition(object > 0 && ordinal >= 0 && tokenCount >= 0, "an entry has no negative numbers")
        precondition(
            raw.count + text.count <= StoreLimits.batchRawByteCountMax, "seal the batch before it is full")
        raw.append(contentsOf: text)
        objects.append(object)
        ordinals.append(ordinal)
        byteOffsets.append(byteOffset)
        byteLengths.append(text.count)
        tokenCounts.append(tokenCount)
    }

    /// Compresses what is in hand (nil: nothing is) and begins a new batch.
    public func seal() -> SealedBatch? {
        guard entryCount > 0 else { return nil }
        encodeDirectory()
        let frameByteCount = compress()
        var payload: [UInt8] = []
        payload.reserveCapacity(8 + directory.count + frameByteCount)
        withUnsafeBytes(of: BatchFormat.skippableMagic.littleEndian) { payload.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(directory.count).littleEndian) { payload.append(contentsOf: $0) }
        payload.append(contentsOf: directory)
        payload.append(contentsOf: compressed[0..<frameByteCount])
        let sealed = SealedBatch(
            batch: batch, entryCount: entryCount, rawByteCount: raw.count, payload: payload)
        clear()
        return sealed
    }

    /// Writes checksum, count and columns into `directory`.
    private func encodeDirectory() {
        directory.removeAll(keepingCapacity: true)
        directory.append(contentsOf: repeatElement(0, count: BatchFormat.checksumByteCount))
        BatchFormat.appendVarint(UInt64(entryCount), to: &directory)
        for value in objects { BatchFormat.appendVarint(UInt64(value), to: &directory) }
        for value in ordinals { BatchFormat.appendVarint(UInt64(value), to: &directory) }
        for value in byteOffsets { BatchFormat.appendVarint(value, to: &directory) }
        for value in byteLengths { BatchFormat.appendVarint(UInt64(value), to: &directory) }
        for value in tokenCounts { BatchFormat.appendVarint(UInt64(value), to: &directory) }
        let checksum = directory.withUnsafeBytes {
            SHA256.digest(UnsafeRawBufferPointer(rebasing: $0[BatchFormat.checksumByteCount...]))
        }
        directory.replaceSubrange(
            0..<BatchFormat.checksumByteCount, with: checksum[0..<BatchFormat.checksumByteCount])
    }

    /// Writes the text's frame into `compressed`, which is scratch; returns its length.
    private func compress() -> Int {
        var preferences = BatchFormat.preferences(contentSize: raw.count)
        let bound = LZ4F_compressFrameBound(raw.count, &preferences)
        if compressed.count < bound { compressed = [UInt8](repeating: 0, count: bound) }
        let result = compressed.withUnsafeMutableBytes { output in
            raw.withUnsafeBytes { input in
                LZ4F_compressFrame(output.baseAddress, output.count, input.baseAddress, input.count, &preferences)
            }
        }
        // It fails only when the output is smaller than the bound, or memory is out.
        precondition(LZ4F_isError(result) == 0, "LZ4F_compressFrame failed within its own bound")
        return result
    }

    private func clear() {
        // A batch for one huge chunk must not keep its buffers for ever.
        if raw.capacity > 4 * StoreLimits.batchRawByteCount {
            raw = []
            raw.reserveCapacity(StoreLimits.batchRawByteCount + 64 << 10)
            compressed = []
        }
        raw.removeAll(keepingCapacity: true)
        objects.removeAll(keepingCapacity: true)
        ordinals.removeAll(keepingCapacity: true)
        byteOffsets.removeAll(keepingCapacity: true)
        byteLengths.removeAll(keepingCapacity: true)
        tokenCounts.removeAll(keepingCapacity: true)
        id = nil
    }
}

/// A compressed batch on its way to the writer.
public struct SealedBatch: Sendable {
    /// Its id.
    public let batch: Int64
    /// Chunks in it.
    public let entryCount: Int
    /// Bytes of these chunks.
    public let rawByteCount: Int
    /// Directory and compressed text.
    let payload: [UInt8]

    /// Bytes that it takes in memory and in the store.
    public var payloadByteCount: Int { payload.count }
}
