#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files that the user names.
enum InputFile {
    struct Failure: Error {
        /// The system's words, as `No such file or directory`.
        var reason: String

        init(errorNumber: Int32) { reason = String(cString: strerror(errorNumber)) }
    }

    /// The first `byteCountMax` bytes of the file at `path`.
    static func read(_ path: String, byteCountMax: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(errorNumber: errno) }
        defer { close(descriptor) }
        return try readAll(descriptor, byteCountMax: byteCountMax)
    }

    /// What `descriptor` still holds, at most `byteCountMax` bytes.
    static func readAll(_ descriptor: Int32, byteCountMax: Int = .max) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while bytes.count < byteCountMax {
            let wanted = min(block.count, byteCountMax - bytes.count)
            let count = block.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, wanted) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(errorNumber: errno)
            }
            bytes.append(contentsOf: block[..<count])
        }
        return bytes
    }
}

/// `read(2)`, which the name of a method would hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ byteCount: Int) -> Int {
    read(descriptor, buffer, byteCount)
}

extension InputFile {
    /// Calls `body` with the whole file: mapped if it is a regular one, else read into memory (a pipe, a file of
    /// `/proc`).
    static func withBytes<Value>(of path: String, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(errorNumber: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(errorNumber: errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw Failure(errorNumber: EISDIR) }
        let byteCount = Int(status.st_size)
        if status.st_mode & S_IFMT == S_IFREG, byteCount > 0,
            let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
        {
            defer { munmap(address, byteCount) }
            return try body(UnsafeRawBufferPointer(start: address, count: byteCount))
        }
        return try readAll(descriptor).withUnsafeBytes(body)
    }
}
