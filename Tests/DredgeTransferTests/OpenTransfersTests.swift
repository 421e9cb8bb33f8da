import DredgeTransfer
import TestServers
import Testing

/// What is under way.
@Suite struct OpenTransfersTests {
    @Test func `who asks is told how many are under way to a place, and which began first`() async throws {
        var limits = TransferLimits()
        // Longer than a busy machine may keep this test waiting.
        limits.progressTimeout = .seconds(3_600)
        limits.floorPeriod = .seconds(3_600)
        try await withFaults(limits: limits) { server, loop in
            let place = server.url("")
            #expect(await loop.openTransfers(under: place) == nil)
            var tasks: [Task<Void, any Error>] = []
            for path in ["silent/x?token=secret", "stall/1000/10"] {
                let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                tasks.append(Task { _ = try await loop.perform(HTTPRequest(url: server.url(path)), into: body) })
                while await loop.openTransfers(under: place)?.count != tasks.count {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            let open = try #require(await loop.openTransfers(under: place))
            #expect(open.firstURL == server.url("silent/x") && open.firstBegan <= .now)
            #expect(await loop.openTransfers(under: server.url("stall/"))?.count == 1)
            #expect(await loop.openTransfers(under: "http://s3.test/") == nil)
            for task in tasks {
                task.cancel()
                await #expect(throws: TransferError.self) { try await task.value }
            }
            #expect(await loop.openTransfers(under: place) == nil)
        }
    }
}
