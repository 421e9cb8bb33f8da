import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output, buffered. Only what a command produces goes there.
final class StandardOutput: Sendable {
    static let shared = StandardOutput(descriptor: STDOUT_FILENO)

    /// The reader has closed its end (`| head`). Commands let it pass: there is nobody left to tell.
    struct ReaderGone: Error {}

    private static let bufferByteCount = 64 << 10

    private struct State {
        var buffer: [UInt8] = []
        var isReaderGone = false
    }
    private let state = Mutex(State())
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    /// Throws `ReaderGone`, or a `CommandFailure` when the output can't be written (a full disk).
    func write(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            if state.isReaderGone { throw ReaderGone() }
            state.buffer += bytes
            if state.buffer.count >= Self.bufferByteCount { try drain(&state) }
        }
    }

    /// Writes what is buffered. False: it could not be written, which has been told on standard error. A reader that
    /// went away is no failure.
    @discardableResult
    func flush() -> Bool {
        state.withLock { state in
            do {
                try drain(&state)
            } catch let failure as CommandFailure {
                StandardError.write(failure.message + "\n")
                return false
            } catch {}
            return true
        }
    }

    private func drain(_ state: inout State) throws {
        let result = DescriptorWriter.write(state.buffer, to: descriptor)
        state.buffer.removeAll(keepingCapacity: true)
        switch result {
        case 0: return
        case EPIPE:
            state.isReaderGone = true
            throw ReaderGone()
        default:
            state.isReaderGone = true
            throw CommandFailure(.fatal, "dredge: cannot write the output: \(String(cString: strerror(result)))")
        }
    }
}

/// Standard error, unbuffered: progress, reports, complaints. What can't be written there is lost.
enum StandardError {
    static func write(_ text: String) {
        _ = DescriptorWriter.write(Array(text.utf8), to: STDERR_FILENO)
    }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb" }

    /// Columns of the terminal, 80 where it does not say.
    static var columnCount: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

enum DescriptorWriter {
    /// Writes all of `bytes`. Returns 0, or the `errno` of what failed.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = systemWrite(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if count >= 0 {
                    offset += count
                } else if errno == EAGAIN {
                    // Somebody made the descriptor non-blocking (a shared terminal): wait until it takes more.
                    var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&poller, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// `write(2)`, which the names of methods would hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
