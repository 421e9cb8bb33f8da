import DredgeBase

/// The accounts of a `BufferPool`, guarded by its lock: decisions only, except that idle blocks are unmapped here. That happens under
/// the lock so that no other thread can map what was freed on paper before it is freed in fact: the limit always holds.
struct BufferPoolState {
    private(set) var byteCountInUse = 0
    private(set) var byteCountPeak = 0
    /// Those that wait, without the cancelled ones that are still in the queue.
    private(set) var waiterCount = 0
    private var byteCountMapped = 0
    private var idleBlocks: [Int: [MappedBlock]] = [:]  // by byteCount; no empty lists
    private var waiters = FIFO<BufferPoolWaiter>()

    /// Whether somebody waits. A waiter that was cancelled behind a waiting one does not count as soon as it is the first.
    var hasWaiters: Bool { !waiters.isEmpty }

    /// A block for `byteCount` bytes (a size that `blockByteCount` gave) or the right to map one; nil when there is no room now.
    mutating func take(_ byteCount: Int, byteLimit: Int) -> BufferPoolGrant? {
        if let block = takeIdle(byteCount...(byteCount + byteCount / 4)) {
            byteCountInUse += block.byteCount
            return BufferPoolGrant(byteCount: block.byteCount, idleBlock: block)
        }
        guard byteCountInUse + byteCount <= byteLimit else { return nil }
        while byteCountMapped + byteCount > byteLimit, let block = takeIdle(0...Int.max) {
            byteCountMapped -= block.byteCount
            block.unmap()
        }
        byteCountMapped += byteCount
        byteCountInUse += byteCount
        byteCountPeak = max(byteCountPeak, byteCountMapped)
        return BufferPoolGrant(byteCount: byteCount, idleBlock: nil)
    }

    /// Puts a block on the idle list and serves who waits.
    mutating func giveBack(_ block: MappedBlock, byteLimit: Int) -> [BufferPoolSettlement] {
        byteCountInUse -= block.byteCount
        idleBlocks[block.byteCount, default: []].append(block)
        return serveWaiters(byteLimit: byteLimit)
    }

    /// Queues `waiter`; it may be served at once, since a block may have come back between the first try and this.
    mutating func wait(
        _ waiter: BufferPoolWaiter, _ continuation: BufferPoolWaiter.Continuation, byteLimit: Int
    ) -> [BufferPoolSettlement] {
        guard !waiter.isCancelled else { return [.init(waiter: continuation, grant: nil)] }
        waiter.continuation = continuation
        waiters.append(waiter)
        waiterCount += 1
        return serveWaiters(byteLimit: byteLimit)
    }

    /// Ends the wait of `waiter`, also when it has not begun yet. Those behind it may fit now.
    mutating func cancel(_ waiter: BufferPoolWaiter, byteLimit: Int) -> [BufferPoolSettlement] {
        waiter.isCancelled = true
        guard let continuation = waiter.continuation.take() else { return [] }
        waiterCount -= 1
        return [.init(waiter: continuation, grant: nil)] + serveWaiters(byteLimit: byteLimit)
    }

    mutating func unmapIdle() {
        for block in idleBlocks.values.joined() { block.unmap() }
        idleBlocks = [:]
    }

    private mutating func serveWaiters(byteLimit: Int) -> [BufferPoolSettlement] {
        var settlements: [BufferPoolSettlement] = []
        while let waiter = waiters.first {
            if !waiter.isCancelled {
                guard let grant = take(waiter.byteCount, byteLimit: byteLimit) else { break }
                // A waiter in the queue that is not cancelled has not been resumed: its continuation is there.
                if let continuation = waiter.continuation.take() {
                    waiterCount -= 1
                    settlements.append(.init(waiter: continuation, grant: grant))
                }
            }
            _ = waiters.popFirst()
        }
        return settlements
    }

    /// Takes the smallest idle block whose size is in `sizes`. There are few sizes in use, so that looking at all is quick.
    private mutating func takeIdle(_ sizes: ClosedRange<Int>) -> MappedBlock? {
        guard let byteCount = idleBlocks.keys.lazy.filter(sizes.contains).min() else { return nil }
        let block = idleBlocks[byteCount]?.popLast()
        if idleBlocks[byteCount]?.isEmpty == true { idleBlocks[byteCount] = nil }
        return block
    }
}

/// One who waits for a block. Its fields are guarded by the pool's lock.
final class BufferPoolWaiter: @unchecked Sendable {
    /// nil stands for a cancelled wait.
    typealias Continuation = UnsafeContinuation<BufferPoolGrant?, Never>
    let byteCount: Int
    var continuation: Continuation?
    var isCancelled = false

    init(byteCount: Int) { self.byteCount = byteCount }
}

/// The right to `byteCount` bytes: an idle block, or nil when the one who asked maps a new one.
struct BufferPoolGrant: Sendable {
    var byteCount: Int
    var idleBlock: MappedBlock?
}

/// What is told to a waiter once the lock is released.
struct BufferPoolSettlement {
    var waiter: BufferPoolWaiter.Continuation
    var grant: BufferPoolGrant?
}
