/// What is left of the memory for a file's pages.
final class MemoryBudget {
    private var left: Int

    init(_ byteCount: Int) { left = byteCount }

    func take(_ byteCount: Int) throws(Flaw) {
        guard byteCount <= left else { throw .unknown("its pages take more memory than a reader is given") }
        left -= byteCount
    }

    func give(_ byteCount: Int) { left += byteCount }
}

/// Memory that is used again for one page after another.
final class PageMemory {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private let budget: MemoryBudget

    init(_ budget: MemoryBudget) { self.budget = budget }

    deinit { release() }

    /// Room for so many bytes. What was in it before is lost, if it has to grow.
    func room(_ byteCount: Int) throws(Flaw) -> UnsafeMutableRawBufferPointer {
        if byteCount > memory.count {
            release()
            try grow(byteCount)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])
    }

    /// Room for so many bytes, of which the first `kept` are what they were.
    func room(_ byteCount: Int, keeping kept: Int) throws(Flaw) -> UnsafeMutableRawBufferPointer {
        if byteCount > memory.count {
            let old = memory
            memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            defer {
                old.deallocate()
                budget.give(old.count)
            }
            try grow(byteCount + byteCount / 2)
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: old[..<min(kept, old.count)]))
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])
    }

    private func grow(_ byteCount: Int) throws(Flaw) {
        try budget.take(byteCount)
        memory = .allocate(byteCount: byteCount, alignment: 16)
    }

    private func release() {
        budget.give(memory.count)
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}
