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
    private let markedByteCount: UInt64

    init(_ run: RunWork, counter: TokenCounter) {
        self.run = run
        markedByteCount = UInt64(run.markedByteCount)
        chunker = Chunker(settings: run.settings.chunking, counter: counter)
    }

    /// Works on part `index` of a document, which is the next of its parts.
    func work(
        on document: Document, part buffer: OwnedBuffer, index: Int, batch shared: SharedBatch
    ) throws(StoreError) {
        let part = TextWindow(
            bytes: buffer.mutableBytes, headroom: buffer.headroom,
            objectOffset: document.start + UInt64(index) * UInt64(document.partByteCount))
        let isLast = index == document.partCount - 1
        if let check = document.check {
            check.add(buffer.bytes, isLast: isLast)
            // Nobody will see any of it.
            if check.isRefuted {
                if document.isLarge { try end(document, .dropped) }
                return check.tell()
            }
        }
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
        if !isLast, canBeMarked(document), document.work.offset - document.work.marked.offset >= markedByteCount {
            try mark(document)
        }
    }

    /// The document is not read to its end.
    func end(_ document: Document, _ ending: Document.Ending) throws(StoreError) {
        switch ending {
        case .kept where canBeMarked(document): try mark(document)
        case .kept: try discardUnmarked(of: document)
        case .dropped:
            try discardUnmarked(of: document)
            try run.sink.mark(progress(of: document, chunkCount: 0))
        }
    }

    /// Whether another read could go on behind what is decided of the document. Without an ETag nobody could tell
    /// whether the rest is of the same version, and a checksum that is half-way is kept nowhere.
    private func canBeMarked(_ document: Document) -> Bool {
        document.isLarge && document.check == nil && !document.eTag.isEmpty && document.work.decoder.passesBytesOn
    }

    /// Keeps what is decided of the document, should its read end early.
    private func mark(_ document: Document) throws(StoreError) {
        guard document.work.offset > document.work.marked.offset else { return }
        try seal(document.work.ownBatch)
        try run.sink.mark(progress(of: document, chunkCount: document.work.chunkCount))
        document.work.marked = (document.work.offset, document.work.spans.count)
    }

    private func progress(of document: Document, chunkCount: Int) -> ObjectProgress {
        let work = document.work
        return ObjectProgress(
            object: document.object.id, eTag: document.eTag, size: document.size, byteOffset: work.offset,
            chunkCount: chunkCount, tokenCount: work.tokenCount,
            spans: chunkCount == 0 ? [] : Array(work.spans[work.marked.spanCount...]))
    }

    private func discardUnmarked(of document: Document) throws(StoreError) {
        let work = document.work
        let batches = work.spans[work.marked.spanCount...].map(\.batch).filter { $0 != work.ownBatch?.id }
        document.work.spans.removeSubrange(work.marked.spanCount...)
        if !batches.isEmpty { try run.sink.discard(batches) }
    }

    /// All of the document is in batches, unless a checksum has refuted it.
    func finish(_ document: Document, versionID: String?, attemptCount: Int, batch shared: SharedBatch)
        throws(StoreError)
    {
        if let check = document.check, check.isRefuted { return }
        let work = document.work
        let object = IndexedObject(
            id: document.object.id, spans: work.spans, eTag: document.eTag, size: document.size, versionID: versionID,
            chunkCount: work.chunkCount, tokenCount: work.tokenCount, documentByteCount: work.offset,
            attemptCount: attemptCount)
        if let batch = work.ownBatch {
            try seal(batch)
            try run.sink.finish(object)
        } else {
            shared.add(object)
        }
        document.counters.indexed.add(1)
        document.counters.done.add(1)
        if let check = document.check {
            run.counters.verified.add(1)
            check.tell()
        }
    }

    private func seal(_ batch: (any ChunkBatch)?) throws(StoreError) {
        try run.counters.compressing { () throws(StoreError) in try batch?.seal() }
    }

    private func split(
        _ window: TextWindow, isEnd: Bool, of document: Document, into shared: SharedBatch
    ) throws(StoreError) {
        let text = window.prepending(document.work.carry)
        document.work.carry = []
        let batch = document.work.ownBatch ?? shared.batch
        var failure: StoreError?
        var tokenCount = 0
        let chunkCountBefore = document.work.chunkCount
        let decided = chunker.split(text, isEnd: isEnd) { chunk in
            guard failure == nil else { return }
            if !batch.hasRoom(for: chunk.byteCount) {
                do throws(StoreError) {
                    if document.work.ownBatch == nil { try shared.write(for: run) } else { try seal(batch) }
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
