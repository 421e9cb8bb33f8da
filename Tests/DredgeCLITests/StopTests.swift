import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ctrl-C, on the real binary, in the middle of a request that nobody answers.
@Suite struct StopTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func `the first signal is a clean stop with status 4`(signal: Int32) throws {
        let listener = try SilentListener()
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources: [{bucket: abc, endpoint_url: "http://127.0.0.1:\(listener.port)", region: us-east-1, auth: anonymous}]
            """)
        let process = Process()
        process.executableURL = DredgeBinary.url
        process.arguments = ["run", "c.yaml", "--json"]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
        process.currentDirectoryURL = directory.url
        let output = try directory.handle("output"), error = try directory.handle("error")
        process.standardOutput = output
        process.standardError = error
        try process.run()
        try listener.waitForConnection()  // then the run is under way, and the signal is expected
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 4)
        #expect(try directory.text("error") == "dredge: stopping; press Ctrl-C again to end at once\n")
        let report = try JSONSerialization.jsonObject(with: Data(try directory.text("output").utf8)) as? [String: Any]
        #expect(report?["outcome"] as? String == "stopped")
    }
}

/// A TCP port on loopback where connections are taken by the kernel and never answered.
private final class SilentListener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        try #require(isReady)
    }

    /// Throws when nobody has come for a minute.
    func waitForConnection() throws {
        var waiter = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var count = poll(&waiter, 1, 60_000)
        while count < 0 && errno == EINTR { count = poll(&waiter, 1, 60_000) }
        try #require(count == 1)
    }

    deinit { close(descriptor) }
}
