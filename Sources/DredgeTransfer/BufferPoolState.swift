/// The accounts of a `BufferPool`, guarded by its lock: decisions only, except that idle blocks are unmapped here. That
/// happens under the lock so that no other thread can map what was freed on paper before it is freed in fact: the limit
/// always holds.
struct BufferPoolState: Sendable {
    private var byteLimit: Int
    private(set) var byteCountInUse = 0
    private(set) var byteCountPeak = 0
    private var byteCountMapped = 0
    private var idleBlocks: [Int: [MappedBlock]] = [:]  // by byteCount; no empty lists

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// A block for `byteCount` bytes (a size that `blockByteCount` gave) or the right to map one; nil when there is no
    /// room now.
    mutating func take(_ byteCount: Int) -> BufferPoolGrant? {
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
        precondition(byteCountMapped <= byteLimit, "a buffer pool went over its limit")
        return BufferPoolGrant(byteCount: byteCount, idleBlock: nil)
    }

    /// Puts a block on the idle list.
    mutating func giveBack(_ block: MappedBlock) {
        byteCountInUse -= block.byteCount
        precondition(byteCountInUse >= 0, "a buffer pool got back more than it lent")
        if byteCountMapped > byteLimit {
            byteCountMapped -= block.byteCount
            block.unmap()
        } else {
            idleBlocks[block.byteCount, default: []].append(block)
        }
    }

    mutating func unmapIdle() {
        for block in idleBlocks.values.joined() { block.unmap() }
        idleBlocks = [:]
    }

    /// Lowers the limit, or raises it again. Where more than that is on loan, nothing is lent until enough has come
    /// back.
    mutating func changeLimit(by byteCount: Int) {
        byteLimit += byteCount
        while byteCountMapped > byteLimit, let block = takeIdle(0...Int.max) {
            byteCountMapped -= block.byteCount
            block.unmap()
        }
    }

    /// Takes the smallest idle block whose size is in `sizes`. There are few sizes in use, so that looking at all is
    /// quick.
    private mutating func takeIdle(_ sizes: ClosedRange<Int>) -> MappedBlock? {
        guard let byteCount = idleBlocks.keys.lazy.filter(sizes.contains).min() else { return nil }
        let block = idleBlocks[byteCount]?.popLast()
        if idleBlocks[byteCount]?.isEmpty == true { idleBlocks[byteCount] = nil }
        return block
    }
}

/// The right to `byteCount` bytes: an idle block, or nil when the one who asked maps a new one.
struct BufferPoolGrant: Sendable {
    var byteCount: Int
    var idleBlock: MappedBlock?
}
