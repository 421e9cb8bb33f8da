import DredgeBase
import DredgeLedger
import DredgeText
import DredgeTransfer
import Foundation
import Testing

@testable import Dredge

@Suite struct WorkQueueTests {
    private let pool = BufferPool(byteLimit: 16 << 20)
    private let queue = WorkQueue()

    private func run() -> RunWork {
        RunWork(
            sink: MemoryStore(settings: IndexSettings().named, seed: 1), settings: IndexSettings(),
            counters: RunCounters(), failure: FirstFailure(), on: queue)
    }

    private func document(parts: Int, of run: RunWork) -> Document {
        Document(
            object: PendingObject(id: ObjectID(rawValue: 1), position: 1, key: [107], size: 1, eTag: ETag("e")),
            eTag: ETag("e"), size: 1, partByteCount: 10, partCount: parts, decoder: PlainText(),
            ownBatch: parts > 1 ? run.sink.makeBatch() : nil, counters: SourceCounters(name: "s"))
    }

    @Test func `parts are handed out in their order, whatever order they arrive in`() async throws {
        let run = run()
        let document = document(parts: 3, of: run)
        for part in [2, 0, 1] { run.deliver(try await pool.buffer(byteCount: 10), part: part, of: document) }
        run.finish()
        var order: [Int] = []
        while case .part(_, let taken, _, let index, let batch)? = queue.next() {
            order.append(index)
            queue.done(taken, of: run, in: .zero, batch)
        }
        #expect(order == [0, 1, 2])
    }

    @Test func `a worker that waits starves only where nothing has arrived`() async throws {
        let starved = Counter<Int>()
        let queue = WorkQueue { starved.add(1) }
        let run = RunWork(
            sink: MemoryStore(settings: IndexSettings().named, seed: 1), settings: IndexSettings(),
            counters: RunCounters(), failure: FirstFailure(), on: queue)
        let document = document(parts: 3, of: run)
        let worker = Thread {
            while case .part(_, let taken, _, _, let batch)? = queue.next() {
                queue.done(taken, of: run, in: .zero, batch)
            }
        }
        // The first part is missing: what waits is not for more room.
        for part in 1...2 { run.deliver(try await pool.buffer(byteCount: 10), part: part, of: document) }
        worker.start()
        while !worker.isExecuting { await Task.yield() }
        #expect(starved.value == 0)
        run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document)
        while starved.value == 0 { await Task.yield() }
        #expect(starved.value == 1)
        run.finish()
        while !worker.isFinished { await Task.yield() }
        #expect(starved.value == 1)
    }

    @Test func `an abandoned document gives its buffers back, and its end is waited for`() async throws {
        let run = run()
        let document = document(parts: 2, of: run)
        run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document)
        run.deliver(try await pool.buffer(byteCount: 10), part: 1, of: document)
        let abandonment = Task { await run.abandon(document, .dropped) }
        while pool.byteCountInUse > 0 { await Task.yield() }
        run.finish()
        guard case .end(_, let ended, .dropped)? = queue.next() else {
            Issue.record("an abandoned document was handed out")
            return
        }
        queue.ended(ended, of: run, in: .zero)
        await abandonment.value
        if case .close? = queue.next() {} else { Issue.record("the run was not closed") }
    }

    @Test func `a cancelled run keeps what is decided of documents that are not read to their end`() async throws {
        let run = run()
        let documents = [document(parts: 2, of: run), document(parts: 2, of: run), document(parts: 1, of: run)]
        for document in documents { run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document) }
        guard case .part(_, let first, _, _, let batch)? = queue.next() else {
            Issue.record("no part")
            return
        }
        run.deliver(try await pool.buffer(byteCount: 10), part: 1, of: first)
        run.cancel()
        queue.done(first, of: run, in: .zero, batch)
        for _ in 0..<2 {
            guard case .end(_, let ended, .kept)? = queue.next() else {
                Issue.record("a document was not put away")
                return
            }
            queue.ended(ended, of: run, in: .zero)
        }
        if case .close? = queue.next() {} else { Issue.record("the run was not closed") }
        #expect(pool.byteCountInUse == 0)
        // Nobody is left who could do anything.
        await run.abandon(first, .kept)
    }

    @Test func `finish lets workers empty the queue, cancel does not`() async throws {
        for isCancelled in [false, true] {
            let run = run()
            run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document(parts: 1, of: run))
            if isCancelled { run.cancel() } else { run.finish() }
            switch queue.next() {
            case .part(_, let document, _, _, let batch)?:
                #expect(!isCancelled)
                queue.done(document, of: run, in: .zero, batch)
                if case .close? = queue.next() {} else { Issue.record("the run was not closed") }
            case .close?: #expect(isCancelled)
            default: Issue.record("neither a part nor the end")
            }
        }
        #expect(pool.byteCountInUse == 0)
    }

    @Test func `a batch that can't be written is not due again`() throws {
        let sink = MemoryStore(settings: IndexSettings().named, seed: 1, crashesAt: 0)
        let batch = SharedBatch(sink.makeBatch())
        batch.add(
            IndexedObject(
                id: ObjectID(rawValue: 1), spans: [], eTag: ETag("e"), size: 0, chunkCount: 0, tokenCount: 0,
                documentByteCount: 0))
        #expect(batch.deadline != nil)
        let run = RunWork(
            sink: sink, settings: IndexSettings(), counters: RunCounters(), failure: FirstFailure(), on: queue)
        #expect(throws: StoreError.self) { try batch.write(for: run) }
        #expect(batch.deadline == nil)
    }

    @Test func `a run that comes after the workers have ended is closed at once`() async throws {
        queue.shutDown()
        if queue.next() != nil { Issue.record("there was a job") }
        let run = run()
        run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document(parts: 1, of: run))
        run.finish()
        await run.end()
        #expect(pool.byteCountInUse == 0)
    }

    @Test func `the run that had the least time comes first`() async throws {
        let runs = [run(), run(), run()]
        for run in runs {
            for _ in 0..<3 {
                run.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document(parts: 1, of: run))
            }
        }
        // The first one's parts take five times as long.
        var order: [Int] = []
        for _ in 0..<7 {
            guard case .part(let run, let document, _, _, let batch)? = queue.next() else { break }
            let index = runs.firstIndex { $0 === run }!
            order.append(index)
            queue.done(document, of: run, in: .seconds(index == 0 ? 5 : 1), batch)
        }
        #expect(order.filter { $0 == 0 }.count == 1 && order.filter { $0 == 1 }.count == 3)
    }
}
