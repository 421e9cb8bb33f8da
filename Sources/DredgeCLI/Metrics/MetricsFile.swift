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
        guard mayReplace else {
            throw Failure(
                description: "\(Quoting.escaped(path)): is there, and is no file of dredge's metrics; name another one")
        }
        let descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure(errno) }
        let written = DescriptorWriter.write(Array(text.utf8), to: descriptor)
        let closed = close(descriptor) == 0 ? 0 : errno
        let named = written == 0 && closed == 0 ? (rename(partialPath, path) == 0 ? 0 : errno) : 0
        guard let errorNumber = [written, closed, named].first(where: { $0 != 0 }) else { return }
        unlink(partialPath)
        throw failure(errorNumber)
    }

    /// Whether there is nothing, an empty file, or metrics of an earlier run: not a store, a config or a device.
    private var mayReplace: Bool {
        var info = stat()
        guard lstat(path, &info) == 0 else { return true }
        guard info.st_mode & S_IFMT == S_IFREG else { return false }
        if info.st_size == 0 { return true }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var start = [UInt8](repeating: 0, count: Self.start.utf8.count)
        return read(descriptor, &start, start.count) == start.count && start.elementsEqual(Self.start.utf8)
    }

    /// With what each such file begins.
    private static let start = "# HELP dredge_"

    private func failure(_ errorNumber: Int32) -> Failure {
        Failure(description: "\(Quoting.escaped(path)): \(String(cString: strerror(errorNumber)))")
    }
}
