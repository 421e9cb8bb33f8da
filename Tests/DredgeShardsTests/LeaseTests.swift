import Foundation
import Synchronization
import TestServers
import Testing

@testable import DredgeShards

@Suite struct LeaseTests {
    @Test func `of many who claim a shard one has it, and the next one only when it is over`() async throws {
        let storage = MemoryStorage()
        let leases = try await withThrowingTaskGroup(of: Lease?.self) { group in
            for worker in 0..<20 {
                let client = MemoryStorage.Client(storage, seed: UInt64(worker), lostPercentage: 30)
                group.addTask { try await Lease.take(3, of: client, named: "claim", worker: "\(worker)") }
            }
            var leases: [Lease] = []
            for try await lease in group { if let lease { leases.append(lease) } }
            return leases
        }
        #expect(leases.count == 1)
        let first = try #require(leases.first)
        let client = MemoryStorage.Client(storage, seed: 99)
        storage.clock.withLock { $0 += 299 }
        #expect(try await Lease.take(3, of: client, named: "claim", worker: "late") == nil)
        await first.note(doneCount: 5, doneByteCount: 50)
        #expect(try await first.renew())
        storage.clock.withLock { $0 += 299 }
        #expect(try await Lease.take(3, of: client, named: "claim", worker: "late") == nil)
        storage.clock.withLock { $0 += 2 }
        let second = try #require(try await Lease.take(3, of: client, named: "claim", worker: "late"))
        // Who was taken over learns of it.
        #expect(try await first.renew() == false)
        await second.note(doneCount: 1, doneByteCount: 1)
        #expect(try await second.renew())
        let claim = try JobText.value(Claim.self, storage["claim"] ?? [], place: "claim")
        #expect(claim.epoch == 2 && claim.worker == "late" && claim.doneCount == 1)
    }

    @Test func `a claim that can't be read is nobody's`() async throws {
        let storage = MemoryStorage()
        storage["claim"] = Array("{".utf8)
        #expect(try await Lease.take(3, of: MemoryStorage.Client(storage, seed: 1), named: "claim", worker: "w") != nil)
    }
}
