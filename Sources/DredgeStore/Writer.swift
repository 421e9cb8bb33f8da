internal import Foundation
internal import GRDB

/// The thread that writes, and the bounded queue in front of it.
///
/// Everything is done in the order in which it was handed over, so that an object's outcome is never committed before its batches. One
/// transaction spans many items (`StoreLimits.transactionByteCount`, `.transactionMilliseconds`); when one fails, the transaction is rolled
/// back and the error is kept: every later write throws it. What was committed before stays, and holds whole objects only.
///
/// `@unchecked Sendable`: all mutable state is guarded by `condition`; the connection is used on the writer's thread only.
final class Writer: @unchecked Sendable {
    /// A piece of work. `run` gets the connection, or the error that keeps it from being done.
    private struct Item {
        enum Work {
            case batch(SealedBatch)
            case outcome(ObjectOutcome)
            case job(isRead: Bool, (Result<WriterConnection, StoreError>) -> Void)
        }
        var work: Work
        var byteCount: Int
    }

    private struct Waiter {
        var item: Item
        var continuation: CheckedContinuation<StoreError?, Never>
    }

    private let path: String
    private let condition = NSCondition()
    private var items: [Item] = []
    /// Reads that don't have to wait behind the batches of the queue.
    private var urgent: [Item] = []
    private var waiters: [Waiter] = []
    private var queuedByteCount = 0
    private var failure: StoreError?
    private var isClosing = false
    private var hasEnded = false

    /// Takes over `queue`, whose connection it keeps until it is closed.
    init(queue: DatabaseQueue, path: String) {
        self.path = path
        let thread = Thread { [self] in
            queue.writeWithoutTransaction { db in
                work(WriterConnection(db: db, path: path))
            }
            try? queue.close()
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

    /// Waits, holding the thread, while the queue is full.
    func submit(_ batch: SealedBatch) throws(StoreError) {
        try submit(Item(work: .batch(batch), byteCount: batch.payload.count + 256))
    }

    /// Waits, holding the thread, while the queue is full.
    func submit(_ outcome: ObjectOutcome) throws(StoreError) {
        try submit(Item(work: .outcome(outcome), byteCount: outcome.byteCount))
    }

    private func submit(_ item: Item) throws(StoreError) {
        condition.lock()
        defer { condition.unlock() }
        while failure == nil, !isClosing, !hasRoom(item) { condition.wait() }
        if let error = currentError { throw error }
        append(item)
    }

    /// Waits, without holding the thread, while the queue is full.
    func enqueue(_ outcome: ObjectOutcome) async throws(StoreError) {
        let item = Item(work: .outcome(outcome), byteCount: outcome.byteCount)
        let error: StoreError? = await withCheckedContinuation { continuation in
            condition.lock()
            defer { condition.unlock() }
            if let error = currentError {
                continuation.resume(returning: error)
            } else if waiters.isEmpty, hasRoom(item) {
                append(item)
                continuation.resume(returning: nil)
            } else {
                waiters.append(Waiter(item: item, continuation: continuation))
            }
        }
        if let error { throw error }
    }

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

    /// `perform` for a caller that may hold its thread.
    func performBlocking<T: Sendable>(_ body: @escaping @Sendable (WriterConnection) throws -> T) throws(StoreError)
        -> T
    {
        let box = ResultBox<T>()
        submitJob(isRead: false, body) { box.set($0) }
        return try box.wait().get()
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

    /// Something larger than the whole queue goes alone.
    private func hasRoom(_ item: Item) -> Bool {
        queuedByteCount == 0 || queuedByteCount + item.byteCount <= StoreLimits.writeQueueByteCount
    }

    private func append(_ item: Item) {
        queuedByteCount += item.byteCount
        items.append(item)
        condition.broadcast()
    }

    private func admitWaiters() {
        while let first = waiters.first, hasRoom(first.item) {
            waiters.removeFirst()
            append(first.item)
            first.continuation.resume(returning: nil)
        }
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
            for item in batch {
                run(item, connection)
                runUrgent(connection)
            }
            batch.removeAll(keepingCapacity: true)
            attempt(connection) { try isLast ? connection.commit() : connection.commitIfDue() }
            if isLast { break }
        }
        // Nobody may wait for ever: those who came too late for the queue get the reason.
        condition.lock()
        for waiter in waiters { waiter.continuation.resume(returning: currentError) }
        waiters.removeAll()
        condition.unlock()
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
        case .batch(let batch) where failure == nil:
            attempt(connection) {
                try connection.write(batch)
                try connection.commitIfDue()
            }
        case .outcome(let outcome) where failure == nil:
            attempt(connection) {
                try connection.write(outcome)
                try connection.commitIfDue()
            }
        case .job(let isRead, let body):
            if let failure, !isRead {
                body(.failure(failure))
            } else {
                body(.success(connection))
            }
        default: break
        }
        guard item.byteCount > 0 else { return }
        condition.lock()
        queuedByteCount -= item.byteCount
        admitWaiters()
        condition.broadcast()
        condition.unlock()
    }

    /// Runs a write; its error ends all writing.
    private func attempt(_ connection: WriterConnection, _ body: () throws -> Void) {
        do { try body() } catch {
            fail(StoreError(error, path: path, writing: connection.transactionByteCount), connection)
        }
    }

    private func fail(_ error: StoreError, _ connection: WriterConnection) {
        connection.rollback()
        condition.lock()
        if failure == nil { failure = error }
        let waiting = waiters
        waiters.removeAll()
        condition.broadcast()
        condition.unlock()
        for waiter in waiting { waiter.continuation.resume(returning: error) }
    }
}

/// Carries a result from the writer's thread to one that waits.
///
/// `@unchecked Sendable`: `result` is guarded by `condition`.
private final class ResultBox<T: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var result: Result<T, StoreError>?

    func set(_ result: Result<T, StoreError>) {
        condition.withLock {
            self.result = result
            condition.signal()
        }
    }

    func wait() -> Result<T, StoreError> {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result { return result }
            condition.wait()
        }
    }
}
