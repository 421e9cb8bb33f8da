import CZlib
import Foundation

/// A file of rows that is being compressed by gzip.
///
/// Level 1, and of the places that a match may begin at only the last one is tried, which `gzopen` does not let be
/// chosen. Most bytes of rows are of keys and ETags: level 6, which is zlib's own choice, makes files that are 7 %
/// smaller, and takes about three times as long.
final class RowCompressor {
    private let path: String
    /// Less than 0: it is closed.
    private var file: Int32
    /// Stays where it is: zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)

    /// Bytes that are written at once.
    private static let byteCount = 64 << 10

    init(_ path: String) throws(JobError) {
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // With a gzip header, by 16 more than the window's bits.
        let status = deflateInit2_(
            stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure(String(cString: strerror(errno))) }
        // The last one is how many are tried; the others are those of level 1.
        guard status == Z_OK, deflateTune(stream, 4, 4, 8, 1) == Z_OK else { throw failure("out of memory") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
        if file >= 0 { close(file) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(JobError) { try deflate(bytes, Z_NO_FLUSH) }

    /// Writes what is left, and closes the file.
    func finish() throws(JobError) {
        try deflate(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
        // Some file systems tell only here that there was no space.
        let status = close(file)
        file = -1
        guard status == 0 else { throw failure(String(cString: strerror(errno))) }
    }

    private func deflate(_ bytes: UnsafeRawBufferPointer, _ flush: Int32) throws(JobError) {
        // It is not written to: zlib's header says so only where a macro is set.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            guard CZlib.deflate(stream, flush) != Z_STREAM_ERROR else { throw failure("zlib failed") }
            try writeAll(UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))]))
        } while stream.pointee.avail_out == 0
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(JobError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(file, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(String(cString: strerror(errno))) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    private func failure(_ why: String) -> JobError {
        JobError(
            code: .storage, place: path, message: "Could not write it: \(why).",
            advice: "Check the scratch directory and the space that is left there.", mayPass: true)
    }
}
