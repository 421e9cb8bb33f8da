import DredgeBase
import Synchronization

/// Where a streamed body goes: segments from a pool, filled one after the other and queued until the consumer takes them.
///
/// `filling` and the flags belong to the loop's thread; the queue between it and the consumer has a lock.
final class StreamSink: @unchecked Sendable {  // see above
    let pool: BufferPool
    let segmentByteCount: Int

    // MARK: The loop's side

    /// The segment that the callback stores to; its room was there before the bytes were asked for.
    var filling: OwnedBuffer?
    /// Whether the callback found no room and curl holds the bytes back.
    var isPaused = false
    /// Waits for the pool on behalf of the loop, which never waits.
    var roomRequest: Task<Void, Never>?

    init(pool: BufferPool, first: OwnedBuffer) {
        self.pool = pool
        segmentByteCount = first.capacity
        filling = first
    }

    /// Called by curl's body callback.
    func store(_ body: UnsafeRawBufferPointer) -> Bool {
        if let filling, filling.append(body) { return true }
        isPaused = true
        return false
    }

    /// Queues what has been filled.
    func deliverFilled() {
        guard let segment = filling.take(), segment.count > 0 else { return }
        let waiter = queue.withLock { queue in
            queue.segments.append(segment)
            queue.segmentCount += 1
            return queue.waiter.take()
        }
        waiter?.resume()
    }

    /// Whether one more segment may be held for the consumer.
    var mayHoldAnother: Bool {
        queue.withLock { $0.segmentCount } + (filling == nil ? 0 : 1) < TransferLimits.undeliveredSegmentCountMax
    }

    /// Ends the stream: what arrived is still delivered, then the end or the error.
    func finish(_ result: TransferResult) {
        roomRequest?.cancel()
        deliverFilled()
        let waiter = queue.withLock { queue in
            queue.outcome = result
            return queue.waiter.take()
        }
        waiter?.resume()
    }

    // MARK: The consumer's side

    private struct Queue {
        var segments = FIFO<OwnedBuffer>()
        var segmentCount = 0
        var outcome: TransferResult?
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private let queue = Mutex(Queue())

    /// The next segment, nil at the end. One caller at a time.
    func next() async throws(TransferError) -> OwnedBuffer? {
        while true {
            let step: (segment: OwnedBuffer?, outcome: TransferResult?) = queue.withLock { queue in
                guard let segment = queue.segments.popFirst() else { return (nil, queue.outcome) }
                queue.segmentCount -= 1
                return (segment, nil)
            }
            if let segment = step.segment { return segment }
            if let outcome = step.outcome {
                _ = try outcome.get()
                return nil
            }
            await withUnsafeContinuation { continuation in
                let isReady = queue.withLock { queue in
                    if !queue.segments.isEmpty || queue.outcome != nil { return true }
                    queue.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
