import DredgeStore
import DredgeText
import DredgeTransfer
import Foundation
import Synchronization

/// A thread that chunks, counts, packs and compresses: everything between a part's arrival and the store's queue.
///
/// Chunks of objects of one part share the worker's batch. An object's outcome follows the batch that holds its last chunk, so
/// that the store never shows an object of which a chunk is missing (I4).
struct Worker {
    let queue: DocumentQueue
    let store: ChunkStore
    let settings: IndexSettings
    let counters: RunCounters

    /// Works until the queue has finished. Throws what the store threw.
    func run() throws(StoreError) {
        let chunker = Chunker(settings: settings.chunking, counter: TokenCounter(settings.tokenizer))
        var shared = SharedBatch(builder: store.makeBatchBuilder(), store: store)
        while true {
            switch queue.next(before: shared.deadline) {
            case .part(let document, let buffer, let index):
                let isLast = index == document.partCount - 1
                try split(document, buffer, isLast: isLast, with: chunker, into: &shared)
                guard queue.done(document) else { continue }
                counters.doneBytes.add(UInt64(buffer.count))
                if isLast { try finish(document, with: &shared) }
                try shared.writeIfDue()
            case .nothing:
                try shared.write()
            case .finished:
                return try shared.write()
            }
        }
    }

    private func split(
        _ document: Document, _ buffer: OwnedBuffer, isLast: Bool, with chunker: Chunker, into shared: inout SharedBatch
    ) throws(StoreError) {
        let window =
            document.work.carry.isEmpty
            ? buffer.bytes : document.work.carry.withUnsafeBytes { buffer.prepending($0) }
        let builder = document.work.builder ?? shared.builder
        let isShared = document.work.builder == nil
        var failure: StoreError?
        var tokenCount = 0
        let chunkCountBefore = document.work.chunkCount
        let decided = chunker.split(window, isEnd: isLast) { chunk in
            guard failure == nil else { return }
            if !builder.hasRoom(for: chunk.byteCount) {
                do throws(StoreError) {
                    if isShared { try shared.write() } else { try writeBatch(of: document) }
                } catch {
                    failure = error
                    return
                }
            }
            document.work.note(batch: builder.batch, entry: builder.entryCount)
            builder.append(
                object: document.object.object, ordinal: document.work.chunkCount,
                byteOffset: document.work.offset + UInt64(chunk.offset), tokenCount: chunk.tokenCount,
                text: UnsafeRawBufferPointer(rebasing: window[chunk.offset..<(chunk.offset + chunk.byteCount)]))
            document.work.chunkCount += 1
            tokenCount += chunk.tokenCount
        }
        if let failure { throw failure }
        document.work.tokenCount += tokenCount
        document.work.carry = Array(window[decided...])
        document.work.offset += UInt64(decided)
        counters.tokens.add(tokenCount)
        counters.chunks.add(document.work.chunkCount - chunkCountBefore)
    }

    private func finish(_ document: Document, with shared: inout SharedBatch) throws(StoreError) {
        let work = document.work
        let outcome = ObjectOutcome(
            object: document.object.object,
            state: .indexed(
                spans: work.spans, eTag: document.eTag, size: document.size, versionID: document.arrival.versionID,
                chunkCount: work.chunkCount, tokenCount: work.tokenCount),
            attemptCount: document.arrival.attemptCount)
        if work.builder != nil {
            try writeBatch(of: document)
            document.work = Document.Work()
            try store.write(outcome)
        } else {
            shared.add(outcome)
        }
        counters.indexed.add(1)
        counters.done.add(1)
    }

    private func writeBatch(of document: Document) throws(StoreError) {
        if let batch = document.work.builder?.seal() { try store.write(batch) }
    }
}

/// The batch that small objects share, and the outcomes that wait for it.
private struct SharedBatch {
    let builder: BatchBuilder
    let store: ChunkStore
    private var outcomes: [ObjectOutcome] = []
    /// When what is in hand must be written at the latest; nil: nothing is in hand.
    private(set) var deadline: Date?

    init(builder: BatchBuilder, store: ChunkStore) {
        self.builder = builder
        self.store = store
    }

    mutating func add(_ outcome: ObjectOutcome) {
        outcomes.append(outcome)
        if deadline == nil { deadline = Date(timeIntervalSinceNow: Double(Limits.batchDelay.components.seconds)) }
    }

    mutating func writeIfDue() throws(StoreError) {
        if let deadline, deadline <= Date() { try write() }
    }

    /// Compresses and hands over the batch, and then the outcomes of the objects that are complete with it: those before the one
    /// in work, which has more chunks to come.
    mutating func write() throws(StoreError) {
        if let batch = builder.seal() { try store.write(batch) }
        for outcome in outcomes { try store.write(outcome) }
        outcomes.removeAll(keepingCapacity: true)
        deadline = nil
    }
}

extension Document.Work {
    /// The chunk that is about to be appended as `entry` of `batch` belongs to this document.
    mutating func note(batch: Int64, entry: Int) {
        if let last = spans.indices.last, spans[last].batch == batch {
            spans[last].chunkCount += 1
        } else {
            spans.append(Span(batch: batch, firstEntry: entry, firstOrdinal: chunkCount, chunkCount: 1))
        }
    }
}

/// The threads of a run's workers.
final class WorkerPool: Sendable {
    private struct State {
        var runningCount: Int
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    /// Starts `count` threads that each run `worker`. `onFailure` is called on the thread of the worker that failed.
    init(count: Int, worker: Worker, onFailure: @escaping @Sendable (StoreError) -> Void) {
        state = Mutex(State(runningCount: count))
        for index in 0..<count {
            let thread = Thread { [self] in
                do throws(StoreError) { try worker.run() } catch { onFailure(error) }
                ended()
            }
            thread.name = "dredge-worker-\(index)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// Returns when every thread has ended, whether the task is cancelled or not: what they hold must be handed over before the
    /// run's last transaction. One caller.
    func join() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.runningCount == 0 { return true }
                state.waiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func ended() {
        let waiter = state.withLock { state in
            state.runningCount -= 1
            return state.runningCount == 0 ? state.waiter.take() : nil
        }
        waiter?.resume()
    }
}
