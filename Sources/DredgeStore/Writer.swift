internal import DredgeBase
internal import DredgeLedger
internal import Foundation
internal import GRDB

/// The thread that writes, and the bounded queue in front of it.
///
/// Everything is done in the order in which it was handed over, so that an object's outcome is never committed before
/// its batches. One transaction spans many items (`StoreLimits.transactionByteCount`, `.transactionMilliseconds`); when
/// one fails, the transaction is rolled back and the error is kept: every later write throws it. What was committed
/// before stays, and holds whole objects only.
///
/// `@unchecked Sendable`: all mutable state is guarded by `condition`; the connection is used on the writer's thread
/// only.
final class Writer: @unchecked Sendable {
    /// A piece of work. `run` gets the connection, or the error that keeps it from being done.
    private struct Item {
        enum Work {
            case batch(SealedBatch)
            case object(IndexedObject)
            case outcome(ObjectOutcome)
            case progress(ObjectProgress)
            case discard([BatchID])
            case done
            case job(isRead: Bool, (Result<WriterConnection, StoreError>) -> Void)
        }
        var work: Work
        var byteCount: Int
    }

    /// Of the thread that writes.
    let clock = ThreadClock()
    private let path: String
    private let condition = NSCondition()
    private var items: [Item] = []
    /// Reads that don't have to wait behind the batches of the queue.
    private var urgent: [Item] = []
    private var failure: StoreError?
    private var isClosing = false
    private var hasEnded = false
    /// What the queue holds, and whether nothing will come out of it any more.
    private let load = Monitor(Load(), order: .any)

    private struct Load: Sendable {
        var byteCount = 0
        var byteCountMax = StoreLimits.writeQueueByteCount(ofMemory: StoreLimits.memoryByteCount)
        var isOver = false
        var hasRoom: Bool { isOver || byteCount < byteCountMax }
    }

    /// Takes over `queue`, whose connection it keeps until it is closed.
    init(queue: DatabaseQueue, path: String) {
        self.path = path
        let thread = Thread { [self] in
            clock.begin()
            queue.writeWithoutTransaction { db in
                work(WriterConnection(db: db, path: path, identity: FileIdentity(path)))
            }
            try? queue.close()
            clock.end()
            condition.withLock {
                hasEnded = true
                condition.broadcast()
            }
        }
        thread.name = "dredge-store"
        thread.stackSize = 1 << 20
        thread.start()
    }

    // MARK: Handing over

    func submit(_ batch: SealedBatch) throws(StoreError) {
        try submit(Item(work: .batch(batch), byteCount: batch.payload.count + 256))
    }

    func submit(_ object: IndexedObject) throws(StoreError) {
        let byteCount = 256 + object.spans.count * MemoryLayout<ChunkSpan>.stride
        try submit(Item(work: .object(object), byteCount: byteCount))
    }

    func submit(_ outcome: ObjectOutcome) throws(StoreError) {
        try submit(Item(work: .outcome(outcome), byteCount: 256))
    }

    func submit(_ progress: ObjectProgress) throws(StoreError) {
        let byteCount = 256 + progress.spans.count * MemoryLayout<ChunkSpan>.stride
        try submit(Item(work: .progress(progress), byteCount: byteCount))
    }

    /// Batches to remove.
    func submit(_ discarded: [BatchID]) throws(StoreError) {
        try submit(Item(work: .discard(discarded), byteCount: 256 + discarded.count * 8))
    }

    private func submit(_ item: Item) throws(StoreError) {
        load.update { $0.byteCount += item.byteCount }
        condition.lock()
        let error = currentError
        if error == nil { append(item) }
        condition.unlock()
        if let error { throw error }
    }

    /// Divides so much memory between what waits and SQLite's cache.
    func takeAtMost(memoryByteCount: Int) {
        let byteCount = max(memoryByteCount, StoreLimits.memoryByteCountMin)
        load.update { $0.byteCountMax = StoreLimits.writeQueueByteCount(ofMemory: byteCount) }
        submitJob(isRead: true, { try $0.db.setCache(ofMemory: byteCount) }) { _ in }
    }

    /// Whether less waits than the queue has room for. Also when nothing is written any more: then the next
    /// call tells.
    var hasRoom: Bool { load.read { $0.hasRoom } }

    /// Waits for `hasRoom`.
    func waitForRoom() async throws(CancellationError) { try await load.wait { $0.hasRoom ? () : nil } }

    /// Runs `body` on the writer's thread, behind all that was handed over before.
    func perform<T: Sendable>(_ body: @escaping @Sendable (WriterConnection) throws -> T) async throws(StoreError) -> T
    {
        try await withCheckedContinuation { continuation in
            submitJob(isRead: false, body) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Runs `body`, which only reads, before what waits in the queue; also after a write has failed.
    func read<T: Sendable>(_ body: @escaping @Sendable (WriterConnection) throws -> T) async throws(StoreError) -> T {
        try await withCheckedContinuation { continuation in
            submitJob(isRead: true, body) { continuation.resume(returning: $0) }
        }.get()
    }

    private func submitJob<T: Sendable>(
        isRead: Bool, _ body: @escaping @Sendable (WriterConnection) throws -> T,
        _ completion: @escaping @Sendable (Result<T, StoreError>) -> Void
    ) {
        let work = Item.Work.job(isRead: isRead) { [self] connection in
            switch connection {
            case .failure(let error): completion(.failure(error))
            case .success(let connection):
                do {
                    completion(.success(try body(connection)))
                } catch {
                    let storeError = StoreError(error, path: path, writing: connection.transactionByteCount)
                    // A `StoreError` of the body itself (a wrong argument) comes before anything is written.
                    if !isRead, !(error is StoreError) { fail(storeError, connection) }
                    completion(.failure(storeError))
                }
            }
        }
        condition.lock()
        // A read is still answered after a failed write, so that a report can be made.
        let error = isClosing ? StoreError.closed(path: path) : isRead ? nil : failure
        if error == nil {
            let item = Item(work: work, byteCount: 0)
            if isRead { urgent.append(item) } else { append(item) }
            condition.broadcast()
        }
        condition.unlock()
        if let error { completion(.failure(error)) }
    }

    /// Finishes what is queued, commits, closes the connection, ends the thread.
    func close() throws(StoreError) {
        condition.lock()
        isClosing = true
        condition.broadcast()
        while !hasEnded { condition.wait() }
        let error = failure
        condition.unlock()
        if let error { throw error }
    }

    // MARK: With the lock held

    private var currentError: StoreError? { failure ?? (isClosing ? .closed(path: path) : nil) }

    private func append(_ item: Item) {
        items.append(item)
        condition.broadcast()
    }

    // MARK: On the writer's thread

    private func work(_ connection: WriterConnection) {
        var batch: [Item] = []
        while true {
            condition.lock()
            while items.isEmpty, urgent.isEmpty, !isClosing {
                guard let deadline = connection.deadline else {
                    condition.wait()
                    continue
                }
                if !condition.wait(until: deadline) { break }
            }
            let reads = urgent
            urgent.removeAll()
            swap(&batch, &items)
            let isLast = isClosing && batch.isEmpty && reads.isEmpty
            condition.unlock()

            for item in reads { run(item, connection) }
            for index in batch.indices {
                run(batch[index], connection)
                // What is written gives its memory back at once, not when the last of them is.
                batch[index].work = .done
                runUrgent(connection)
            }
            batch.removeAll(keepingCapacity: true)
            attempt(connection) { if isLast { try connection.commit() } }
            if isLast { break }
        }
        // Nobody may wait for ever: those who come too late for the queue get the reason.
        load.update { $0.isOver = true }
    }

    private func runUrgent(_ connection: WriterConnection) {
        condition.lock()
        let reads = urgent
        if !reads.isEmpty { urgent.removeAll() }
        condition.unlock()
        for item in reads { run(item, connection) }
    }

    private func run(_ item: Item, _ connection: WriterConnection) {
        let failure = condition.withLock { self.failure }
        switch item.work {
        case .batch(let batch) where failure == nil: attempt(connection) { try connection.write(batch) }
        case .object(let object) where failure == nil: attempt(connection) { try connection.write(object) }
        case .outcome(let outcome) where failure == nil: attempt(connection) { try connection.write(outcome) }
        case .progress(let progress) where failure == nil: attempt(connection) { try connection.write(progress) }
        case .discard(let batches) where failure == nil: attempt(connection) { try connection.discard(batches) }
        case .job(let isRead, let body):
            if let failure, !isRead {
                body(.failure(failure))
            } else {
                body(.success(connection))
            }
        default: break
        }
        if item.byteCount > 0 { load.update { $0.byteCount -= item.byteCount } }
    }

    /// Runs a write, and commits when that is due; its error ends all writing.
    private func attempt(_ connection: WriterConnection, _ body: () throws -> Void) {
        do {
            try body()
            try connection.commitIfDue()
        } catch {
            fail(StoreError(error, path: path, writing: connection.transactionByteCount), connection)
        }
    }

    private func fail(_ error: StoreError, _ connection: WriterConnection) {
        connection.rollback()
        condition.lock()
        if failure == nil { failure = error }
        condition.unlock()
        load.update { $0.isOver = true }
    }
}
