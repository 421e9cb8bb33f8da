import DredgeConfig

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of metrics. It is replaced as a whole, so that nobody reads half of it; everybody may read it, since who
/// collects it is another user.
struct MetricsFile: Sendable {
    /// What keeps it from being written: `/a/b.prom: No such file or directory`.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let path: String
    /// Not named `….prom`: collectors take every file of that name.
    private let partialPath: String

    init(_ path: String) {
        self.path = path
        partialPath = "\(path).partial-\(getpid())"
    }

    /// Throws a `Failure`; the old file stays then.
    func write(_ text: String) throws(Failure) {
        let descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure(errno) }
        let written = DescriptorWriter.write(Array(text.utf8), to: descriptor)
        let closed = close(descriptor) == 0 ? 0 : errno
        let named = written == 0 && closed == 0 ? (rename(partialPath, path) == 0 ? 0 : errno) : 0
        guard let errorNumber = [written, closed, named].first(where: { $0 != 0 }) else { return }
        unlink(partialPath)
        throw failure(errorNumber)
    }

    private func failure(_ errorNumber: Int32) -> Failure {
        Failure(description: "\(Quoting.escaped(path)): \(String(cString: strerror(errorNumber)))")
    }
}
