#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A range of anonymous memory that was asked from the kernel, with all its pages present.
///
/// Its pages are faulted in when it is made: a page fault for every 4 KiB that curl's bytes are copied to costs a fifth
/// to a quarter of the throughput, and the kernel does it many pages at a time when it is asked to.
struct MappedBlock: @unchecked Sendable {  // a pointer with one owner at a time: the pool's idle list, or one buffer
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Bytes of a page of this machine.
    static let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// Maps `byteCount` bytes (a multiple of the page size) and faults them in, unless told not to. The process ends
    /// when the kernel has no memory to give: the pool's limit promised memory that this machine, or this process's
    /// limits, does not have.
    static func map(byteCount: Int, faultsInPages: Bool = true) -> MappedBlock {
        var flags = MAP_PRIVATE | MAP_ANONYMOUS
        #if os(Linux)
            if faultsInPages { flags |= Int32(MAP_POPULATE) }
        #endif
        guard let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED else {
            fatalError(
                "The system refused \(byteCount) bytes for a transfer buffer (\(String(cString: strerror(errno)))). "
                    + "Lower the memory limit."
            )
        }
        #if !os(Linux)
            if faultsInPages {
                for offset in stride(from: 0, to: byteCount, by: pageByteCount) {
                    base.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
                }
            }
        #endif
        return MappedBlock(base: base, byteCount: byteCount)
    }

    /// Gives the memory back to the system and keeps the addresses: what is written to next takes memory anew.
    func giveBackPages() { madvise(base, byteCount, MADV_DONTNEED) }

    /// Gives the memory back to the system. Nothing may use the block afterwards.
    func unmap() {
        let status = munmap(base, byteCount)
        precondition(status == 0, "munmap refused a block of \(byteCount) bytes that mmap made")
    }
}
