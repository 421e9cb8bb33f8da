import DredgeTransfer

/// The memory for what is fetched, shared fairly by runs and, within each, by its sources.
struct MemoryBudget: Sendable {
    fileprivate let pool: BufferPool
    private let bytes: Capacity
    let readAhead: ReadAhead

    /// - Parameters:
    ///   - byteCount: the most that is held at once, by all together.
    ///   - readAhead: how much of it is read into at first; it grows when that makes workers wait.
    init(byteCount: Int, readAhead: Int) {
        pool = BufferPool(byteLimit: byteCount)
        bytes = Capacity(byteCount)
        self.readAhead = ReadAhead(of: bytes, least: readAhead)
    }

    /// Waits for room of `byteCount` bytes for something else than buffers, and keeps it until the returned value goes.
    func reserve(_ byteCount: Int) async throws(CancellationError) -> MemoryReserve {
        readAhead.reserve(byteCount)
        do {
            let place = try await bytes.makeAccount().take(byteCount)
            return MemoryReserve(byteCount: byteCount, of: self, place: place)
        } catch {
            readAhead.reserve(-byteCount)
            throw error
        }
    }

    /// Bytes that are held now.
    var byteCountInUse: Int { bytes.amountInUse }

    /// A run's part of the memory.
    func makeAccount() -> MemoryAccount { MemoryAccount(pool: pool, bytes: bytes.makeAccount(), readAhead: readAhead) }
}

/// Memory that is not for buffers at the moment.
final class MemoryReserve: Sendable {
    private let byteCount: Int
    private let pool: BufferPool
    private let readAhead: ReadAhead
    private let place: Place

    fileprivate init(byteCount: Int, of budget: MemoryBudget, place: Place) {
        self.byteCount = byteCount
        pool = budget.pool
        readAhead = budget.readAhead
        self.place = place
        pool.shrink(by: byteCount)
    }

    deinit {
        pool.shrink(by: -byteCount)
        readAhead.reserve(-byteCount)
    }
}

/// One user's part of a `MemoryBudget`.
struct MemoryAccount: Sendable {
    fileprivate let pool: BufferPool
    fileprivate let bytes: CapacityAccount
    fileprivate let readAhead: ReadAhead

    /// An account that shares this one's part.
    func makeAccount() -> MemoryAccount {
        MemoryAccount(pool: pool, bytes: bytes.makeAccount(), readAhead: readAhead)
    }

    /// Waits until there is room for a buffer of `byteCount` bytes and as much `headroom` before them. The room is
    /// given back with the buffer's last reference.
    func buffer(byteCount: Int, headroom: Int) async throws(CancellationError) -> OwnedBuffer {
        let blockByteCount = pool.blockByteCount(byteCount + headroom)
        let place = try await bytes.take(blockByteCount)
        readAhead.taken(blockByteCount)
        return try await pool.buffer(byteCount: byteCount, headroom: headroom, lease: place)
    }
}
