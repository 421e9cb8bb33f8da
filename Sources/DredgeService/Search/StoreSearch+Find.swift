internal import DredgeBase
internal import DredgeLedger
package import DredgeStore
internal import Foundation
internal import GRDB

extension StoreSearch {
    /// A chunk that was found.
    package struct Hit: Sendable {
        package var object: StoredObject
        /// Without its text.
        package var chunk: StoredChunk
        /// By BM25: the higher, the better.
        package var score: Double
        /// Some of the chunk's text around words that were looked for.
        package var excerpt: String
    }

    /// What a search found.
    package struct Found: Sendable {
        /// The best chunks, by score, source, key and ordinal.
        package var hits: [Hit] = []
        /// Documents of the store that the index has not, or an older version of: they are not searched.
        package var unsearchedCount = 0
        /// Documents of the index that the store has not any more: they are not found, but count in the scores.
        package var goneCount = 0
    }

    /// The best chunks that have what is looked for, of documents that `isSelected` takes.
    ///
    /// Costs a look at every document. Memory is 4 bytes a chunk, and some 80 bytes a document. Throws `cannotOpen`
    /// where there is no index, `corrupt` where it is damaged or of another store.
    /// - Parameter limit: so many at the most.
    package func find(
        _ query: WordQuery, limit: Int, where isSelected: @Sendable (StoredObject) -> Bool
    ) async throws -> Found {
        let (reader, versions) = try await open()
        let documents = try DocumentReader(path: store)
        guard try await isOfStore(SearchCatalog(reading: index), documents) else { throw useless("of another store") }
        var found = Found()
        var condition = SearchCondition(query, order: try await order(reader, versions, isSelected, &found))
        var countMax = limit
        while found.hits.count < limit {
            let places = try await best(query.words, condition, countMax, reader)
            let hits = try await hits(places, query, reader, versions, documents)
            found.hits += hits.prefix(limit - found.hits.count)
            guard places.count == countMax else { break }
            // Of what is looked for, the index knows only which words a chunk has. Some had not more than that.
            condition.after = places.last
            countMax = min(max(countMax * 4, Self.pageCountMin), Self.pageCountMax)
        }
        return found
    }

    /// Chunks that are looked into at once, where the first were not enough.
    private static let (pageCountMin, pageCountMax) = (64, 16_384)

    private func best(
        _ words: [SearchWord], _ condition: SearchCondition, _ countMax: Int, _ reader: SearchReader
    ) async throws -> [SearchRanking.Place] {
        do {
            return try await WorkThreads.queries.run {
                var ranking = SearchRanking(
                    reader, filter: nil, condition: condition, countMax: countMax, deadline: .init(.seconds(86_400)))
                return try ranking.run(words)
            }
        } catch  where SearchCatalog.isUseless(error) { throw useless("damaged") }
    }

    // MARK: Opening

    /// The index as it is now, and the version of each of its documents.
    private func open() async throws -> (SearchReader, [Int]) {
        guard isThere else { throw try await missing() }
        guard try isOurs() else {
            throw StoreError(
                code: .cannotOpen, path: index, message: "\(index) is there, and is no search index.",
                advice:
                    "If it was one and is damaged, delete it, and build it anew: \(buildCommand). Else name another "
                    + "path with --index.")
        }
        return try await WorkThreads.openings.run {
            do { return try read() } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
                // A build was killed amid a transaction: whoever may write takes back what it had begun.
                do { try SearchCatalog(path: index).queue.close() } catch { throw StoreError(error, path: index) }
                return try read()
            } catch let error as DatabaseError where !SearchCatalog.isUseless(error) {
                throw StoreError(error, path: index)
            } catch let error as SearchFileError { throw error.storeError(index) } catch
                where
                SearchCatalog.isUseless(error)
            { throw useless("damaged, or of another version") }
        }
    }

    private func read() throws -> (SearchReader, [Int]) {
        while true {
            let catalog = try SearchCatalog(reading: index)
            guard try catalog.isSound() else { throw SearchDamage(path: index) }
            let before = try catalog.queue.read { try $0.segments() }
            do {
                let reader = try SearchReader(catalog)
                let (numbers, versions) = try catalog.queue.read { db in
                    var (numbers, versions) = ([Int64](), [Int]())
                    let rows = try Row.fetchCursor(
                        db, sql: "SELECT number, run, etag, chunk_count FROM document ORDER BY number")
                    while let row = try rows.next() {
                        numbers.append(row[0])
                        versions.append(Self.version(run: row[1], eTag: row[2], chunkCount: row[3]))
                    }
                    return (numbers, versions)
                }
                if numbers == reader.documents.map(\.number) { return (reader, versions) }
            } catch let error as SearchDamage {
                // A segment that a build has merged meanwhile is gone.
                if try catalog.queue.read({ try $0.segments() }) == before { throw error }
            }
        }
    }

    private static func version(run: Int64, eTag: String, chunkCount: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(run)
        hasher.combine(eTag)
        hasher.combine(chunkCount)
        return hasher.finalize()
    }

    private static func version(_ object: StoredObject) -> Int? {
        SearchUpdate.document(object).map { version(run: $0.run, eTag: $0.eTag, chunkCount: $0.chunkCount) }
    }

    private func missing() async throws -> StoreError {
        let byteCount = try await ChunkStore.open(reading: store).stats().contentByteCount
        let size = Self.estimatedByteCount(ofText: byteCount)
        return StoreError(
            code: .cannotOpen, path: index, message: "\(store) has no search index: there is no \(index).",
            advice: "Build it: \(buildCommand). It takes about a sixth of the text's bytes: \(Self.text(size)).")
    }

    private func useless(_ what: String) -> StoreError {
        StoreError(
            code: .corrupt, path: index, message: "The search index \(index) is \(what).",
            advice: "Build it: \(buildCommand).")
    }

    /// What brings the index to what the store has.
    package var buildCommand: String {
        let isBeside = index == Self.path(besides: store)
        return "`dredge store search \(store) --build\(isBeside ? "" : " --index \(index)")`"
    }

    private static func text(_ byteCount: UInt64) -> String {
        byteCount < 1_000_000 ? "less than 1 MB" : "\((byteCount + 500_000) / 1_000_000) MB"
    }

    // MARK: Documents and chunks

    /// The order of the index's documents that are looked for: by source and key.
    private func order(
        _ reader: SearchReader, _ versions: [Int], _ isSelected: (StoredObject) -> Bool, _ found: inout Found
    ) async throws -> [Int32] {
        var (bySource, knownCount) = ([String: [Int32]](), 0)
        for try await object in try ChunkStore.open(reading: store).objects() {
            guard let version = Self.version(object) else { continue }
            let place = reader.place(of: object.id.rawValue)
            if place != nil { knownCount += 1 }
            guard let place, versions[place] == version else {
                found.unsearchedCount += 1
                continue
            }
            if isSelected(object) { bySource[object.source, default: []].append(Int32(place)) }
        }
        found.goneCount = versions.count - knownCount
        var (order, next) = ([Int32](repeating: -1, count: versions.count), Int32(0))
        for (_, places) in bySource.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            for place in places {
                order[Int(place)] = next
                next += 1
            }
        }
        return order
    }

    /// Those of the chunks that the store has now, and that have what is looked for, in the order of `places`. They are
    /// read in the order in which they were stored: neighbours stand in one batch.
    private func hits(
        _ places: [SearchRanking.Place], _ query: WordQuery, _ reader: SearchReader, _ versions: [Int],
        _ documents: DocumentReader
    ) async throws -> [Hit] {
        var hits: [(rank: Int, hit: Hit)] = []
        let sorted = places.enumerated().sorted {
            ($0.element.document, $0.element.ordinal) < ($1.element.document, $1.element.ordinal)
        }
        var rest = sorted[...]
        while let first = rest.first?.element {
            let number = reader.documents[Int(first.document)].number
            let ofDocument = rest.prefix { $0.element.document == first.document }
            rest = rest[ofDocument.endIndex...]
            guard let object = try await documents.object(ObjectID(rawValue: number)),
                Self.version(object) == versions[Int(first.document)]
            else { continue }
            for run in Self.runs(ofDocument) {
                guard let start = run.first?.element.ordinal, let last = run.last?.element.ordinal else { continue }
                let chunks = try await documents.chunks(of: object, from: Int(start), limit: Int(last - start) + 1)
                for (rank, place) in run {
                    let index = Int(place.ordinal - start)
                    guard index < chunks.count, chunks[index].ordinal == Int(place.ordinal),
                        let match = query.match(chunks[index].text)
                    else { continue }
                    var chunk = chunks[index]
                    let excerpt = Excerpt.of(chunk.text, match)
                    chunk.text = []
                    let score = Double(place.score) / Double(SearchRanking.one)
                    hits.append((rank, Hit(object: object, chunk: chunk, score: score, excerpt: excerpt)))
                }
            }
        }
        return hits.sorted { $0.rank < $1.rank }.map(\.hit)
    }

    private typealias RankedPlaces = ArraySlice<(offset: Int, element: SearchRanking.Place)>

    /// Chunks of a document that are read at once: near each other, and not too many.
    private static func runs(_ places: RankedPlaces) -> [RankedPlaces] {
        var (runs, start) = ([RankedPlaces](), places.startIndex)
        for index in places.indices.dropFirst() {
            let isNear = places[index].element.ordinal - places[index - 1].element.ordinal < 8
            if isNear, index - start < ServiceLimits.searchPageCount { continue }
            runs.append(places[start..<index])
            start = index
        }
        return runs + [places[start...]]
    }
}

extension SearchReader {
    /// The place of the document with this number; nil: there is none.
    fileprivate func place(of number: Int64) -> Int? {
        var (low, high) = (0, documents.count)
        while low < high {
            let middle = (low + high) / 2
            if documents[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < documents.count && documents[low].number == number ? low : nil
    }
}

/// Some of a chunk's text.
enum Excerpt {
    /// Bytes of it, about.
    static let byteCount = 160
    /// Of these, what stands before the first word, about.
    private static let leadByteCount = 40

    /// Around the place that has the most of the different words, the first one of them. Blanks and line ends are one
    /// blank each time; `…` stands where the text goes on.
    static func of(_ text: [UInt8], _ match: WordQuery.Match) -> String {
        let words = match.words
        var (best, bestCount) = (0, 0)
        for first in words.indices {
            var bits: UInt64 = 0
            for word in words[first...] {
                if word.range.upperBound > words[first].range.lowerBound + byteCount - leadByteCount { break }
                bits |= word.bits
            }
            if bits.nonzeroBitCount > bestCount { (best, bestCount) = (first, bits.nonzeroBitCount) }
        }
        let start = words.isEmpty ? 0 : words[best].range.lowerBound
        let lower = edge(text, max(0, start - leadByteCount), upTo: start)
        let upper = edge(text, min(text.count, lower + byteCount), upTo: text.count)
        let middle = String(decoding: text[lower..<upper], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return (lower > 0 ? "…" : "") + middle.joined(separator: " ") + (upper < text.count ? "…" : "")
    }

    /// The first place from `start` on where a word may begin or end: behind a blank, as far as there is one near, else
    /// where a character begins.
    private static func edge(_ text: [UInt8], _ start: Int, upTo end: Int) -> Int {
        if start == 0 || start >= end { return start }
        let near = text[start..<min(end, start + 20)]
        return near.firstIndex { $0 <= 0x20 } ?? near.firstIndex { $0 & 0xC0 != 0x80 } ?? start
    }
}
