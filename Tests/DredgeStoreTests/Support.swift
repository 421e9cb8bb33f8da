import DredgeBase
import Foundation
import TestServers
import Testing

@testable import DredgeStore

extension SeededGenerator {
    /// Bytes that don't compress.
    mutating func noise(byteCount: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount + 8)
        while bytes.count < byteCount { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(byteCount))
    }
    /// Bytes that compress about as text does.
    mutating func text(byteCount: Int) -> [UInt8] {
        let words = ["the", "store", "of", "chunks", "\n", "größe", "日本", "0x1f", "…"].map { Array($0.utf8) + [32] }
        var bytes: [UInt8] = []
        while bytes.count < byteCount { bytes += words.randomElement(using: &self)! }
        return Array(bytes.prefix(byteCount))
    }
}

/// A directory that goes with the test.
final class TemporaryDirectory {
    let path: String
    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("dredge-store-\(UUID().uuidString)").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func file(_ name: String = "index.chunks") -> String { "\(path)/\(name)" }
}

/// An object and the chunks that it is to have.
struct TestObject {
    var key: [UInt8]
    var eTag: String
    var text: [UInt8]
    /// Lengths of the chunks, which tile the text.
    var chunkByteCounts: [Int]
    /// A stand-in for a token count that is a function of the chunk alone.
    static func tokenCount(_ byteCount: Int) -> Int { byteCount / 4 + 1 }

    init(_ key: String, _ text: String, chunkByteCount: Int = 10) {
        self.init(key: Array(key.utf8), text: Array(text.utf8), chunkByteCount: chunkByteCount)
    }

    init(key: [UInt8], text: [UInt8], chunkByteCount: Int) {
        self.key = key
        self.text = text
        eTag = "\"\(Hexadecimal.string(Array(SHA256.digest(text).prefix(8))))\""
        chunkByteCounts = stride(from: 0, to: text.count, by: chunkByteCount).map {
            min(chunkByteCount, text.count - $0)
        }
    }

    /// `count` objects of random sizes up to `byteCountMax`, with random chunks.
    static func random(
        _ count: Int, byteCountMax: Int, using generator: inout SeededGenerator, prefix: String = "random/"
    ) -> [TestObject] {
        (0..<count).map { index in
            let text = generator.text(byteCount: Int.random(in: 1...byteCountMax, using: &generator))
            var object = TestObject(
                key: Array("\(prefix)\(String(format: "%06d", index)).txt".utf8), text: text, chunkByteCount: text.count
            )
            object.chunkByteCounts = []
            var rest = text.count
            while rest > 0 {
                let length = min(rest, Int.random(in: 1...4_096, using: &generator))
                object.chunkByteCounts.append(length)
                rest -= length
            }
            return object
        }
    }

    var listed: ListedRecord {
        ListedRecord(
            key: key, size: UInt64(text.count), eTag: eTag, lastModified: Date(timeIntervalSince1970: 1_700_000_000),
            storageClass: "STANDARD", skipReason: nil)
    }
}

let testSettings = ["tokenizer": "o200k_base", "strategy": "lines", "max_tokens": "512", "overlap_tokens": "0"]
let testSource = SourceRecord(name: "docs", bucket: "acme", prefix: "", endpointURL: nil)

/// Writes objects as a worker of the engine does.
struct TestWorker {
    let store: ChunkStore
    let builder: BatchBuilder
    /// Batches are sealed above this, to have many in a small test.
    var batchByteCount = StoreLimits.batchRawByteCount

    init(_ store: ChunkStore, batchByteCount: Int = StoreLimits.batchRawByteCount) {
        self.store = store
        self.builder = store.makeBatchBuilder()
        self.batchByteCount = batchByteCount
    }

    /// Outcomes that wait for the batch in hand.
    var waiting: [ObjectOutcome] = []

    mutating func write(_ object: TestObject, as row: Int64) throws {
        var spans: [Span] = []
        var offset = 0
        var tokenCount = 0
        for (ordinal, length) in object.chunkByteCounts.enumerated() {
            if builder.rawByteCount > 0, builder.rawByteCount + length > batchByteCount { try seal() }
            if spans.last?.batch == builder.batch {
                spans[spans.count - 1].chunkCount += 1
            } else {
                spans.append(
                    Span(batch: builder.batch, firstEntry: builder.entryCount, firstOrdinal: ordinal, chunkCount: 1))
            }
            object.text[offset..<offset + length].withUnsafeBytes {
                builder.append(
                    object: row, ordinal: ordinal, byteOffset: UInt64(offset),
                    tokenCount: TestObject.tokenCount(length), text: $0)
            }
            offset += length
            tokenCount += TestObject.tokenCount(length)
        }
        waiting.append(
            ObjectOutcome(
                object: row,
                state: .indexed(
                    spans: spans, eTag: object.eTag, size: UInt64(object.text.count), versionID: nil,
                    chunkCount: object.chunkByteCounts.count, tokenCount: tokenCount)))
    }

    mutating func seal() throws {
        if let batch = builder.seal() { try store.write(batch) }
        for outcome in waiting { try store.write(outcome) }
        waiting = []
    }
}

/// Lists `objects` in order of their keys, writes those that are pending in `order`, and finishes the run. Returns its totals.
@discardableResult func index(
    _ objects: [TestObject], into store: ChunkStore, source: SourceRecord = testSource, runID: String = "run",
    batchByteCount: Int = StoreLimits.batchRawByteCount, workerCount: Int = 1,
    order: ([PendingObject]) -> [PendingObject] = { $0 }
) async throws -> RunTotals {
    let state = try store.beginRun(id: runID, version: "test", sources: [source])
    let sorted = objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    for start in stride(from: 0, to: sorted.count, by: 1_000) {
        try await store.recordListing(
            run: state.run, source: state.sources[0].source,
            objects: sorted[start..<min(start + 1_000, sorted.count)].map(\.listed))
    }
    _ = try await store.completeListing(run: state.run, source: state.sources[0].source)
    let byKey = Dictionary(uniqueKeysWithValues: objects.map { ($0.key, $0) })
    var workers = (0..<workerCount).map { _ in TestWorker(store, batchByteCount: batchByteCount) }
    for (index, pending) in order(try await store.pending(run: state.run, after: -1, limit: .max)).enumerated() {
        try workers[index % workerCount].write(byKey[pending.key]!, as: pending.object)
    }
    for index in workers.indices { try workers[index].seal() }
    try await store.finishRun(run: state.run, outcome: .complete)
    return try await store.totals(run: state.run)
}

/// Expects a `StoreError` with this code, and gives it.
@discardableResult func expectStoreError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> StoreError? {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as StoreError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error
    } catch { Issue.record("\(error) was thrown", sourceLocation: sourceLocation) }
    return nil
}
