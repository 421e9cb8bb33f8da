import DredgeS3
import DredgeTransfer
import TestServers
import Testing

/// Which requests to a bucket are under way.
@Suite struct OpenRequestsTests {
    @Test(arguments: ["2025/a b+%/ü?#.txt", nil] as [String?])
    func `the oldest request is told with the key that it asks for`(key: String?) async throws {
        var limits = TransferLimits()
        // Longer than a busy machine may keep this test waiting.
        limits.progressTimeout = .seconds(3_600)
        limits.floorPeriod = .seconds(3_600)
        try await ScriptedBucket.with(
            .init(objects: [.init(key ?? "a", body: [1])], faults: [.hang(on: key == nil ? .list : .get).times(-1)]),
            transferLimits: limits
        ) { bucket in
            #expect(await bucket.client.openRequests() == nil)
            let task = Task {
                if let key {
                    _ = try await bucket.read(key, 0..<1)
                } else {
                    _ = try await bucket.client.listPage(
                        prefix: ObjectKey("x"), continuationToken: nil, startAfter: nil)
                }
            }
            while await bucket.client.openRequests() == nil { try await Task.sleep(for: .milliseconds(5)) }
            let open = try #require(await bucket.client.openRequests())
            #expect(open.count == 1 && open.firstKey == key.map { ObjectKey($0) } && open.firstBegan <= .now)
            task.cancel()
            await #expect(throws: S3Error.self) { try await task.value }
        }
    }
}
