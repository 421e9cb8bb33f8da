import DredgeBase
import DredgeLedger
import DredgeStore
import Foundation
import TestServers
import Testing

/// `dredge store cat`, on stores and on jobs in their place.
@Suite struct StoreCatTests {
    @Test(arguments: [0, 24])
    func `a document is put together again, byte for byte`(overlap: Int) async throws {
        let bucket = try await ScriptedBucket(chunking: "{max_tokens: 64, overlap_tokens: \(overlap)}")
        var sample = SampleText(seed: 31)
        let texts = Dictionary(uniqueKeysWithValues: (0..<6).map { ("\($0).txt", sample.lines(byteCount: 9_000)) })
        try bucket.play(texts)
        try await bucket.run()
        let job = try await bucket.job()
        let chunks = try JSONLine.objects(try await bucket.output(["store", "show", "s.chunks", "1.txt", "--json"]))
        let byteCount = chunks.compactMap { $0["byte_length"] as? Int }.reduce(0, +)
        #expect(chunks.count > 9 && (overlap > 0 ? byteCount > 9_500 : byteCount == 9_000))
        for place in ["s.chunks", job] {
            for (key, text) in texts { #expect(try await bucket.bytes(["store", "cat", place, key]) == text) }
            #expect(try await bucket.bytes(["store", "cat", place, "s3://bucket/0.txt"]) == texts["0.txt"])
        }
    }

    @Test func `a key of several sources needs one of them named`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(["letters/1.txt": Array("dear\n".utf8), "letters/10.txt": Array("sirs\n".utf8)])
        try await bucket.run()
        let job = try await bucket.job()
        for place in ["s.chunks", job] {
            let both = try await bucket.dredge(["store", "cat", place, "letters/1.txt"], status: 1)
            #expect(both.output.isEmpty)
            #expect(
                both.error == "dredge: s3://bucket/letters/1.txt: several sources have it. Choose with --source: "
                    + "\"docs\", \"letters\".\n")
            let one = try await bucket.dredge(["store", "cat", place, "letters/1.txt", "--source", "letters"])
            #expect(one.output == "dear\n" && one.error.isEmpty)
            let none = try await bucket.dredge(["store", "cat", place, "letters/"], status: 1)
            #expect(none.error.contains("has no object \"letters/\""))
        }
    }

    @Test func `of what is not stored it says why`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(
            ["a.txt": Array("text\n".utf8), "b.txt": Array("text\n".utf8)],
            faults: [ScriptedS3Server.Fault.error(on: .get, 403, "AccessDenied").forKey("b.txt").times(-1)])
        try await bucket.run(status: 2)
        let failed = try await bucket.dredge(["store", "cat", "s.chunks", "b.txt"], status: 1)
        #expect(failed.error.hasPrefix("dredge: nothing of s3://bucket/b.txt is stored; it is failed: "))
    }

    /// Only damage leaves bytes out: what is there is printed, and what is not is told of.
    @Test(arguments: [(7, 9, "5..<7"), (5, 8, "7..<8")])
    func `bytes that no chunk has are an error`(second: UInt64, byteCount: UInt64, missing: String) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "s.chunks").path
        let store = try ChunkStore.open(at: path, settings: ["tokenizer": "o200k_base"])
        let run = try await store.begin(
            name: "r", version: "1", sources: [SourceRecord(name: "s", bucket: "acme", prefix: "", endpointURL: nil)])
        let source = run.sources[0].source
        _ = try await store.record(
            [ListingEntry(key: Array("k".utf8), size: byteCount, eTag: ETag("e"))], of: source, in: run.id, left: nil)
        _ = try await store.completeListing(of: source, in: run.id, isTrusted: true, rule: RemovalRule())
        let object = try #require(try await store.pending(of: source, in: run.id, after: 0, limit: 1).first)
        let batch = store.makeBatch()
        let span = ChunkSpan(batch: batch.id, firstEntry: 0, firstOrdinal: 0, chunkCount: 2)
        for (ordinal, (offset, text)) in [(0, "abcd\n"), (second, "f\n")].enumerated() {
            Array(text.utf8).withUnsafeBytes {
                batch.append(object: object.id, ordinal: ordinal, byteOffset: offset, tokenCount: 1, text: $0)
            }
        }
        try batch.seal()
        try store.finish(
            IndexedObject(
                id: object.id, spans: [span], eTag: ETag("e"), size: byteCount, chunkCount: 2, tokenCount: 2,
                documentByteCount: byteCount))
        try await store.finish(run.id, outcome: .complete)
        try store.close()
        let outcome = try await DredgeBinary.run(["store", "cat", path, "k"])
        #expect(outcome.status == 3 && outcome.output == (second == 5 ? "abcd\nf\n" : "abcd\n"))
        #expect(outcome.error.hasPrefix("dredge: no chunk of s3://acme/k has its bytes \(missing). "))
    }
}
