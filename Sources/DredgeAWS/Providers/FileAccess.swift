#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How files are read; tests have their own.
struct FileAccess: Sendable {
    /// Why a file that is there wasn't read.
    enum Problem: Error, Sendable {
        /// In the system's words.
        case unreadable(String)
        case tooLarge
    }

    /// The bytes of the file at a path, which may not be more than so many; nil: there is no such file. Who gets them
    /// wipes them.
    var contents: @Sendable (_ path: String, _ byteCountMax: Int) throws(Problem) -> [UInt8]?

    /// Those of the machine.
    static let system = FileAccess { (path, byteCountMax) throws(Problem) in
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        // One more than allowed, and never moved, so that no copy stays behind.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size(of: descriptor, atMost: byteCountMax) + 1)
        var isAtEnd = false
        while !isAtEnd, bytes.count <= byteCountMax {
            let count = withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { block in
                let count = read(descriptor, block.baseAddress, min(block.count, byteCountMax + 1 - bytes.count))
                if count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: block[..<count])) }
                SecretBytes.wipe(block)
                return count
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
            isAtEnd = count == 0
        }
        guard isAtEnd else { throw .tooLarge }
        return bytes
    }

    private static func size(of descriptor: Int32, atMost byteCountMax: Int) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? min(max(Int(status.st_size), 0), byteCountMax) : 0
    }
}
