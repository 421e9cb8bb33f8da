#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this process may open: files and connections.
enum Descriptors {
    /// Whether a connection may have failed because no more can be opened: curl tells of it as of a host that can't be
    /// reached. A lookup of a name and a handshake take a few at once and give them back.
    static var areUsedUp: Bool {
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        for _ in 0..<neededCount {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { return errno == EMFILE || errno == ENFILE }
            opened.append(descriptor)
        }
        return false
    }

    /// How many may be open at once.
    static var limit: UInt64 {
        var limits = rlimit()
        #if canImport(Glibc)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #else
            getrlimit(RLIMIT_NOFILE, &limits)
        #endif
        return UInt64(limits.rlim_cur)
    }

    /// Connections that there is room for beside what is open now and what others will open: at least one.
    ///
    /// None may take the last descriptors: a store that can't open its files fails, and libdispatch, which looks at its
    /// threads in /proc, ends the process.
    static var connectionCountMax: Int {
        let limit = Int(clamping: limit)
        // Who may open more has room for all connections that there can be.
        guard limit < lookedAtCount else { return .max }
        let openCount = (0..<Int32(limit)).count { fcntl($0, F_GETFD) >= 0 }
        return max(1, limit - openCount - reserveCount)
    }

    private static let neededCount = 4
    private static let reserveCount = 32
    private static let lookedAtCount = 4096
}
