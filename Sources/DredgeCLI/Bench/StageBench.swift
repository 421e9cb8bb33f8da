import Dredge
import DredgeAWS
import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeStore
import DredgeText
import DredgeTransfer
import Foundation

/// What one core of this machine gets through, stage by stage: each alone, on one thread, in processor time.
struct StageBench {
    let text: [UInt8]
    let settings: IndexSettings
    /// A folder for the store that is written.
    let scratch: URL

    /// Measures all stages. Takes some seconds for 64 MiB of text. `proceed` is called between two of them, and ends it
    /// where it throws.
    func measure(_ proceed: () throws -> Void = {}) throws -> [BenchFigure] {
        let stages = [scan, count, chunk, compress, write, sign, parsePages]
        return try stages.map { stage in
            try proceed()
            return try stage()
        }
    }

    /// Bytes of text in a second that one core gets through in a whole run: what chunks, counts, packs and compresses
    /// them, and half as much again for receiving and writing.
    static func speedOfCore(_ settings: IndexSettings) throws -> Double {
        let bench = StageBench(
            text: GeneratedText.make(byteCount: 8 << 20), settings: settings,
            scratch: FileManager.default.temporaryDirectory)
        let secondsPerByte = 1 / bench.chunk().perSecond + 1 / (try bench.compress().perSecond)
        return 1 / (wholeShare * secondsPerByte)
    }

    /// The median of the last column of `Benchmarks/records/2026-11-29.md`, objects of 1 MiB over HTTP.
    private static let wholeShare = 1.55

    /// Bytes of the pieces that a stage gets at once: objects of that size.
    private static let pieceByteCount = 1 << 20
    private static let repetitionCount = 3

    private func pieces() -> [Range<Int>] {
        stride(from: 0, to: text.count, by: Self.pieceByteCount).map { $0..<min($0 + Self.pieceByteCount, text.count) }
    }

    /// The median of some repetitions, in processor seconds of this thread.
    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let clock = ThreadClock()
        clock.begin()
        var taken: [Double] = []
        for _ in 0..<Self.repetitionCount {
            let begin = clock.seconds
            try body()
            taken.append(clock.seconds - begin)
        }
        return taken.sorted()[taken.count / 2]
    }

    private func scan() -> BenchFigure {
        var lineCount = 0
        let seconds = seconds { text.withUnsafeBytes { lineCount = max(lineCount, LineEnds.count(in: $0)) } }
        return BenchFigure(stage: .scan, units: text.count, seconds: seconds)
    }

    private func count() -> BenchFigure {
        // A counter of its own each time: text that it has not seen.
        BenchFigure(
            stage: .count, units: text.count,
            seconds: seconds {
                let counter = TokenCounter(settings.tokenizer)
                text.withUnsafeBytes { bytes in
                    for piece in pieces() { _ = counter.count(UnsafeRawBufferPointer(rebasing: bytes[piece])) }
                }
            })
    }

    private func chunk() -> BenchFigure {
        BenchFigure(
            stage: .chunk, units: text.count,
            seconds: seconds {
                let chunker = Chunker(settings: settings.chunking, counter: TokenCounter(settings.tokenizer))
                text.withUnsafeBytes { bytes in
                    for piece in pieces() {
                        _ = chunker.split(UnsafeRawBufferPointer(rebasing: bytes[piece]), isEnd: true) { _ in }
                    }
                }
            })
    }

    private func compress() throws -> BenchFigure {
        let chunks = chunks()
        let batch = ChunkStore.makeDiscardingBatch()
        return BenchFigure(stage: .compress, units: text.count, seconds: try seconds { try pack(chunks, into: batch) })
    }

    /// Of the store's thread, which gets what is packed here.
    private func write() throws -> BenchFigure {
        let store = try ChunkStore.open(at: scratch.appending(path: "stages.chunks").path, settings: settings)
        let before = store.writingSeconds
        try pack(chunks(), into: store.makeBatch())
        // Closing waits for the writer.
        try store.close()
        return BenchFigure(stage: .write, units: text.count, seconds: store.writingSeconds - before)
    }

    private func chunks() -> [ChunkRange] {
        let chunker = Chunker(settings: settings.chunking, counter: TokenCounter(settings.tokenizer))
        var chunks: [ChunkRange] = []
        text.withUnsafeBytes { bytes in
            for piece in pieces() {
                _ = chunker.split(UnsafeRawBufferPointer(rebasing: bytes[piece]), isEnd: true) { chunk in
                    var chunk = chunk
                    chunk.offset += piece.lowerBound
                    chunks.append(chunk)
                }
            }
        }
        return chunks
    }

    private func pack(_ chunks: [ChunkRange], into batch: any ChunkBatch) throws {
        try text.withUnsafeBytes { bytes in
            for (index, chunk) in chunks.enumerated() {
                if !batch.hasRoom(for: chunk.byteCount) { try batch.seal() }
                batch.append(
                    object: ObjectID(rawValue: 1), ordinal: index, byteOffset: UInt64(chunk.offset),
                    tokenCount: chunk.tokenCount,
                    text: UnsafeRawBufferPointer(rebasing: bytes[chunk.offset..<chunk.end]))
            }
            try batch.seal()
        }
    }

    private func sign() -> BenchFigure {
        let signer = SigV4Signer(region: "us-east-1", service: "s3")
        let credentials = Credentials(accessKeyID: "AKIAEXAMPLEEXAMPLE00", secretAccessKey: "example")
        let requestCount = 20_000
        let date = Date(timeIntervalSince1970: 1_764_000_000)
        return BenchFigure(
            stage: .sign, units: requestCount,
            seconds: seconds {
                for index in 0..<requestCount {
                    var request = HTTPRequest(
                        method: .get, url: "https://bucket.s3.us-east-1.amazonaws.com/folder/\(index).txt")
                    request.headers.append(("Range", "bytes=0-8388607"))
                    signer.sign(&request, credentials: credentials, date: date, unsignedPayload: false)
                }
            })
    }

    private func parsePages() throws -> BenchFigure {
        let keyCount = 1000
        let entries = (0..<keyCount).map { index in
            "<Contents><Key>folder/2026/11/document-\(100_000 + index).txt</Key>"
                + "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                + "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>\(1000 + index)</Size>"
                + "<StorageClass>STANDARD</StorageClass></Contents>"
        }
        let page = Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>folder/</Prefix>\
            <KeyCount>\(keyCount)</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>\
            <IsTruncated>false</IsTruncated>\(entries.joined())</ListBucketResult>
            """.utf8)
        let pageCount = 50
        return BenchFigure(
            stage: .parse, units: keyCount * pageCount,
            seconds: try seconds {
                for _ in 0..<pageCount {
                    _ = try page.withUnsafeBytes { try ListPage.reading($0, prefix: ObjectKey("folder/")) }
                }
            })
    }
}

/// What one core gets through in a stage.
struct BenchFigure: Sendable, Encodable {
    /// What is measured.
    enum Stage: String, Sendable, Encodable {
        case scan, count, chunk, compress, write, sign
        case parse

        /// What is counted; nil: bytes.
        var unit: String? {
            switch self {
            case .scan, .count, .chunk, .compress, .write: nil
            case .sign: "requests"
            case .parse: "keys"
            }
        }

        var title: String {
            switch self {
            case .scan: "find the ends of lines"
            case .count: "count tokens"
            case .chunk: "chunk and count"
            case .compress: "pack and compress"
            case .write: "write the store"
            case .sign: "sign requests"
            case .parse: "parse pages of a listing"
            }
        }
    }

    var stage: Stage
    /// Bytes of text, requests or keys in a second of one core.
    var perSecond: Double
    /// Processor seconds for 10^9 bytes; nil where no bytes are counted.
    var secondsPerGigabyte: Double?

    init(stage: Stage, units: Int, seconds: Double) {
        self.stage = stage
        perSecond = Double(units) / max(seconds, 1e-9)
        secondsPerGigabyte = stage.unit == nil ? seconds / (Double(units) / 1e9) : nil
    }
}
