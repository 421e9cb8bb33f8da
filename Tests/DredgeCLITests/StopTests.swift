import Foundation
import TestServers
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
    func `the first signal is a clean stop with status 4`(signal: Int32) async throws {
        let listener = try SilentListener()
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources: [{bucket: abc, endpoint_url: "http://127.0.0.1:\(listener.port)", region: us-east-1, auth: \
            anonymous}]
            """)
        // With so many attempts that the run is still there when a busy machine comes to send the signal.
        let run = try DredgeBinary.start(
            ["run", "c.yaml", "--json", "--no-progress"], environment: ["AWS_MAX_ATTEMPTS": "100"],
            directory: directory.url)
        try await listener.waitForConnection()  // then the run is under way, and the signal is expected
        run.send(signal)
        let outcome = await run.wait()
        #expect(outcome.status == 4)
        #expect(outcome.error == "dredge: stopping; press Ctrl-C again to end at once\n")
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
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

    /// Waits until somebody has come.
    func waitForConnection() async throws {
        var waiter = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&waiter, 1, 0) != 1 { try await Task.sleep(for: .milliseconds(20)) }
    }

    deinit { close(descriptor) }
}
