import Foundation
import TestServers
import Testing

@testable import DredgeShards

@Suite final class DirectoryStorageTests {
    private let directory = TemporaryDirectory()

    @Test func `of many who make a file one succeeds, and what it wrote stays`() async throws {
        let storage = DirectoryStorage(directory.file("job"))
        let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in 0..<50 {
                group.addTask { try await storage.create("a/b.json", Array("\(index)".utf8)) ? index : nil }
            }
            var winners: [Int] = []
            for try await winner in group { if let winner { winners.append(winner) } }
            return winners
        }
        #expect(winners.count == 1)
        #expect(try await storage.read("a/b.json", byteCountMax: 10)?.bytes == Array("\(winners[0])".utf8))
        #expect(try await storage.names(in: "a") == ["b.json"])
    }

    @Test func `of many who replace a file one succeeds`() async throws {
        let storage = DirectoryStorage(directory.file("job"))
        _ = try await storage.create("claim", [0])
        let tag = try #require(try await storage.read("claim", byteCountMax: 10)).tag
        let count = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 1...20 { group.addTask { try await storage.replace("claim", [UInt8(index)], ifTag: tag) } }
            var count = 0
            for try await isDone in group where isDone { count += 1 }
            return count
        }
        #expect(count == 1)
        #expect(try await storage.replace("claim", [9], ifTag: tag) == false)
        #expect(try await storage.replace("nothing", [9], ifTag: tag) == false)
    }

    @Test func `what is not there is nil, and what is too large is refused`() async throws {
        let storage = DirectoryStorage(directory.file("job"))
        #expect(try await storage.read("x/y", byteCountMax: 10) == nil)
        #expect(try await storage.names(in: "x") == [])
        _ = try await storage.create("x", [1, 2, 3])
        await #expect(throws: JobError.self) { try await storage.read("x", byteCountMax: 2) }
        await #expect(throws: JobError.self) { try await storage.download("nothing", to: self.directory.file("y")) }
    }
}
