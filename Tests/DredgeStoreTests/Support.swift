import DredgeBase
import DredgeLedger
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
    var eTag: ETag
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
        eTag = ETag(Hexadecimal.string(Array(SHA256.digest(text).prefix(8))))
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

    var listed: ListingEntry {
        ListingEntry(
            key: key, size: UInt64(text.count), eTag: eTag, lastModified: Date(timeIntervalSince1970: 1_700_000_000),
            storageClass: "STANDARD")
    }
}

extension ChunkStore {
    /// A page of a listing that is in order.
    func record(_ page: [ListingEntry], of source: SourceID, in run: RunID) async throws -> ListingCount {
        try await record(page, of: source, in: run, left: [KeyRange(after: page.last?.key)])
    }

    /// The end of a listing that is to be believed whatever it leaves over; how many documents it removes.
    func completeListing(of source: SourceID, in run: RunID) async throws -> Int {
        try await completeListing(of: source, in: run, isTrusted: true, rule: RemovalRule(isConfirmed: true))
            .removedCount
    }
}

let testSettings = ["tokenizer": "o200k_base", "strategy": "lines", "max_tokens": "512", "overlap_tokens": "0"]
let testSource = SourceRecord(name: "docs", bucket: "acme", prefix: "", endpointURL: nil)

/// Writes objects as a worker of the engine does.
struct TestWorker {
    let store: ChunkStore
    let builder: BatchBuilder
    /// Batches are sealed above this, to have many in a small test.
    var batchByteCount = SinkLimits.batchByteCount

    init(_ store: ChunkStore, batchByteCount: Int = SinkLimits.batchByteCount) throws {
        self.store = store
        self.builder = try store.makeBuilder()
        self.batchByteCount = batchByteCount
    }

    /// Bytes of the chunks of the batch in hand.
    private(set) var byteCount = 0
    /// Objects that wait for the batch in hand.
    private var waiting: [IndexedObject] = []

    mutating func write(_ object: TestObject, as id: ObjectID) throws {
        var spans: [ChunkSpan] = []
        var offset = 0
        var tokenCount = 0
        for (ordinal, length) in object.chunkByteCounts.enumerated() {
            if byteCount > 0, byteCount + length > batchByteCount { try seal() }
            if spans.last?.batch == builder.id {
                spans[spans.count - 1].chunkCount += 1
            } else {
                spans.append(
                    ChunkSpan(batch: builder.id, firstEntry: builder.entryCount, firstOrdinal: ordinal, chunkCount: 1))
            }
            object.text[offset..<offset + length].withUnsafeBytes {
                builder.append(
                    object: id, ordinal: ordinal, byteOffset: UInt64(offset),
                    tokenCount: TestObject.tokenCount(length), text: $0)
            }
            byteCount += length
            offset += length
            tokenCount += TestObject.tokenCount(length)
        }
        waiting.append(
            IndexedObject(
                id: id, spans: spans, eTag: object.eTag, size: UInt64(object.text.count),
                chunkCount: object.chunkByteCounts.count, tokenCount: tokenCount,
                documentByteCount: UInt64(object.text.count)))
    }

    /// Hands over the batch in hand, and then the objects that it completes.
    mutating func seal() throws {
        try sealBatch()
        for object in waiting { try store.finish(object) }
        waiting = []
    }

    /// Hands over the batch in hand alone.
    mutating func sealBatch() throws {
        try builder.seal()
        byteCount = 0
    }
}

/// Lists `objects` in order of their keys, writes those that are pending in `order`, and finishes the run. Returns its
/// totals.
@discardableResult func index(
    _ objects: [TestObject], into store: ChunkStore, source: SourceRecord = testSource,
    batchByteCount: Int = SinkLimits.batchByteCount, workerCount: Int = 1,
    order: ([PendingObject]) -> [PendingObject] = { $0 }
) async throws -> RunTotals {
    let run = try await store.begin(name: "run", version: "test", sources: [source])
    let source = run.sources[0].source
    let sorted = objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    for start in stride(from: 0, to: sorted.count, by: 1_000) {
        let page = sorted[start..<min(start + 1_000, sorted.count)].map(\.listed)
        _ = try await store.record(page, of: source, in: run.id)
    }
    _ = try await store.completeListing(of: source, in: run.id)
    let byKey = Dictionary(uniqueKeysWithValues: objects.map { ($0.key, $0) })
    var workers = try (0..<workerCount).map { _ in try TestWorker(store, batchByteCount: batchByteCount) }
    let pending = try await store.pending(of: source, in: run.id, after: 0, limit: .max)
    for (index, object) in order(pending).enumerated() {
        try workers[index % workerCount].write(byKey[object.key]!, as: object.id)
    }
    for index in workers.indices { try workers[index].seal() }
    try await store.finish(run.id, outcome: .complete)
    return try await store.totals(of: run.id)
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
