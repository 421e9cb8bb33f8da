internal import DredgeLedger
internal import GRDB

/// Puts the live chunks of batches that have dead ones together into new batches.
final class Repacker {
    private let writer: WriterConnection
    private let builder: BatchBuilder
    private let sealed = Sealed()
    /// Spans that point into the batch in hand.
    private var moved: [(object: ObjectID, span: ChunkSpan)] = []

    private final class Sealed { var batch: SealedBatch? }

    init(_ writer: WriterConnection, ids: BatchIDs) {
        self.writer = writer
        builder = BatchBuilder(ids: ids) { [sealed] (batch) throws(StoreError) in sealed.batch = batch }
    }

    /// Moves what is live of a batch. Its spans are gone from it when this returns; they are written with their new
    /// batch, at the latest by `finish`, in the same transaction.
    func move(_ batch: StoredBatch) throws {
        // It may end in the middle of an object of which more was read.
        try writer.dropProgress(in: batch.id)
        let spans = try query(
            writer.db,
            "SELECT object, first_ordinal, chunk_count, first_entry FROM span WHERE batch = ? ORDER BY first_entry",
            [.id(batch.id)]
        ) {
            (
                object: ObjectID(rawValue: $0.int64(0)),
                span: ChunkSpan(batch: batch.id, firstEntry: $0.int(3), firstOrdinal: $0.int(1), chunkCount: $0.int(2))
            )
        }
        guard !spans.isEmpty else { return }
        let inflated = try batch.inflated()
        for (object, span) in spans {
            guard span.firstEntry >= 0, span.chunkCount > 0, span.firstEntry <= inflated.entries.count,
                span.chunkCount <= inflated.entries.count - span.firstEntry
            else { throw BatchDamage("a span names entries that it does not have") }
            for index in 0..<span.chunkCount {
                let entry = inflated.entries[span.firstEntry + index]
                guard entry.object == object, entry.ordinal - index == span.firstOrdinal else {
                    throw BatchDamage("a span names chunks of another object")
                }
            }
        }
        let delete = try writer.statement("DELETE FROM span WHERE batch = ?")
        delete.bind(1, batch.id)
        try delete.run()
        for (object, span) in spans {
            for index in span.firstEntry..<span.firstEntry + span.chunkCount {
                try move(inflated.entries[index], of: object, inflated.text)
            }
        }
    }

    private func move(_ entry: DirectoryEntry, of object: ObjectID, _ text: [UInt8]) throws {
        if !builder.hasRoom(for: entry.byteLength) { try finish() }
        if let last = moved.last, last.object == object, last.span.firstOrdinal + last.span.chunkCount == entry.ordinal
        {
            moved[moved.count - 1].span.chunkCount += 1
        } else {
            moved.append(
                (
                    object,
                    ChunkSpan(
                        batch: builder.id, firstEntry: builder.entryCount, firstOrdinal: entry.ordinal, chunkCount: 1)
                ))
        }
        text[entry.start..<entry.start + entry.byteLength].withUnsafeBytes {
            builder.append(
                object: object, ordinal: entry.ordinal, byteOffset: entry.byteOffset, tokenCount: entry.tokenCount,
                text: $0)
        }
    }

    /// Writes the batch in hand and the spans that point into it.
    func finish() throws {
        try builder.seal()
        guard let batch = sealed.batch else { return }
        sealed.batch = nil
        try writer.insert(batch)
        for (object, span) in moved { try writer.insert([span], of: object) }
        moved = []
    }
}
