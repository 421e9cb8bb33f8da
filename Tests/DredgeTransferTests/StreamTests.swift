import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct StreamTests {
    @Test(arguments: [0, 1, 65_536, 65_537, 5_000_000], ["bytes", "chunked"])
    func `segments put together are the body`(byteCount: Int, kind: String) async throws {
        let pool = BufferPool(byteLimit: 256 << 10)
        try await withFaults { server, loop in
            let request = HTTPRequest(url: server.url("\(kind)/\(byteCount)"))
            let stream = try await loop.stream(request, pool: pool, segmentByteCount: 64 << 10)
            #expect(stream.response.status == 200)
            var body = Data()
            for try await segment in stream {
                #expect(segment.count > 0)
                body.append(contentsOf: segment.bytes)
            }
            #expect(body == FaultServer.body(byteCount))
        }
        #expect(pool.byteCountInUse == 0)
    }

    @Test func `a consumer that takes nothing makes the server stop sending`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(8)
        let pool = BufferPool(byteLimit: 16 << 20)
        try await withFaults(limits: limits) { server, loop in
            let byteCount = 256 << 20
            let request = HTTPRequest(url: server.url("endless/a/\(byteCount)"))
            let stream = try await loop.stream(request, pool: pool, segmentByteCount: 1 << 20)
            // What was sent stops growing: equal ten times in a row. Two segments, curl's and the kernel's buffers.
            var last = -1
            var equalCount = 0
            while equalCount < 10 {
                let sent = try #require(Int(try await loop.text(server.url("sent/a"))))
                equalCount = sent == last && sent > 0 ? equalCount + 1 : 0
                last = sent
                try await Task.sleep(for: .seconds(1))
            }
            #expect(last < 32 << 20)
            #expect(pool.byteCountInUse <= 2 << 20)
            // The pause was longer than the progress timeout: a paused transfer does not stall. Then all of it comes.
            var received = 0
            for try await segment in stream { received += segment.count }
            #expect(received == byteCount)
            #expect(pool.byteCountPeak <= 4 << 20)
        }
    }

    @Test func `a pool without room pauses the transfer until there is`() async throws {
        let pool = BufferPool(byteLimit: 64 << 10)
        try await withFaults { server, loop in
            let request = HTTPRequest(url: server.url("bytes/1000000"))
            let stream = try await loop.stream(request, pool: pool, segmentByteCount: 64 << 10)
            var body = Data()
            for try await segment in stream { body.append(contentsOf: segment.bytes) }
            #expect(body == FaultServer.body(1_000_000))
        }
        #expect(pool.byteCountInUse == 0)
        #expect(pool.byteCountPeak == 64 << 10)
    }

    @Test func `what came before an error is delivered before it`() async throws {
        try await withFaults { server, loop in
            let pool = BufferPool(byteLimit: 1 << 20)
            let request = HTTPRequest(url: server.url("short/1000000/300000"))
            let stream = try await loop.stream(request, pool: pool, segmentByteCount: 64 << 10)
            var body = Data()
            let error = await #expect(throws: TransferError.self) {
                for try await segment in stream { body.append(contentsOf: segment.bytes) }
            }
            #expect(error?.code == .connectionLost)
            #expect(body == FaultServer.body(300_000))
        }
    }

    @Test func `an answer that is not 2xx has its body apart and no segments`() async throws {
        try await withFaults { server, loop in
            let pool = BufferPool(byteLimit: 1 << 20)
            let request = HTTPRequest(url: server.url("status/404/500"))
            let stream = try await loop.stream(request, pool: pool, segmentByteCount: 64 << 10)
            #expect(stream.response.status == 404)
            #expect(Data(stream.response.errorBody) == FaultServer.body(500))
            for try await _ in stream { Issue.record("a segment") }
            #expect(pool.byteCountInUse == 0)
        }
    }

    @Test(arguments: [false, true])
    func `dropping a stream, or cancelling who reads it, ends the transfer`(isCancelled: Bool) async throws {
        let pool = BufferPool(byteLimit: 16 << 20)
        try await withFaults { server, loop in
            let request = HTTPRequest(url: server.url("endless/b/1000000000000"))
            let task = Task {
                let stream = try await loop.stream(request, pool: pool, segmentByteCount: 64 << 10)
                var count = 0
                for try await _ in stream {
                    count += 1
                    if count == 10 && !isCancelled { break }
                }
            }
            _ = try await loop.text(server.url("sent/b")) { (Int($0) ?? 0) > 1 << 20 || !isCancelled }
            if isCancelled {
                task.cancel()
                let error = await #expect(throws: TransferError.self) { try await task.value }
                #expect(error?.code == .cancelled)
            } else {
                try await task.value
            }
            _ = try await loop.text(server.url("gone/b")) { $0 == "True" }
        }
        #expect(pool.byteCountInUse == 0)
    }

    @Test func `a second iterator traps`() async {
        await #expect(processExitsWith: .failure) {
            let server = try await FaultServer()
            let stream = try await TransferLoop().stream(
                HTTPRequest(url: server.url("bytes/10")), pool: BufferPool(byteLimit: 1 << 20),
                segmentByteCount: 64 << 10)
            _ = stream.makeAsyncIterator()
            _ = stream.makeAsyncIterator()
        }
    }
}
