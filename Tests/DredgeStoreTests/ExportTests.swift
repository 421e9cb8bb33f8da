import DredgeBase
import DredgeLedger
import Foundation
import Synchronization
import TestServers
import Testing

@testable import DredgeStore

@Suite struct ExportTests {
    private let directory = TemporaryDirectory()

    private let objects = [
        TestObject("b/quotes \" \\ and \n\t\u{1}\u{7F}", "line one\n\"line\" two\\\r\u{8}\u{2028}", chunkByteCount: 9),
        TestObject("a/日本語", "こんにちは、世界", chunkByteCount: 6),
        TestObject(key: [0x62, 0xFF, 0x63], text: [0x61, 0xC3, 0x28, 0xE2, 0x82, 0x62, 0x00], chunkByteCount: 4),
    ]

    private func export(_ store: ChunkStore) async throws -> [UInt8] {
        let output = Mutex<[UInt8]>([])
        try await store.exportLines { lines in output.withLock { $0 += lines } }
        return output.withLock { $0 }
    }

    @Test func `each line is a chunk, in order, as JSON`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(objects, into: store)
        let bytes = try await export(store)
        #expect(bytes.last == UInt8(ascii: "\n"))
        let lines = try bytes.split(separator: UInt8(ascii: "\n")).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        var expected: [(TestObject, Int, Int, [UInt8])] = []
        for object in objects.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            var offset = 0
            for (ordinal, length) in object.chunkByteCounts.enumerated() {
                expected.append((object, ordinal, offset, Array(object.text[offset..<offset + length])))
                offset += length
            }
        }
        try #require(lines.count == expected.count)
        for (line, (object, ordinal, offset, text)) in zip(lines, expected) {
            let isText = String(validating: text, as: UTF8.self) != nil
            let isTextKey = String(validating: object.key, as: UTF8.self) != nil
            #expect(line["bucket"] as? String == "acme" && line["source"] as? String == testSource.name)
            #expect(line["prefix"] as? String == testSource.prefix && line["endpoint_url"] == nil)
            #expect(line["key"] as? String == String(decoding: object.key, as: UTF8.self))
            #expect(line["etag"] as? String == object.eTag.value)
            #expect(line["version_id"] is NSNull)
            #expect(line["ordinal"] as? Int == ordinal && line["byte_offset"] as? Int == offset)
            #expect(line["byte_length"] as? Int == text.count)
            #expect(line["tokens"] as? Int == TestObject.tokenCount(text.count))
            #expect(line["text"] as? String == String(decoding: text, as: UTF8.self))
            #expect((line["base64"] as? String) == (isText ? nil : Data(text).base64EncodedString()))
            #expect((line["key_base64"] as? String) == (isTextKey ? nil : Data(object.key).base64EncodedString()))
            #expect(line.count == 13 + (isText ? 0 : 1) + (isTextKey ? 0 : 1))
        }
        #expect(lines.contains { $0["base64"] != nil } && lines.contains { $0["key_base64"] != nil })
    }

    @Test func `lines tell versions of a key apart that several sources stored, and one source can be asked for`()
        async throws
    {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let sources = [
            SourceRecord(name: "docs", bucket: "acme", prefix: "", endpointURL: nil),
            SourceRecord(name: "docs", bucket: "acme", prefix: "a/", endpointURL: nil),
            SourceRecord(name: "docs", bucket: "acme", prefix: "a/", endpointURL: "http://127.0.0.1:9000"),
            SourceRecord(name: "mail", bucket: "acme", prefix: "a/", endpointURL: nil),
        ]
        for (number, source) in sources.enumerated() {
            let run = try await store.begin(name: "run\(number)", version: "1", sources: [source])
            let object = TestObject("a/1.txt", "text \(number)")
            _ = try await store.record([object.listed], of: run.sources[0].source, in: run.id)
            let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 1)
            var worker = try TestWorker(store)
            try worker.write(object, as: pending[0].id)
            try worker.seal()
            try await store.finish(run.id, outcome: .complete)
        }
        func lines(of source: String?) async throws -> [String] {
            let output = Mutex<[UInt8]>([])
            try await store.exportLines(source: source) { lines in output.withLock { $0 += lines } }
            return output.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map {
                $0.components(separatedBy: "\"key\":")[0]
            }
        }
        let mail = #"{"source":"mail","bucket":"acme","prefix":"a/","#
        #expect(
            try await lines(of: nil) == [
                #"{"source":"docs","bucket":"acme","prefix":"","#, #"{"source":"docs","bucket":"acme","prefix":"a/","#,
                #"{"source":"docs","bucket":"acme","prefix":"a/","endpoint_url":"http://127.0.0.1:9000","#, mail,
            ])
        #expect(try await lines(of: "mail") == [mail])
        try await store.requireSource("mail")
        let error = await expectStoreError(.noSuchSource) { try await store.requireSource("mial") }
        #expect(error?.description.hasSuffix(#"has no source "mial". It has: "docs", "mail"."#) == true)
    }

    @Test func `what the caller throws ends the export`() async throws {
        struct Full: Error {}
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(objects, into: store)
        await #expect(throws: Full.self) { try await store.exportLines { _ in throw Full() } }
    }

    /// `Tests/DredgeStoreTests/Scripts/read_store.py` knows only what the store's documentation says, and Python's own
    /// library.
    @Test func `another program reads the same chunks from the file`() async throws {
        var generator = SeededGenerator(seed: 41)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(
            objects + TestObject.random(30, byteCountMax: 40_000, using: &generator)
                + [TestObject(key: Array("zz".utf8), text: generator.noise(byteCount: 70_000), chunkByteCount: 3_000)],
            into: store, batchByteCount: 30_000)
        // Dead entries and a newer version, which a reader must get right too.
        try await index(
            objects + TestObject.random(25, byteCountMax: 40_000, using: &generator), into: store,
            batchByteCount: 30_000)
        try store.close()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Scripts/read_store.py").path
        let theirs = try await Program.run("python3", ["-B", script, directory.file()])
        #expect(theirs.status == 0, "\(theirs.error)")

        // Key, ordinal, offset, tokens, bytes: one line each.
        var ours = ""
        for try await chunk in try ChunkStore.open(reading: directory.file()).chunks() {
            ours += "\(Hexadecimal.string(chunk.key)) \(chunk.ordinal) \(chunk.byteOffset) \(chunk.tokenCount) "
            ours += "\(Hexadecimal.string(chunk.text))\n"
        }
        #expect(!ours.isEmpty && theirs.output == ours)
    }
}
