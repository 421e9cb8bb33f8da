internal import Foundation
internal import GRDB

/// A search file as it was when it was opened, ranked by BM25 (k1 1.2, b 0.75; the inverse document frequency is
/// ln(1 + (N - n + 0.5) / (n + 0.5)), never negative). Every number is exact: what is dead counts nowhere.
///
/// Costs 8 bytes a chunk, 40 bytes a document, and the metadata of the jobs.
final class SearchReader: Sendable {
    /// A chunk that was found.
    struct Hit: Sendable, Hashable {
        var document: Int64
        var run: Int64
        var ordinal: Int
        var score: Double
    }

    private struct Document: Sendable {
        var number: Int64
        var run: Int64
        var first: Int
        var end: Int
    }

    static let k1: Float = 1.2
    static let b: Float = 0.75

    let queue: DatabaseQueue
    /// In order of their chunks.
    private let documents: [Document]
    /// What BM25 adds to the count of a word in a chunk; negative: the chunk is dead.
    private let norms: [Float]
    private let chunkCount: Int
    private let metadata: [Int64: [String: JSON]]

    init(_ file: SearchFile) throws {
        queue = file.queue
        (documents, norms, chunkCount, metadata) = try file.queue.read { db in
            var metadata: [Int64: [String: JSON]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT number, metadata FROM run WHERE number IS NOT NULL") {
                if case .object(let members) = try JSON(parsing: Data((row[1] as String).utf8)) {
                    metadata[row[0]] = members
                }
            }
            let end = try Int.fetchOne(db, sql: "SELECT max(first_chunk + chunk_count) FROM segment") ?? 0
            var lengths = Array(repeating: UInt32(0), count: end)
            let segments = try Row.fetchCursor(db, sql: "SELECT first_chunk, lengths FROM segment")
            while let row = try segments.next() {
                let first: Int = row[0]
                let part = try row.withUnsafeData(atIndex: 1) { $0?.withUnsafeBytes(SearchFile.lengths) ?? [] }
                guard first >= 0, first + part.count <= end else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
                lengths.replaceSubrange(first..<first + part.count, with: part)
            }
            let documents = try Row.fetchAll(
                db, sql: "SELECT number, run, first_chunk, chunk_count FROM document ORDER BY first_chunk, number"
            ).map { row in
                Document(number: row[0], run: row[1], first: row[2], end: (row[2] as Int) + (row[3] as Int))
            }
            guard documents.allSatisfy({ 0 <= $0.first && $0.first <= $0.end && $0.end <= end }) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
            var (norms, count, words) = (Array(repeating: Float(-1), count: end), 0, 0)
            for document in documents {
                count += document.end - document.first
                for chunk in document.first..<document.end { words += Int(lengths[chunk]) }
            }
            let average = Float(max(words, 1)) / Float(max(count, 1))
            for document in documents {
                for chunk in document.first..<document.end {
                    norms[chunk] = Self.k1 * (1 - Self.b + Self.b * Float(lengths[chunk]) / average)
                }
            }
            return (documents, norms, count, metadata)
        }
    }

    /// What the job attached to the documents of its run.
    func metadata(of run: Int64) -> [String: JSON] { metadata[run] ?? [:] }

    /// The best chunks that have any of `words`, of documents that `filter` takes; the best first, equal ones in the
    /// order in which they were indexed.
    func search(_ words: [[UInt8]], filter: MetadataFilter?, countMax: Int) async throws -> [Hit] {
        try await queue.read { [self] db in
            var scores = Array(repeating: Float(0), count: norms.count)
            for word in words { try score(word, db, into: &scores) }
            return try best(scores, filter, countMax: countMax, db)
        }
    }

    private func score(_ word: [UInt8], _ db: Database, into scores: inout [Float]) throws {
        var chunks: [(chunk: UInt32, count: UInt32)] = []
        let statement = try db.cachedStatement(
            sql: "SELECT segment, chunk_count, data FROM posting WHERE term = ? ORDER BY segment")
        let rows = try Row.fetchCursor(statement, arguments: [Data(word)])
        while let row = try rows.next() {
            let first = UInt64(row[0] as Int64)
            chunks.reserveCapacity(chunks.count + min(row[1] as Int, norms.count))
            let isSound = try row.withUnsafeData(atIndex: 2) { data in
                data?.withUnsafeBytes { bytes in
                    norms.withUnsafeBufferPointer { norms in
                        PostingWriter.forEach(bytes) { chunk, count in
                            let number = first + UInt64(chunk)
                            guard number < UInt64(norms.count), norms[Int(number)] >= 0 else { return }
                            chunks.append((UInt32(number), count))
                        }
                    }
                } ?? true
            }
            guard isSound else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        }
        guard !chunks.isEmpty else { return }
        let (total, having) = (Double(chunkCount), Double(chunks.count))
        let weight = Float(log(1 + (total - having + 0.5) / (having + 0.5))) * (Self.k1 + 1)
        scores.withUnsafeMutableBufferPointer { scores in
            norms.withUnsafeBufferPointer { norms in
                for (chunk, count) in chunks {
                    scores[Int(chunk)] += weight * Float(count) / (Float(count) + norms[Int(chunk)])
                }
            }
        }
    }

    private func best(
        _ scores: [Float], _ filter: MetadataFilter?, countMax: Int, _ db: Database
    ) throws -> [Hit] {
        var best: [(score: Float, chunk: Int, document: Int)] = []
        var verdicts = FilterVerdicts(filter)
        var least: Float = 0
        try scores.withUnsafeBufferPointer { scores in
            for chunk in scores.indices where scores[chunk] > least {
                guard let place = place(of: chunk) else { continue }
                let document = documents[place]
                guard
                    try verdicts.takes(
                        document.number, self.metadata(of: document.run), uri: { try Self.uri(of: $0, db) })
                else { continue }
                // Behind all that are as good: chunks come in order.
                let index = best.lastIndex { $0.score >= scores[chunk] }.map { $0 + 1 } ?? 0
                best.insert((scores[chunk], chunk, place), at: index)
                if best.count > countMax { best.removeLast() }
                if best.count == countMax { least = best[countMax - 1].score }
            }
        }
        return best.map { score, chunk, place in
            Hit(
                document: documents[place].number, run: documents[place].run, ordinal: chunk - documents[place].first,
                score: Double(score))
        }
    }

    private static func uri(of document: Int64, _ db: Database) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT uri FROM document WHERE number = ?")
        return try String.fetchOne(statement, arguments: [document])
    }

    /// The document that a chunk is of.
    private func place(of chunk: Int) -> Int? {
        var (low, high) = (0, documents.count)
        while low < high {
            let middle = (low + high) / 2
            if documents[middle].end <= chunk { low = middle + 1 } else { high = middle }
        }
        return low < documents.count && documents[low].first <= chunk ? low : nil
    }
}

/// What a filter says of documents, found out once for each.
private struct FilterVerdicts {
    private let filter: MetadataFilter?
    private var known: [Int64: Bool] = [:]

    init(_ filter: MetadataFilter?) { self.filter = filter }

    mutating func takes(
        _ document: Int64, _ metadata: [String: JSON], uri: (Int64) throws -> String?
    ) rethrows -> Bool {
        guard let filter else { return true }
        if let verdict = known[document] { return verdict }
        var members = metadata
        if filter.needsPlace {
            guard let uri = try uri(document) else { return false }
            members["uri"] = .string(uri)
            members["filename"] = .string(Documents.filename(ofURI: uri))
        }
        let verdict = filter.takes(members)
        known[document] = verdict
        return verdict
    }
}
