import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct FaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var path: String
        var code: TransferError.Code
        /// What the buffer holds afterwards, for the layer above to go on from. Nil: it depends on the kernel's timing.
        var byteCount: Int?
        var isTransient: Bool
        var testDescription: String { path }
    }

    static let faults = [
        Fault(path: "short/1000/400", code: .connectionLost, byteCount: 400, isTransient: true),
        Fault(path: "short/3000000/2000000", code: .connectionLost, byteCount: 2_000_000, isTransient: true),
        Fault(path: "reset/1000/400", code: .connectionLost, byteCount: nil, isTransient: true),
        Fault(path: "stall/1000/400", code: .stalled, byteCount: 400, isTransient: true),
        Fault(path: "silent", code: .stalled, byteCount: 0, isTransient: true),
        Fault(path: "nothing", code: .connectionLost, byteCount: 0, isTransient: true),
        Fault(path: "chunkedshort/5000", code: .connectionLost, byteCount: 5000, isTransient: true),
        Fault(path: "bytes/4000001", code: .bodyTooLarge, byteCount: nil, isTransient: false),
        Fault(path: "head/70000", code: .malformedAnswer, byteCount: 0, isTransient: false),
        Fault(path: "garbage", code: .malformedAnswer, byteCount: 0, isTransient: false),
    ]

    @Test(arguments: faults) func `a fault has its code, and what came before it is in the buffer`(fault: Fault)
        async throws
    {
        var limits = TransferLimits()
        limits.progressTimeout = fault.code == .stalled ? .seconds(8) : .seconds(3_600)
        try await withFaults(limits: limits) { server, loop in
            let pool = BufferPool(byteLimit: 8 << 20)
            let buffer = try await pool.buffer(byteCount: 4_000_000)
            let error = await #expect(throws: TransferError.self) {
                try await loop.perform(HTTPRequest(url: server.url(fault.path)), into: buffer)
            }
            #expect(error?.code == fault.code)
            #expect(error?.isTransient == fault.isTransient)
            #expect(error?.authority == "127.0.0.1:\(server.port)")
            if let byteCount = fault.byteCount { #expect(buffer.count == byteCount) }
            #expect(Data(buffer.bytes) == FaultServer.body(buffer.count))
            // The loop goes on.
            #expect(try await loop.text(server.url("bytes/4")).utf8.elementsEqual(FaultServer.body(4)))
        }
    }

    @Test(.timeLimit(.minutes(30)), arguments: ["drip/1000000/100", "headdrip/100", "interims/100"])
    func `what moves now and then, but too little, stalls`(path: String) async throws {
        var limits = TransferLimits()
        // No byte ever takes so long to come; only the floor can end this.
        limits.progressTimeout = .seconds(3_600)
        limits.floorPeriod = .seconds(2)
        try await withFaults(limits: limits) { server, loop in
            let buffer = try await BufferPool(byteLimit: 8 << 20).buffer(byteCount: 1_000_000)
            let error = await #expect(throws: TransferError.self) {
                try await loop.perform(HTTPRequest(url: server.url(path)), into: buffer)
            }
            #expect(error?.code == .stalled)
            #expect(error?.isTransient == true)
        }
    }

    @Test func `a body above the floor goes on, however many periods it takes`() async throws {
        var limits = TransferLimits()
        limits.floorPeriod = .seconds(2)
        limits.floorByteCount = 1
        try await withFaults(limits: limits) { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 50)
            let response = try await loop.perform(HTTPRequest(url: server.url("drip/50/200")), into: buffer)
            #expect(response.status == 200 && buffer.count == 50)
        }
    }

    @Test func `a slow body that keeps moving does not stall`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(8)
        try await withFaults(limits: limits) { server, loop in
            // 50 bytes, 200 ms apart: longer than the timeout in all, and shorter between two bytes by far.
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 50)
            let response = try await loop.perform(HTTPRequest(url: server.url("drip/50/200")), into: buffer)
            #expect(response.status == 200)
            #expect(Data(buffer.bytes) == FaultServer.body(50))
        }
    }

    @Test(arguments: ["chunked/123456", "longer/123456/200000", "interim/123456"])
    func `unusual but right answers are read`(path: String) async throws {
        try await withFaults { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 123_456)
            let response = try await loop.perform(HTTPRequest(url: server.url(path)), into: buffer)
            #expect(response.status == 200)
            #expect(Data(buffer.bytes) == FaultServer.body(123_456))
            if path.hasPrefix("interim") { #expect(response["x-which"] == "final") }
        }
    }

    @Test func `an error's body is kept apart, and cut`() async throws {
        var limits = TransferLimits()
        limits.errorBodyByteCountMax = 1000
        try await withFaults(limits: limits) { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 100)
            for (path, byteCount) in [("status/503/1000", 1000), ("status/503/5000000", 1000), ("status/301/0", 0)] {
                let response = try await loop.perform(HTTPRequest(url: server.url(path)), into: buffer)
                #expect(response.status == Int(path.split(separator: "/")[1]))
                #expect(Data(response.errorBody) == FaultServer.body(byteCount))
                #expect(buffer.count == 0)
            }
        }
    }

    @Test func `a port where nothing listens, and a name that does not exist`() async throws {
        try await withLoop { loop in
            let port = try LoopbackPort.free()
            let refused = await #expect(throws: TransferError.self) { try await loop.text("http://127.0.0.1:\(port)/") }
            #expect(refused?.code == .couldNotConnect)
            #expect(refused?.isTransient == true)
            // RFC 6761: names under .invalid never exist.
            let unknown = await #expect(throws: TransferError.self) { try await loop.text("http://dredge.invalid/") }
            #expect(unknown?.code == .couldNotResolve)
            // On the same handle, with bodies of other sizes.
            for byteCount in [100_000, 10_000_000] {
                let buffer = try await BufferPool(byteLimit: 16 << 20).buffer(byteCount: byteCount)
                let again = await #expect(throws: TransferError.self) {
                    try await loop.perform(HTTPRequest(url: "http://name.invalid/"), into: buffer)
                }
                #expect(again?.code == .couldNotResolve)
            }
            #expect(unknown?.authority == "dredge.invalid:80")
        }
    }

    @Test func `a handshake that gets no answer ends with the connect timeout`() async throws {
        var limits = TransferLimits()
        limits.connectTimeout = .milliseconds(300)
        try await withFaults(limits: limits) { server, loop in
            // The server waits for the end of a request head, which a TLS hello does not have.
            let error = await #expect(throws: TransferError.self) {
                try await loop.text("https://127.0.0.1:\(server.port)/")
            }
            #expect(error?.code == .connectTimeout)
        }
    }
}
