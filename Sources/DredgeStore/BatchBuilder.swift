internal import DredgeBase
internal import DredgeLedger
internal import Synchronization

/// Gives out batch ids, to all builders of a store.
final class BatchIDs: Sendable {
    private let next: Atomic<Int64>
    init(first: Int64) { next = Atomic(first) }
    func take() -> BatchID { BatchID(rawValue: next.wrappingAdd(1, ordering: .relaxed).oldValue) }
}

/// Packs chunks into batches; not to be shared between threads.
///
/// Costs one copy of the text and, when sealing, one LZ4 pass. Its buffers are kept for the next batch.
final class BatchBuilder: ChunkBatch {
    private let ids: BatchIDs
    private let handOver: (SealedBatch) throws(StoreError) -> Void
    private var raw: [UInt8] = []
    private var objects: [ObjectID] = []
    private var ordinals: [Int] = []
    private var byteOffsets: [UInt64] = []
    private var byteLengths: [Int] = []
    private var tokenCounts: [Int] = []
    private var directory: [UInt8] = []
    private let frame = TextFrame()
    /// Taken at the first use, so that a builder that rests between two runs holds no id of the earlier one.
    private var takenID: BatchID?

    init(ids: BatchIDs, handOver: @escaping (SealedBatch) throws(StoreError) -> Void) {
        self.ids = ids
        self.handOver = handOver
        raw.reserveCapacity(SinkLimits.batchByteCount + 64 << 10)
    }

    var id: BatchID {
        if let takenID { return takenID }
        let id = ids.take()
        takenID = id
        return id
    }

    var entryCount: Int { objects.count }

    /// False when the chunk would bring the batch above `SinkLimits.batchByteCount`.
    func hasRoom(for byteCount: Int) -> Bool {
        raw.isEmpty || raw.count + byteCount <= SinkLimits.batchByteCount
    }

    /// A batch may be larger than `SinkLimits.batchByteCount`, but not larger than `StoreLimits.batchRawByteCountMax`
    /// (a trap).
    func append(
        object: ObjectID, ordinal: Int, byteOffset: UInt64, tokenCount: Int, text: UnsafeRawBufferPointer
    ) {
        precondition(object.rawValue > 0 && ordinal >= 0 && tokenCount >= 0, "an entry has no negative numbers")
        precondition(
            raw.count + text.count <= StoreLimits.batchRawByteCountMax, "seal the batch before it is full")
        raw.append(contentsOf: text)
        objects.append(object)
        ordinals.append(ordinal)
        byteOffsets.append(byteOffset)
        byteLengths.append(text.count)
        tokenCounts.append(tokenCount)
    }

    func seal() throws(StoreError) {
        guard entryCount > 0 else { return }
        let sealed = SealedBatch(id: id, entryCount: entryCount, rawByteCount: raw.count, payload: makePayload())
        clear()
        try handOver(sealed)
    }

    private func makePayload() -> [UInt8] {
        encodeDirectory()
        return raw.withUnsafeBytes { text in
            frame.write(text) { frame in
                var payload: [UInt8] = []
                payload.reserveCapacity(8 + directory.count + frame.count)
                withUnsafeBytes(of: BatchFormat.skippableMagic.littleEndian) { payload.append(contentsOf: $0) }
                withUnsafeBytes(of: UInt32(directory.count).littleEndian) { payload.append(contentsOf: $0) }
                payload.append(contentsOf: directory)
                payload.append(contentsOf: frame)
                return payload
            }
        }
    }

    /// Writes checksum, count and columns into `directory`.
    private func encodeDirectory() {
        directory.removeAll(keepingCapacity: true)
        directory.append(contentsOf: repeatElement(0, count: BatchFormat.checksumByteCount))
        BatchFormat.appendVarint(UInt64(entryCount), to: &directory)
        for value in objects { BatchFormat.appendVarint(UInt64(value.rawValue), to: &directory) }
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

    private func clear() {
        // A batch for one huge chunk must not keep its buffers for ever.
        if raw.capacity > 4 * SinkLimits.batchByteCount {
            raw = []
            raw.reserveCapacity(SinkLimits.batchByteCount + 64 << 10)
            frame.shrink()
        }
        raw.removeAll(keepingCapacity: true)
        objects.removeAll(keepingCapacity: true)
        ordinals.removeAll(keepingCapacity: true)
        byteOffsets.removeAll(keepingCapacity: true)
        byteLengths.removeAll(keepingCapacity: true)
        tokenCounts.removeAll(keepingCapacity: true)
        takenID = nil
    }
}

/// A compressed batch on its way to the writer.
struct SealedBatch: Sendable {
    let id: BatchID
    let entryCount: Int
    /// Bytes of its chunks.
    let rawByteCount: Int
    /// Directory and compressed text.
    let payload: [UInt8]
}
