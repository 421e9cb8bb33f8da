import DredgeBase

/// A bounded pool of pre-faulted buffers: the memory budget of everything that is fetched.
///
/// Memory is taken from the system in blocks of a few sizes (see `blockByteCount`) and kept for reuse, since fresh
/// pages cost a fifth of the throughput. `byteLimit` bounds what is really mapped: blocks on loan and idle ones
/// together. When a request finds no idle block of its size and no room, idle blocks of other sizes are unmapped for
/// it; when that is not enough, it waits, first come first served. A small request does not overtake a large one, so
/// that a large one is never starved.
public final class BufferPool: Sendable {
    /// The most bytes that the pool maps.
    public let byteLimit: Int
    private let accounts: Monitor<BufferPoolState>
    private let faultsInPages: Bool

    /// An empty pool: memory is mapped as it is asked for. `byteLimit` should hold at least a few of the largest
    /// buffers in use.
    /// - Parameter faultsInPages: whether memory is there before it is written to, which is faster where all of a
    ///   buffer is used. Without it only what is written to takes memory, and gives it back with the buffer: for
    ///   answers that may be long and hardly ever are.
    public init(byteLimit: Int, faultsInPages: Bool = true) {
        precondition(byteLimit > 0, "a buffer pool needs a positive limit, not \(byteLimit)")
        self.byteLimit = byteLimit
        self.faultsInPages = faultsInPages
        accounts = Monitor(BufferPoolState(byteLimit: byteLimit))
    }

    deinit { accounts.update { $0.unmapIdle() } }

    /// Bytes of the blocks now on loan.
    public var byteCountInUse: Int { accounts.read { $0.byteCountInUse } }

    /// The most bytes that were ever held, on loan and kept for reuse. Never above `byteLimit`.
    public var byteCountPeak: Int { accounts.read { $0.byteCountPeak } }

    /// Tasks that wait for a buffer now.
    var waiterCount: Int { accounts.waiterCount }

    /// Whether a buffer of this size can ever be had from this pool.
    public func canHold(byteCount: Int, headroom: Int = 0) -> Bool {
        byteCount >= 0 && headroom >= 0 && byteCount <= byteLimit && headroom <= byteLimit
            && blockByteCount(byteCount + headroom) <= byteLimit
    }

    /// Waits, first come first served, until `byteCount + headroom` bytes fit under the limit.
    ///
    /// Cancelling the task ends the wait with `CancellationError`. Asking for more than the pool can ever hold is a
    /// programming error and traps: check `canHold` where the size comes from outside.
    /// - Parameter lease: held for as long as the buffer is, for the caller's own accounts.
    public func buffer(
        byteCount: Int, headroom: Int = 0, lease: (any AnyObject & Sendable)? = nil
    ) async throws(CancellationError) -> OwnedBuffer {
        precondition(
            canHold(byteCount: byteCount, headroom: headroom),
            "a buffer of \(byteCount) + \(headroom) bytes cannot come from a pool of \(byteLimit) bytes; ask "
                + "canHold first"
        )
        if Task.isCancelled { throw CancellationError() }
        if let buffer = bufferIfFree(byteCount: byteCount, headroom: headroom, lease: lease) { return buffer }
        let blockByteCount = blockByteCount(byteCount + headroom)
        let grant = try await accounts.wait { $0.take(blockByteCount) }
        return lend(grant, byteCount: byteCount, headroom: headroom, lease)
    }

    /// The same without waiting: nil when the pool is at its limit, or somebody waits already, or it can never hold as
    /// much.
    public func bufferIfFree(
        byteCount: Int, headroom: Int = 0, lease: (any AnyObject & Sendable)? = nil
    ) -> OwnedBuffer? {
        guard canHold(byteCount: byteCount, headroom: headroom) else { return nil }
        let blockByteCount = blockByteCount(byteCount + headroom)
        let grant = accounts.attempt { $0.take(blockByteCount) }
        return grant.map { lend($0, byteCount: byteCount, headroom: headroom, lease) }
    }

    /// Makes the pool smaller by so many bytes (larger, where they are negative), for something else that the same
    /// memory is for. Where more is on loan, that holds when enough has come back.
    package func shrink(by byteCount: Int) { accounts.update { $0.changeLimit(by: -byteCount) } }

    /// Called by a buffer's deinit.
    func takeBack(_ block: MappedBlock) {
        if !faultsInPages { block.giveBackPages() }
        accounts.update { $0.giveBack(block) }
    }

    /// Bytes of the block that serves a request for `byteCount` bytes: 16 KiB or more, with four to eight steps to each
    /// doubling and none above 256 KiB. So less than a quarter of a block is wasted, 3 % where parts of 8 MiB are
    /// fetched, and still the sizes are few enough that a block meets a second request of its size.
    package func blockByteCount(_ byteCount: Int) -> Int {
        let page = MappedBlock.pageByteCount
        let doubling = 1 << (Int.bitWidth - max(byteCount - 1, Self.blockByteCountMin - 1).leadingZeroBitCount)
        let step = min(max(doubling / 8, page), Self.blockStepByteCountMax)
        let rounded = max(byteCount, Self.blockByteCountMin).roundedUp(to: step)
        // A pool whose limit falls between two steps can still be used up to its limit.
        return rounded <= byteLimit ? rounded : byteCount.roundedUp(to: page)
    }

    private static let blockByteCountMin = 16 << 10
    private static let blockStepByteCountMax = 256 << 10

    /// Mapping happens here, after the lock and by the one who asked: faulting in 8 MiB takes a millisecond or two.
    private func lend(
        _ grant: BufferPoolGrant, byteCount: Int, headroom: Int, _ lease: (any AnyObject & Sendable)?
    ) -> OwnedBuffer {
        let block = grant.idleBlock ?? MappedBlock.map(byteCount: grant.byteCount, faultsInPages: faultsInPages)
        return OwnedBuffer(pool: self, block: block, capacity: byteCount, headroom: headroom, lease: lease)
    }
}

extension Int {
    /// The next multiple of `step`, which is positive.
    fileprivate func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}
