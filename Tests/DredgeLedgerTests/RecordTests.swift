import DredgeBase
import DredgeLedger
import Foundation
import Testing

@Suite struct RecordTests {
    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test func `an identifier is its number, in text and in JSON`() throws {
        let run = RunID(rawValue: 7)
        #expect("\(run)" == "7" && run < RunID(rawValue: 8))
        #expect(try json(["run": run]) == #"{"run":7}"#)
        #expect(try JSONDecoder().decode([RunID].self, from: Data("[7]".utf8)) == [run])
    }

    @Test func `totals are kept in the form that stores have held from the first`() throws {
        let text = """
            {"chunkCount":3,"failedReasons":{"timeout: none":1},"skippedReasons":{"binary":2},"states":{\
            "failed":{"bytes":4,"objects":1},"skipped":{"bytes":5,"objects":2}},"tokenCount":9}
            """
        let totals = RunTotals(
            states: [.failed: RunTotals.Count(objects: 1, bytes: 4), .skipped: RunTotals.Count(objects: 2, bytes: 5)],
            skippedReasons: ["binary": 2], failedReasons: ["timeout: none": 1], chunkCount: 3, tokenCount: 9)
        #expect(try json(totals) == text)
        #expect(try JSONDecoder().decode(RunTotals.self, from: Data(text.utf8)) == totals)
    }

    @Test func `states and reasons have the names that stand in stores`() {
        #expect(
            ObjectState.allCases.map(\.rawValue) == [
                "pending", "indexed", "unchanged", "skipped", "failed", "vanished", "changed",
            ])
        let reasons: [SkipReason] = [
            .filtered, .folderMarker, .empty, .archived, .binary, .unsupportedType("application/pdf"),
            .compressed("gzip"), .encoding("UTF-16"),
        ]
        #expect(
            reasons.map(\.rawValue) == [
                "filtered", "folder marker", "empty", "archived", "binary", "unsupported type: application/pdf",
                "compressed: gzip", "encoding: UTF-16",
            ])
        #expect(reasons.filter(\.keepsContent) == [.archived])
    }

    @Test func `a source stays the same one when its filters change, and only then`() {
        let source = SourceRecord(name: "n", bucket: "b", prefix: "p", endpointURL: nil, filters: "f")
        var other = source
        other.filters = nil
        #expect(other != source && other.identity == source.identity)
        for change: (inout SourceRecord) -> Void in [
            { $0.name = "x" }, { $0.bucket = "x" }, { $0.prefix = "x" }, { $0.endpointURL = "x" },
        ] {
            var other = source
            change(&other)
            #expect(other.identity != source.identity)
        }
    }

    @Test func `the spans of an object are its chunks, in order and without gaps`() {
        func isWellFormed(_ spans: [(first: Int, count: Int)], chunkCount: Int, firstEntry: Int = 0, tokens: Int = 1)
            -> Bool
        {
            let spans = spans.map {
                ChunkSpan(
                    batch: BatchID(rawValue: 1), firstEntry: firstEntry, firstOrdinal: $0.first, chunkCount: $0.count)
            }
            return IndexedObject(
                id: ObjectID(rawValue: 1), spans: spans, eTag: ETag("e"), size: 1, chunkCount: chunkCount,
                tokenCount: tokens, documentByteCount: 1
            ).isWellFormed
        }
        #expect(isWellFormed([], chunkCount: 0))
        #expect(isWellFormed([(0, 2), (2, 1)], chunkCount: 3))
        #expect(!isWellFormed([], chunkCount: 1))
        #expect(!isWellFormed([(0, 2), (2, 1)], chunkCount: 4))
        #expect(!isWellFormed([(2, 1), (0, 2)], chunkCount: 3))
        #expect(!isWellFormed([(0, 2), (3, 1)], chunkCount: 3))
        #expect(!isWellFormed([(0, 2), (1, 1)], chunkCount: 3))
        #expect(!isWellFormed([(0, 0)], chunkCount: 0))
        #expect(!isWellFormed([(0, 1)], chunkCount: 1, firstEntry: -1))
        #expect(!isWellFormed([(0, 1)], chunkCount: 1, tokens: -1))
    }
}
