import DredgeTransfer

/// The memory for what is fetched, shared fairly by runs and, within each, by its sources.
struct MemoryBudget: Sendable {
    private let pool: BufferPool
    private let bytes: Capacity

    /// - Parameter byteCount: the most that is held at once, by all together.
    init(byteCount: Int) {
        pool = BufferPool(byteLimit: byteCount)
        bytes = Capacity(byteCount)
    }

    /// A run's part of the memory.
    func makeAccount() -> MemoryAccount { MemoryAccount(pool: pool, bytes: bytes.makeAccount()) }
}

/// One user's part of a `MemoryBudget`.
struct MemoryAccount: Sendable {
    fileprivate let pool: BufferPool
    fileprivate let bytes: CapacityAccount

    /// An account that shares this one's part.
    func makeAccount() -> MemoryAccount { MemoryAccount(pool: pool, bytes: bytes.makeAccount()) }

    /// Waits until there is room for a buffer of `byteCount` bytes and as much `headroom` before them. The room is
    /// given back with the buffer's last reference.
    func buffer(byteCount: Int, headroom: Int) async throws(CancellationError) -> OwnedBuffer {
        let place = try await bytes.take(pool.blockByteCount(byteCount + headroom))
        return try await pool.buffer(byteCount: byteCount, headroom: headroom, lease: place)
    }
}
