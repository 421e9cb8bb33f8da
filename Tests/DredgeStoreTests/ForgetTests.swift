import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

@Suite struct ForgetTests {
    private let directory = TemporaryDirectory()
    private let mail = SourceRecord(name: "mail", bucket: "acme", prefix: "", endpointURL: nil)

    /// Bytes that LZ4 leaves as they are, so that they can be looked for.
    private func object(_ key: String, _ seed: UInt64) -> TestObject {
        var generator = SeededGenerator(seed: seed)
        return TestObject(key: Array(key.utf8), text: generator.noise(byteCount: 5_000), chunkByteCount: 1_000)
    }

    /// Which of `needles` some file of the directory contains.
    private func found(_ needles: [[UInt8]]) throws -> [Bool] {
        var bytes = Data()
        for file in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            bytes += try Data(contentsOf: URL(fileURLWithPath: directory.file(file))) + [0]
        }
        return needles.map { bytes.range(of: Data($0)) != nil }
    }

    private func needles(_ objects: [TestObject]) -> [[UInt8]] {
        objects.flatMap { [Array($0.text[1_200..<1_300]), $0.key] }
    }

    @Test(arguments: [
        (ForgetFilter(key: Array("people/ada.txt".utf8)), ["docs people/ada.txt", "mail people/ada.txt"]),
        (ForgetFilter(source: "mail", key: Array("people/ada.txt".utf8)), ["mail people/ada.txt"]),
        (
            ForgetFilter(prefix: Array("people/".utf8)),
            ["docs people/ada.txt", "docs people/bob.txt", "mail people/ada.txt"]
        ),
        (ForgetFilter(source: "mail"), ["mail people/ada.txt", "mail works/c.txt"]),
    ])
    func `what is forgotten is in no byte of the store's files`(filter: ForgetFilter, expected: [String]) async throws {
        let keys = [
            "docs people/ada.txt", "docs people/bob.txt", "docs works/c.txt", "mail people/ada.txt", "mail works/c.txt",
        ]
        let objects = keys.enumerated().map { object(String($1.dropFirst(5)), UInt64($0 + 1)) }
        let older = objects.enumerated().map { object(String(decoding: $1.key, as: UTF8.self), UInt64($0 + 11)) }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        // Older versions were stored and removed, some into free pages, some dead within their batches.
        for version in [older, Array(older[..<2]) + objects[2...], objects] {
            try await index(Array(version[..<3]), into: store)
            try await index(Array(version[3...]), into: store, source: mail)
        }
        let reader = try ChunkStore.open(reading: directory.file())
        try await reader.exportLines { _ in }
        try store.close()
        let isForgotten = keys.map(expected.contains)
        #expect(try found(needles(objects)) == Array(repeating: true, count: 10))

        let report = try ChunkStore.forget(filter, at: directory.file())
        #expect(report.forgottenObjectCount == expected.count)
        #expect(report.objectCount == keys.count - expected.count)
        let texts = try found(objects.map { Array($0.text[1_200..<1_300]) })
        #expect(texts == isForgotten.map { !$0 })
        #expect(try found(older.map { Array($0.text[1_200..<1_300]) }) == Array(repeating: false, count: 5))
        let gone = Set(zip(keys, isForgotten).filter(\.1).map { $0.0.dropFirst(5) }).subtracting(
            zip(keys, isForgotten).filter { !$0.1 }.map { $0.0.dropFirst(5) })
        #expect(try found(gone.map { Array($0.utf8) }).allSatisfy { !$0 })
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["index.chunks"])
        let rest = try ChunkStore.open(reading: directory.file())
        let verified = try await rest.verify()
        #expect(verified.isSound, "\(verified.problems)")
        var kept: [String] = []
        for try await object in rest.objects() {
            kept.append("\(object.source) \(String(decoding: object.key, as: UTF8.self))")
        }
        #expect(kept.sorted() == zip(keys, isForgotten).filter { !$0.1 }.map(\.0).sorted())
        #expect(try await rest.stats().deadChunkCount == 0)
    }

    @Test func `a source that the store has not is refused, and the store left as it is`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index([object("a", 1)], into: store, source: mail)
        try store.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.file()))
        for filter in [ForgetFilter(source: "mial"), ForgetFilter(source: "mial", key: Array("a".utf8))] {
            let error = await expectStoreError(.noSuchSource) {
                _ = try ChunkStore.forget(filter, at: directory.file())
            }
            #expect(error?.advice == #"It has: "mail"."#)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file())) == before)
    }

    @Test func `a key that was removed before is forgotten too, though no object has it`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let (kept, gone) = (object("kept.txt", 1), object("gone.txt", 2))
        try await index([kept, gone], into: store)
        try await index([kept], into: store)
        try store.close()
        #expect(try found(needles([gone])).contains(true))
        let report = try ChunkStore.forget(ForgetFilter(key: gone.key), at: directory.file())
        #expect(report.forgottenObjectCount == 0 && report.objectCount == 1)
        #expect(try found(needles([kept, gone])) == [true, true, false, false])
    }

    @Test func `compacting makes the file as small as its content, and changes nothing that is read`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let objects = (0..<40).map { object("k\($0)", UInt64($0)) }
        try await index(objects + (40..<900).map { object("gone\($0)", UInt64($0)) }, into: store)
        var changed = objects
        for position in stride(from: 0, to: 40, by: 3) {
            changed[position] = object("k\(position)", 2_000 + UInt64(position))
        }
        try await index(changed, into: store)
        let digest = try await store.digest()
        try store.close()
        let before = try await ChunkStore.open(reading: directory.file()).stats()
        let report = try ChunkStore.compact(at: directory.file())
        #expect(report.byteCountBefore > 4_000_000 && report.byteCountAfter < 800_000, "\(report)")
        #expect(report.removedChunkCount == before.deadChunkCount && report.objectCount == 40 && !report.hasDropped)
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.file())
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let compacted = try ChunkStore.open(at: directory.file(), settings: testSettings)
        #expect(try await compacted.digest() == digest)
        #expect(try await compacted.verify().isSound)
        #expect(try await compacted.stats().runs == before.runs)
        let totals = try await index(changed, into: compacted)
        #expect(totals.states.mapValues(\.objects) == [.unchanged: 40])
    }

    @Test func `a run that was stopped is gone on with after its store was compacted`() async throws {
        let objects = (0..<6).map { object("k\($0)", UInt64($0)) }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let run = try await store.begin(name: "first", version: "1", sources: [testSource])
        _ = try await store.record(objects[0..<4].map(\.listed), of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
        var worker = try TestWorker(store)
        try worker.write(objects[0], as: pending[0].id)
        try worker.seal()
        try await store.finish(run.id, outcome: .stopped)
        try store.close()
        _ = try ChunkStore.compact(at: directory.file())
        let compacted = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let resumed = try await compacted.begin(name: "second", version: "1", sources: [testSource])
        #expect(resumed.isResumed && resumed.sources[0].left == [KeyRange(after: objects[3].key)])
        let rest = try await compacted.pending(of: resumed.sources[0].source, in: resumed.id, after: 0, limit: 10)
        #expect(rest.map(\.key) == objects[1..<4].map(\.key) && rest.map(\.position) == [2, 3, 4])
    }

    @Test(.enabled(if: geteuid() == 0, "only a privileged user may give files away"))
    func `owner, group and mode stay`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index([object("a", 1), object("b", 2)], into: store)
        try store.close()
        #expect(chown(directory.file(), 12_345, 23_456) == 0 && chmod(directory.file(), 0o640) == 0)
        for _ in 0..<2 {
            _ = try ChunkStore.forget(ForgetFilter(key: Array("a".utf8)), at: directory.file())
            var info = stat()
            #expect(stat(directory.file(), &info) == 0)
            #expect(info.st_uid == 12_345 && info.st_gid == 23_456 && info.st_mode & 0o777 == 0o640)
        }
    }

    @Test(arguments: [(0o600, 0o600), (0o640, 0o600), (0o644, 0o644), (0o664, 0o644), (0o604, 0o640), (0o666, 0o666)])
    func `a file that can't keep its group gives nobody more`(old: Int, new: Int) {
        #expect(StoreRewrite.mode(mode_t(old), hasGroup: true) == mode_t(old))
        #expect(StoreRewrite.mode(mode_t(old), hasGroup: false) == mode_t(new))
    }

    @Test func `a directory in the way of the new file is named, and left`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index([object("a", 1)], into: store)
        try store.close()
        try FileManager.default.createDirectory(
            atPath: directory.file("index.chunks-new/sub"), withIntermediateDirectories: true)
        let error = await expectStoreError(.cannotOpen) { _ = try ChunkStore.compact(at: directory.file()) }
        #expect(error?.message.contains("index.chunks-new,") == true)
        #expect(FileManager.default.fileExists(atPath: directory.file("index.chunks-new/sub")))
    }
}
