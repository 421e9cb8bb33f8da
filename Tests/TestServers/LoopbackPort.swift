import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// TCP ports of 127.0.0.1.
public enum LoopbackPort {
    /// Ports below those that the kernel gives to connections, of which tests make thousands.
    private static let range = 12_000..<32_000
    private static let given = Mutex<Set<Int>>([])

    /// A port that nothing listens on now, and that this process has given to nobody: a server that is started again
    /// finds it free. A server that can choose a port itself should.
    public static func free() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: range)
            guard given.withLock({ $0.insert(port).inserted }), try isFree(port) else { continue }
            return port
        }
        throw ServerProblem(description: "no free port on loopback")
    }

    private static func isFree(_ port: Int) throws -> Bool {
        let socket = try openSocket()
        defer { close(socket) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Whether a connection to `port` is accepted.
    public static func isListening(_ port: Int) -> Bool {
        guard let socket = try? openSocket() else { return false }
        defer { close(socket) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(socket, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func openSocket() throws -> Int32 {
        #if canImport(Glibc)
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let socket = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard socket >= 0 else { throw ServerProblem(description: "no socket: \(String(cString: strerror(errno)))") }
        return socket
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return address
    }
}
