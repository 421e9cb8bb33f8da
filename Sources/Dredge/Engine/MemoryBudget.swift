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

    /// Waits for room of `byteCount` bytes for something else than buffers, and keeps it until the returned value goes.
    func reserve(_ byteCount: Int) async throws(CancellationError) -> MemoryReserve {
        let place = try await bytes.makeAccount().take(byteCount)
        return MemoryReserve(byteCount: byteCount, pool: pool, place: place)
    }

    /// A run's part of the memory.
    func makeAccount() -> MemoryAccount { MemoryAccount(pool: pool, bytes: bytes.makeAccount()) }
}

/// Memory that is not for buffers at the moment.
final class MemoryReserve: Sendable {
    private let byteCount: Int
    private let pool: BufferPool
    private let place: Place

    fileprivate init(byteCount: Int, pool: BufferPool, place: Place) {
        self.byteCount = byteCount
        self.pool = pool
        self.place = place
        pool.shrink(by: byteCount)
    }

    deinit { pool.shrink(by: -byteCount) }
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
