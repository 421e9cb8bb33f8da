import Foundation

/// A file that is read at offsets.
final class StoredFile {
    let byteCount: Int64
    private let descriptor: Int32

    init(_ path: String) throws(Flaw) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable("it can't be opened: \(String(cString: strerror(errno)))") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .unreadable("it can't be looked at: \(String(cString: strerror(code)))")
        }
        byteCount = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `output` with the bytes from `offset` on.
    func read(_ output: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Flaw) {
        var done = 0
        while done < output.count {
            let count = pread(descriptor, output.baseAddress! + done, output.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable("it can't be read: \(String(cString: strerror(errno)))") }
            guard count > 0 else { throw .damaged("the file ends before") }
            done += count
        }
    }
}
