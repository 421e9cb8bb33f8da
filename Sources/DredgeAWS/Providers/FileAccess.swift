#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How files are read; tests have their own.
struct FileAccess: Sendable {
    /// Why a file that is there wasn't read, or none was written.
    enum Problem: Error, Sendable {
        /// In the system's words.
        case unreadable(String)
        case tooLarge
    }

    /// The bytes of the file at a path, which may not be more than so many; nil: there is no such file. Who gets them
    /// wipes them.
    var contents: @Sendable (_ path: String, _ byteCountMax: Int) throws(Problem) -> [UInt8]?

    /// Puts a file of these bytes, which its owner alone may read and write, in the place of the one at a path. Who
    /// reads at the same time gets all of the old one or all of the new one.
    var replace: @Sendable (_ path: String, _ bytes: [UInt8]) throws(Problem) -> Void

    /// Those of the machine.
    static let system = FileAccess(contents: contents, replace: replace)

    @Sendable private static func replace(_ path: String, with bytes: [UInt8]) throws(Problem) {
        // A link stays one: other programs may read what it leads to.
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? path
        // The mode is 0600 from the beginning (mkstemp(3)).
        var name = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
        // Not for a program that is started meanwhile.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var isWritten = bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
        isWritten = isWritten && fsync(descriptor) == 0
        var problem = errno
        close(descriptor)
        if isWritten, rename(name, path) == 0 { return }
        if isWritten { problem = errno }
        unlink(name)
        throw .unreadable(String(cString: strerror(problem)))
    }

    @Sendable private static func contents(_ path: String, _ byteCountMax: Int) throws(Problem) -> [UInt8]? {
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
