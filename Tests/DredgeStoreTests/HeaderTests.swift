import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

/// Damage to the first page of a store, without which SQLite finds nothing of the others.
@Suite(.timeLimit(.minutes(30))) struct HeaderTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.file() }

    private func makeStore() async throws -> (bytes: [UInt8], digest: String) {
        var generator = SeededGenerator(seed: 61)
        let store = try ChunkStore.open(at: directory.file("base"), settings: testSettings)
        try await index(TestObject.random(12, byteCountMax: 3_000, using: &generator), into: store)
        let digest = try await store.digest()
        try store.close()
        return (Array(try Data(contentsOf: URL(fileURLWithPath: store.path))), digest)
    }

    private func write(_ bytes: [UInt8]) throws {
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { name in
            !["base", "index.chunks-wal", "index.chunks-shm"].contains(where: name.hasPrefix)
        }.sorted()
    }

    /// Repairs what `bytes` are, and requires that nothing is lost. Whether there was something to repair.
    private func expectMended(_ bytes: [UInt8], _ what: String, digest: String) async throws -> Bool {
        try write(bytes)
        do throws(StoreError) {
            _ = try await ChunkStore.open(reading: path).verify()
        } catch { #expect(error.code == .corrupt, "\(what): \(error)") }
        let report = try ChunkStore.repair(at: path)
        #expect(report?.hasLostSettings != true && report?.keptPath == nil, "\(what): \(String(describing: report))")
        #expect(report?.problems.isEmpty != true, "\(what)")
        let store = try ChunkStore.open(reading: path)
        #expect(try await store.verify().isSound, "\(what)")
        #expect(try await store.digest() == digest, "\(what)")
        #expect(try ChunkStore.repair(at: path) == nil, "\(what)")
        return report != nil
    }

    @Test func `a bit of the header that is wrong loses nothing`() async throws {
        let (bytes, digest) = try await makeStore()
        var mendedCount = 0
        for place in 0..<108 {
            for bit in Set([place % 8, (place * 5 + 3) % 8]) {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                do {
                    let wasMended = try await expectMended(damaged, "bit \(bit) of byte \(place)", digest: digest)
                    if wasMended { mendedCount += 1 }
                } catch { Issue.record("bit \(bit) of byte \(place): \(error)") }
            }
        }
        #expect(mendedCount > 100)
        #expect(try files() == ["index.chunks"])
    }

    @Test func `several values of the header that are wrong lose nothing`() async throws {
        let (bytes, digest) = try await makeStore()
        for place in [16, 21, 60, 68] {
            var damaged = bytes
            damaged[0] ^= 1
            damaged[place] ^= 0x10
            #expect(try await expectMended(damaged, "bytes 0 and \(place)", digest: digest))
        }
        for range in [0..<16, 16..<100, 60..<72, 100..<108] {
            var damaged = bytes
            damaged.replaceSubrange(range, with: repeatElement(0, count: range.count))
            #expect(try await expectMended(damaged, "bytes \(range)", digest: digest))
        }
    }

    @Test func `a first page that is gone loses nothing`() async throws {
        let (bytes, digest) = try await makeStore()
        let first = 0..<StoreLimits.pageByteCount
        for other in [nil, 1, 7] {
            var damaged = bytes
            let page = other.map { Array(bytes[$0 * first.count..<($0 + 1) * first.count]) }
            damaged.replaceSubrange(first, with: page ?? Array(repeating: 0, count: first.count))
            #expect(try await expectMended(damaged, "the first page", digest: digest))
        }
        for table in ["setting", "object", "batch", "run_source"] {
            var damaged = bytes
            let place = try #require(Data(bytes[first]).firstRange(of: Data("CREATE TABLE \(table)(".utf8)))
            damaged[place.lowerBound + 1] ^= 1
            damaged[place.lowerBound - 3] ^= 0x20
            #expect(try await expectMended(damaged, "the definition of \(table)", digest: digest))
        }
    }

    @Test func `a store with a damaged header does not take other settings`() async throws {
        let (bytes, digest) = try await makeStore()
        for place in [16, 19, 60, 103] {
            var damaged = bytes
            damaged[place] ^= 2
            try write(damaged)
            await expectStoreError(.otherSettings) {
                _ = try ChunkStore.open(at: path, settings: testSettings.merging(["max_tokens": "7"]) { $1 })
            }
            #expect(try await ChunkStore.open(reading: path).digest() == digest)
        }
    }

    @Test func `a store of which nothing can be kept gets another name`() async throws {
        var (bytes, _) = try await makeStore()
        // The tables' definitions, the settings, and what is behind them: sources and runs.
        let pages = 0..<6 * StoreLimits.pageByteCount
        bytes.replaceSubrange(100..<pages.upperBound, with: repeatElement(0xA5, count: pages.count - 100))
        for number in 1...2 {
            try write(bytes)
            let name = path + (number == 1 ? "-damaged" : "-damaged-2")
            if number == 1 {
                let report = try ChunkStore.repair(at: path)
                #expect(report?.keptPath == name && report?.hasLostSettings == true)
            } else {
                let store = try ChunkStore.open(at: path, settings: testSettings)
                #expect(store.repaired?.keptPath == name)
                try store.close()
            }
            #expect(Array(try Data(contentsOf: URL(fileURLWithPath: name))) == bytes)
            #expect(try await ChunkStore.open(reading: path).verify().isSound)
        }
        #expect(try files() == ["index.chunks", "index.chunks-damaged", "index.chunks-damaged-2"])
        // What is not repaired is not replaced either.
        try write(bytes)
        await expectStoreError(.corrupt) { _ = try ChunkStore.compact(at: path) }
        #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
    }

    @Test func `files of others are left as they are`() async throws {
        let (bytes, _) = try await makeStore()
        let database = directory.file("base-photos")
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA page_size = \(StoreLimits.pageByteCount)") }
        let queue = try DatabaseQueue(path: database, configuration: configuration)
        try await queue.write { db in
            for table in 0..<30 { try db.execute(sql: "CREATE TABLE photo\(table)(id INTEGER PRIMARY KEY, name TEXT)") }
        }
        try queue.close()
        let photos = Array(try Data(contentsOf: URL(fileURLWithPath: database)))
        for changes in [[:], [0: 1], [16: 1], [18: 2, 19: 2]] as [[Int: UInt8]] {
            var other = photos
            for (place, change) in changes { other[place] ^= change }
            try write(other)
            await expectStoreError(.notAStore) { _ = try ChunkStore.repair(at: path) }
            await expectStoreError(.notAStore) { _ = try ChunkStore.open(at: path, settings: testSettings) }
            #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == other)
        }
        // The text of a store's tables alone makes no store.
        let text = Array("# Notes\n\(Schema.sql)".utf8) + bytes[..<4_000]
        try write(text)
        await expectStoreError(.notAStore) { _ = try ChunkStore.repair(at: path) }
        #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == text)
    }
}
