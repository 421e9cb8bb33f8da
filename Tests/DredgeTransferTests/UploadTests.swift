import DredgeTransfer
import Foundation
import TestServers
import Testing

/// How long a request's body may take.
@Suite(.timeLimit(.minutes(30))) struct UploadTests {
    private func send(_ byteCount: Int, to path: String, limits: TransferLimits) async throws -> TransferError? {
        try await withFaults(limits: limits) { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 100)
            let request = HTTPRequest(
                method: .put, url: server.url(path), body: [UInt8](repeating: 7, count: byteCount))
            do {
                #expect(try await loop.perform(request, into: buffer).status == 200)
                return nil
            } catch let error as TransferError {
                return error
            }
        }
    }

    @Test func `a body that the other side takes slowly goes on`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(8)
        // The system takes all of it at once, and is 16 seconds about sending it.
        let error = try await send(800_000, to: "sip/10000/200", limits: limits)
        #expect(error == nil)
    }

    @Test func `a body that nobody takes ends the transfer`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(4)
        let error = try await send(8_000_000, to: "sip/0/100", limits: limits)
        #expect(error?.code == .stalled && error?.isTransient == true)
    }

    @Test func `a body that is taken below the floor ends the transfer`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(3_600)
        limits.floorPeriod = .seconds(2)
        let error = try await send(8_000_000, to: "sip/100/100", limits: limits)
        #expect(error?.code == .stalled)
    }

    @Test func `an answer that is kept alive may be below the floor where the request says so`() async throws {
        var limits = TransferLimits()
        limits.floorPeriod = .seconds(2)
        try await withFaults(limits: limits) { server, loop in
            for (isHeld, timeout) in [(false, 60.0), (true, 60), (false, 1)] {
                let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 50)
                var request = HTTPRequest(url: server.url("drip/50/100"))
                request.isHeldToFloor = isHeld
                request.timeout = .seconds(timeout)
                let code: TransferError.Code?
                do {
                    _ = try await loop.perform(request, into: buffer)
                    code = nil
                } catch let error as TransferError {
                    code = error.code
                }
                let isRead = !isHeld && timeout == 60
                #expect(code == (isRead ? nil : .stalled), "\(isHeld) \(timeout)")
                if isRead { #expect(buffer.count == 50) }
            }
        }
    }

    @Test func `a refusal that comes before the body is sent is an answer`() async throws {
        let server = try await Nginx(files: ["a": Data("text".utf8)])
        defer { server.stop() }
        try await withLoop { loop in
            for _ in 0..<3 {
                let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 4096)
                let body = [UInt8](repeating: 7, count: 16 << 20)
                let refused = try await loop.perform(
                    HTTPRequest(method: .put, url: server.url("a"), body: body), into: buffer)
                // nginx takes no body above a megabyte, and says so at once.
                #expect(refused.status == 413)
                #expect(try await loop.text(server.url("a")) == "text")
            }
        }
    }

    @Test func `a large body arrives as it is, again and again over one connection`() async throws {
        var limits = TransferLimits()
        limits.connectionCountMax = 1
        try await withFaults(limits: limits) { server, loop in
            for byteCount in [20_000_000, 1, 300_000] {
                let body = Array(FaultServer.body(byteCount))
                let buffer = try await BufferPool(byteLimit: 64 << 20).buffer(byteCount: byteCount + 4096)
                _ = try await loop.perform(
                    HTTPRequest(method: .put, url: server.url("echo/"), body: body), into: buffer)
                #expect(Array(buffer.bytes.suffix(byteCount)) == body)
            }
        }
    }
}
