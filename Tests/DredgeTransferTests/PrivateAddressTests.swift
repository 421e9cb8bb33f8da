import DredgeTransfer
import Foundation
import TestServers
import Testing

/// Requests whose URLs others may choose.
@Suite struct PrivateAddressTests {
    private static var limits: TransferLimits {
        var limits = TransferLimits()
        limits.connectTimeout = .seconds(1)
        return limits
    }

    private static func request(_ url: String, method: HTTPRequest.Method = .get) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: url)
        request.refusesPrivateAddresses = true
        return request
    }

    @Test func `nothing is sent to an address that is not public, however it is written`() async throws {
        try await withFaults { server, open in
            try await withLoop(limits: Self.limits) { loop in
                let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                for host in [
                    "127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
                    "[::ffff:7f00:1]",
                ] {
                    let request = Self.request("http://\(host):\(server.port)/bytes/1", method: .post)
                    let error = await #expect(throws: TransferError.self) {
                        try await loop.perform(request, into: body)
                    }
                    #expect(error?.code == .privateAddress, "\(host): \(String(describing: error))")
                    #expect(error?.isTransient == false)
                }
            }
            // The one that asks is the only connection.
            #expect(try await open.text(server.url("open")) == "1")
        }
    }

    @Test(arguments: ["169.254.169.254", "10.0.0.1", "[fe80::1]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"])
    func `networks within and metadata services are not reached`(host: String) async throws {
        try await withLoop(limits: Self.limits) { loop in
            let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
            let request = Self.request("http://\(host)/")
            let error = await #expect(throws: TransferError.self) {
                try await loop.perform(request, into: body)
            }
            #expect(error?.code == .privateAddress, "\(String(describing: error))")
        }
    }

    @Test func `no proxy is asked to go where a request does not`() async throws {
        try await withFaults { server, _ in
            try await withLoop(limits: TransferLimits(environment: ["http_proxy": server.url("")])) { loop in
                let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                let request = Self.request("http://127.0.0.1:9/")
                let error = await #expect(throws: TransferError.self) {
                    try await loop.perform(request, into: body)
                }
                #expect(error?.code == .privateAddress && error?.isOfProxy == false)
            }
        }
    }
}
