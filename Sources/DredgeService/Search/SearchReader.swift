internal import Foundation
internal import GRDB
internal import Synchronization

/// A search as it was when it was opened. Costs 4 bytes a chunk, 56 bytes a document, and the metadata of the jobs;
/// once a filter asks for them, also the documents' URIs.
final class SearchReader: Sendable {
    /// A chunk that was found.
    struct Hit: Sendable, Hashable {
        var document: Int64
        var run: Int64
        var ordinal: Int
        var score: Double
    }

    struct Document: Sendable {
        var number: Int64
        var run: Int64
    }

    /// A segment with what is found of it.
    struct Segment: Sendable {
        let file: SegmentFile
        /// Parts of documents that are found, in order.
        let parts: [Part]
        let liveCount: Int
    }

    /// Chunks `first ..< end` of a segment.
    struct Part: Sendable {
        var first: UInt32
        var end: UInt32
        /// The place of its document.
        var document: Int32
        /// The place of `first` in the document.
        var ordinal: UInt32
    }

    let queue: DatabaseQueue
    let documents: [Document]
    let segments: [Segment]
    let chunkCount: Int
    /// For the words of all chunks.
    let frequency: TermFrequency
    let averageLength: Float
    private let metadata: [Int64: [String: JSON]]
    /// How many chunks have a word, where that is not told by the segments, which count what is dead too.
    private let counts = Mutex<[SearchWord: Int]>([:])
    private let knownPlaces = Mutex<DocumentPlaces?>(nil)

    /// - Parameter old: what was open before: segments that are in both are not read again.
    init(_ catalog: SearchCatalog, reusing old: SearchReader? = nil) throws {
        queue = catalog.queue
        let (metadata, documents, versions, rows) = try catalog.queue.read { db in
            let (documents, versions) = try Self.documents(db)
            return (try Self.metadata(db), documents, versions, try db.segments())
        }
        self.metadata = metadata
        self.documents = documents
        let known = Dictionary((old?.segments ?? []).map { ($0.file.row, $0.file) }) { $1 }
        segments = try rows.map { row in
            Self.segment(try known[row] ?? SegmentFile(row, of: catalog.path), versions)
        }
        chunkCount = segments.reduce(0) { $0 + $1.liveCount }
        var wordCount = 0
        for segment in segments {
            for part in segment.parts {
                for chunk in part.first..<part.end { wordCount += Int(segment.file.lengths[Int(chunk)]) }
            }
        }
        averageLength = Float(max(wordCount, 1)) / Float(max(chunkCount, 1))
        frequency = TermFrequency(averageLength: averageLength)
    }

    private static func metadata(_ db: Database) throws -> [Int64: [String: JSON]] {
        var metadata: [Int64: [String: JSON]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT number, metadata FROM run WHERE number IS NOT NULL") {
            if case .object(let members) = try JSON(parsing: Data((row[1] as String).utf8)) {
                metadata[row[0]] = members
            }
        }
        return metadata
    }

    /// The documents, and the place of each by its version.
    private static func documents(_ db: Database) throws -> ([Document], [Int64: Int32]) {
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM document") ?? 0
        var (documents, versions) = ([Document](), [Int64: Int32](minimumCapacity: count))
        documents.reserveCapacity(count)
        let rows = try Row.fetchCursor(db, sql: "SELECT number, run, version FROM document ORDER BY number")
        while let row = try rows.next() {
            // A damaged file may have anything in the place of the numbers.
            guard let number = Int64.fromDatabaseValue(row[0]), let run = Int64.fromDatabaseValue(row[1]),
                let version = Int64.fromDatabaseValue(row[2])
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a document without its numbers") }
            versions[version] = Int32(documents.count)
            documents.append(Document(number: number, run: run))
        }
        return (documents, versions)
    }

    private static func segment(_ file: SegmentFile, _ versions: [Int64: Int32]) -> Segment {
        var (parts, first, liveCount) = ([Part](), UInt32(0), 0)
        for part in file.parts {
            let end = first + part.count
            if let document = versions[part.version] {
                parts.append(Part(first: first, end: end, document: document, ordinal: part.ordinal))
                liveCount += Int(part.count)
            }
            first = end
        }
        return Segment(file: file, parts: parts, liveCount: liveCount)
    }

    /// What the job attached to the documents of its run.
    func metadata(of run: Int64) -> [String: JSON] { metadata[run] ?? [:] }

    /// How many chunks have a word. What is dead does not count.
    func count(_ word: SearchWord, _ entries: [(segment: Int, entry: SegmentFile.Entry)]) throws -> Int {
        guard entries.contains(where: { segments[$0.segment].liveCount < segments[$0.segment].file.chunkCount })
        else { return entries.reduce(0) { $0 + $1.entry.postingCount } }
        if let known = counts.withLock({ $0[word] }) { return known }
        var count = 0
        for (place, entry) in entries {
            let segment = segments[place]
            guard segment.liveCount < segment.file.chunkCount else {
                count += entry.postingCount
                continue
            }
            var cursor = try segment.file.cursor(entry)
            for part in segment.parts { cursor.forEach(from: part.first, to: part.end) { _, _ in count += 1 } }
            guard cursor.isSound else { throw SearchDamage(path: segment.file.path) }
        }
        counts.withLock { counts in
            if counts.count >= ServiceLimits.searchWordCacheCountMax { counts = [:] }
            counts[word] = count
        }
        return count
    }

    /// Where the documents are.
    func places() throws -> DocumentPlaces {
        if let known = knownPlaces.withLock({ $0 }) { return known }
        let places = try queue.read { try DocumentPlaces(documents, $0) }
        knownPlaces.withLock { $0 = places }
        return places
    }
}

/// The URIs of a search's documents, one behind the other.
struct DocumentPlaces: Sendable {
    private var text: [UInt8] = []
    /// Where the URI of each document ends, in the documents' order.
    private var ends: [Int] = []

    /// - Parameter documents: in order of their numbers. The URI of one that is gone meanwhile is empty.
    fileprivate init(_ documents: [SearchReader.Document], _ db: Database) throws {
        ends.reserveCapacity(documents.count)
        let rows = try Row.fetchCursor(db, sql: "SELECT number, uri FROM document ORDER BY number")
        while let row = try rows.next(), ends.count < documents.count {
            let number: Int64 = row[0]
            while ends.count < documents.count, documents[ends.count].number < number { ends.append(text.count) }
            guard ends.count < documents.count, documents[ends.count].number == number else { continue }
            text += (row[1] as String).utf8
            ends.append(text.count)
        }
        while ends.count < documents.count { ends.append(text.count) }
    }

    /// The document's URI; nil: it is gone.
    func uri(_ place: Int) -> String? {
        let start = place > 0 ? ends[place - 1] : 0
        return start < ends[place] ? String(decoding: text[start..<ends[place]], as: UTF8.self) : nil
    }

    /// Whether the document's URI is within all of `bounds`; one that is gone is not.
    func isWithin(_ bounds: [URIBound], _ place: Int) -> Bool {
        let start = place > 0 ? ends[place - 1] : 0
        guard start < ends[place] else { return false }
        return text.withUnsafeBytes { text in
            let uri = UnsafeRawBufferPointer(rebasing: text[start..<ends[place]])
            return bounds.allSatisfy { $0.holds(uri) }
        }
    }
}
