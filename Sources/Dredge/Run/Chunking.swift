import DredgeLedger
import DredgeText
import DredgeTransfer

/// The stage between a part's arrival and the sink: decodes, chunks, counts, packs and compresses.
///
/// Chunks of objects of one part share a batch. An object is finished after the batch that holds its last chunk, so
/// that nobody ever sees an object of which a chunk is missing (I4).
struct Chunking {
    let run: RunWork
    let chunker: Chunker

    init(_ run: RunWork, counter: TokenCounter) {
        self.run = run
        chunker = Chunker(settings: run.settings.chunking, counter: counter)
    }

    /// Works on part `index` of a document, which is the next of its parts.
    func work(
        on document: Document, part buffer: OwnedBuffer, index: Int, batch shared: SharedBatch
    ) throws(StoreError) {
        let part = TextWindow(
            bytes: buffer.mutableBytes, headroom: buffer.headroom,
            objectOffset: UInt64(index) * UInt64(document.partByteCount))
        let isLast = index == document.partCount - 1
        try document.work.decoder.decode(part, isEnd: isLast) { (window, isEnd) throws(StoreError) in
            try split(window, isEnd: isEnd, of: document, into: shared)
        }
        // As it was listed: it may have another size by now.
        let doneByteCount =
            if let progress = document.progress {
                isLast ? progress.end() : progress.advance(to: part.objectOffset + UInt64(buffer.count))
            } else {
                document.object.size
            }
        run.counters.doneBytes.add(doneByteCount)
    }

    /// All of the document is in batches.
    func finish(_ document: Document, versionID: String?, attemptCount: Int, batch shared: SharedBatch)
        throws(StoreError)
    {
        let work = document.work
        let object = IndexedObject(
            id: document.object.id, spans: work.spans, eTag: document.eTag, size: document.size, versionID: versionID,
            chunkCount: work.chunkCount, tokenCount: work.tokenCount, documentByteCount: work.offset,
            attemptCount: attemptCount)
        if let batch = work.ownBatch {
            try batch.seal()
            try run.sink.finish(object)
        } else {
            shared.add(object)
        }
        run.counters.indexed.add(1)
        run.counters.done.add(1)
    }

    private func split(
        _ window: TextWindow, isEnd: Bool, of document: Document, into shared: SharedBatch
    ) throws(StoreError) {
        let text = window.prepending(document.work.carry)
        let batch = document.work.ownBatch ?? shared.batch
        var failure: StoreError?
        var tokenCount = 0
        let chunkCountBefore = document.work.chunkCount
        let decided = chunker.split(text, isEnd: isEnd) { chunk in
            guard failure == nil else { return }
            if !batch.hasRoom(for: chunk.byteCount) {
                do throws(StoreError) {
                    if document.work.ownBatch == nil { try shared.write(to: run.sink) } else { try batch.seal() }
                } catch {
                    failure = error
                    return
                }
            }
            document.work.note(batch: batch.id, entry: batch.entryCount)
            batch.append(
                object: document.object.id, ordinal: document.work.chunkCount,
                byteOffset: document.work.offset + UInt64(chunk.offset), tokenCount: chunk.tokenCount,
                text: UnsafeRawBufferPointer(rebasing: text[chunk.offset..<chunk.end]))
            document.work.chunkCount += 1
            tokenCount += chunk.tokenCount
        }
        if let failure { throw failure }
        document.work.tokenCount += tokenCount
        document.work.carry = Array(text[decided...])
        document.work.offset += UInt64(decided)
        run.counters.tokens.add(tokenCount)
        run.counters.chunks.add(document.work.chunkCount - chunkCountBefore)
    }
}
