import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct NginxTests {
    @Test func `a body arrives byte for byte, with its head`() async throws {
        let content = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
        let nginx = try await Nginx(files: ["a.bin": content])
        defer { nginx.stop() }
        let loop = try TransferLoop()
        let pool = BufferPool(byteLimit: 16 << 20)
        let buffer = try await pool.buffer(byteCount: 3_000_000, headroom: 100)

        let response = try await loop.perform(HTTPRequest(url: nginx.url("a.bin")), into: buffer)

        #expect(response.status == 200)
        #expect(response["content-LENGTH"] == "3000000")
        #expect(Data(buffer.bytes) == content)
        await loop.shutDown()
    }

    @Test func `a missing object's answer has its body apart, and leaves the buffer alone`() async throws {
        let nginx = try await Nginx(files: [:])
        defer { nginx.stop() }
        let loop = try TransferLoop()
        let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 10)

        let response = try await loop.perform(HTTPRequest(url: nginx.url("absent")), into: buffer)

        #expect(response.status == 404)
        #expect(String(decoding: response.errorBody, as: UTF8.self).contains("404 Not Found"))
        #expect(buffer.count == 0)
        await loop.shutDown()
    }
}
