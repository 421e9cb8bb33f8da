/// A byte buffer with one owner at a time, on loan from a `BufferPool`; it goes back when the last reference drops, on
/// whichever thread that happens.
///
/// ```
///  block  |<- headroom ->|<- count bytes: the body ->|<- free ->|
///                        ^ bytes.baseAddress         ^ append   ^ capacity
/// ```
///
/// The memory is not cleared between loans: only `bytes` has a meaning. A buffer is handed from owner to owner (the
/// transfer loop fills it, then a worker reads it) and has no lock: two threads must not use it at once.
public final class OwnedBuffer: @unchecked Sendable {  // handed over, never shared; see above
    private let pool: BufferPool
    private let block: MappedBlock
    private let body: UnsafeMutableRawPointer
    /// What is held for as long as the buffer is.
    package let lease: (any AnyObject & Sendable)?

    /// Bytes that fit behind the headroom: what was asked for, although the block below may be larger.
    public let capacity: Int
    /// Bytes kept free in front of the body, so that a consumer can put what it had left over before it without copying
    /// the body.
    public let headroom: Int
    /// Bytes in use, from the start of the body.
    public private(set) var count = 0

    init(pool: BufferPool, block: MappedBlock, capacity: Int, headroom: Int, lease: (any AnyObject & Sendable)?) {
        precondition(capacity + headroom <= block.byteCount, "a buffer larger than its block")
        self.pool = pool
        self.block = block
        self.capacity = capacity
        self.headroom = headroom
        self.lease = lease
        body = block.base + headroom
    }

    deinit { pool.takeBack(block) }

    /// The body: `count` bytes. Valid while the buffer is alive and until the next `append` or `truncate`.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: body, count: count) }

    /// The same, to be changed. The `headroom` bytes before them may be written too.
    public var mutableBytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: body, count: count) }

    /// Copies `source` behind the body. False, and nothing copied, when it does not fit.
    public func append(_ source: UnsafeRawBufferPointer) -> Bool {
        guard source.count <= capacity - count else { return false }
        if let base = source.baseAddress {
            (body + count).copyMemory(from: base, byteCount: source.count)
            count += source.count
        }
        return true
    }

    /// Forgets what is behind `count` bytes, which must not be more than there are.
    public func truncate(to count: Int) {
        precondition(
            0...self.count ~= count, "cannot truncate a buffer of \(self.count) bytes to \(count)")
        self.count = count
    }
}
