internal import DredgeBase
internal import Foundation
internal import GRDB

/// Finds the best chunks by BM25 (k1 1.2, b 0.75; the inverse document frequency is ln(1 + (N - n + 0.5) / (n + 0.5)),
/// never negative). The numbers are exact: what is dead counts nowhere.
///
/// It goes over each segment in windows of 2,048 chunks. A window in which no chunk can be better than the worst of the
/// best so far is passed over; in another, words that could not lift a chunk so far by themselves are only looked at
/// where one has the other words ("MaxScore", with the impacts of `PostingList`). Scores are added up as integers, so
/// that they do not depend on the order.
struct SearchRanking {
    private static let windowCount = 2_048
    /// 1 in a score.
    static let one: Float = 1_048_576

    private let reader: SearchReader
    private let countMax: Int
    private let deadline: Deadline
    private var verdicts: FilterVerdicts
    private let condition: SearchCondition?
    private var best: [Place] = []
    /// A score that is not enough.
    private var least: UInt32 = 0
    private var scores = [UInt32](repeating: 0, count: windowCount)
    /// Of a search with a condition: which words each chunk has, as bits.
    private var masks: [UInt64] = []

    /// A chunk that is good enough.
    struct Place: Sendable, Hashable {
        var score: UInt32
        /// The place of its document in the reader.
        var document: Int32
        var ordinal: UInt32
    }

    private struct Word {
        var cursor: PostingCursor
        /// Its place in the query, as a bit.
        var bit: UInt64
        /// What the factor of its frequency is multiplied by.
        var weight: Float
        /// What it adds to a score in the present window, at most.
        var bound: UInt64 = 0
    }

    init(
        _ reader: SearchReader, filter: MetadataFilter?, condition: SearchCondition? = nil, countMax: Int,
        deadline: Deadline
    ) {
        self.reader = reader
        self.countMax = countMax
        self.deadline = deadline
        self.condition = condition
        verdicts = FilterVerdicts(filter, reader, deadline)
        if condition != nil { masks = Array(repeating: 0, count: Self.windowCount) }
    }

    /// The best chunks, the best first.
    mutating func run(_ words: [SearchWord]) throws -> [Place] {
        var entries: [[(word: SegmentFile.Entry, bit: UInt64, weight: Float)]] = Array(
            repeating: [], count: reader.segments.count)
        for (number, word) in words.enumerated() {
            let found = try reader.segments.indices.compactMap { place in
                try reader.segments[place].file.entry(word).map { (segment: place, entry: $0) }
            }
            guard !found.isEmpty else { continue }
            let weight = Self.weight(try reader.count(word, found), of: reader.chunkCount)
            for (place, entry) in found { entries[place].append((entry, 1 << UInt64(number), weight)) }
        }
        for (segment, entries) in zip(reader.segments, entries) where !entries.isEmpty {
            if let condition, !condition.holds(entries.reduce(0) { $0 | $1.bit }) { continue }
            var words = try entries.map {
                Word(cursor: try segment.file.cursor($0.word), bit: $0.bit, weight: $0.weight)
            }
            try rank(segment, &words)
            guard words.allSatisfy(\.cursor.isSound) else { throw SearchDamage(path: segment.file.path) }
        }
        return best
    }

    /// What a word that `having` of `total` chunks have adds to a score, at most.
    static func weight(_ having: Int, of total: Int) -> Float {
        let (total, having) = (Double(total), Double(having))
        return Float(log(1 + max(0, total - having + 0.5) / (having + 0.5))) * (TermFrequency.k1 + 1) * one
    }

    /// What a word adds to a chunk's score: a little, also where all chunks have it.
    @inline(__always)
    static func score(_ weight: Float, _ factor: Float) -> UInt32 { UInt32(weight * factor) + 1 }

    private mutating func rank(_ segment: SearchReader.Segment, _ words: inout [Word]) throws {
        // Impacts are for the segment's own average. A longer one makes a factor greater by as much, at most.
        let scale = max(1, reader.averageLength / segment.file.averageLength) * 1.000_01 / 255
        let chunkCount = UInt32(segment.file.chunkCount)
        var order = Array(words.indices)
        var part = 0
        for first in stride(from: 0, to: chunkCount, by: Self.windowCount) {
            let end = min(first + UInt32(Self.windowCount), chunkCount)
            try deadline.requireTime()
            while part < segment.parts.count, segment.parts[part].end <= first { part += 1 }
            guard try takesAny(segment.parts[part...], before: end) else { continue }
            var (sum, bits) = (UInt64(0), UInt64(0))
            for place in words.indices {
                words[place].bound = 0
                if let impact = words[place].cursor.impact(from: first, to: end) {
                    words[place].bound = UInt64(words[place].weight * min(1.000_01, Float(impact) * scale)) + 2
                    sum += words[place].bound
                    bits |= words[place].bit
                }
            }
            guard sum > UInt64(least), condition?.holds(bits) ?? true else { continue }
            order.sort { words[$0].bound > words[$1].bound }
            // Words that can't lift a chunk by themselves: at the end of `order`.
            var (rest, essentialCount) = (UInt64(0), order.count)
            while essentialCount > 0, rest + words[order[essentialCount - 1]].bound <= UInt64(least) {
                rest += words[order[essentialCount - 1]].bound
                essentialCount -= 1
            }
            for place in 0..<order.count {
                if place >= essentialCount {
                    if rest == 0 { break }
                    guard UInt64(maximum(Int(end - first))) + rest > UInt64(least) else { break }
                    rest -= words[order[place]].bound
                }
                add(&words[order[place]], segment.file.lengths, first, end)
            }
            try collect(segment.parts[part...], first, Int(end - first))
        }
    }

    /// Whether some of the parts that begin before `end` are to be found.
    private mutating func takesAny(_ parts: ArraySlice<SearchReader.Part>, before end: UInt32) throws -> Bool {
        for part in parts {
            if part.first >= end { return false }
            if try takes(part.document) { return true }
        }
        return false
    }

    private mutating func takes(_ document: Int32) throws -> Bool {
        if let condition, condition.order[Int(document)] < 0 { return false }
        return try verdicts.takes(Int(document))
    }

    private func maximum(_ count: Int) -> UInt32 {
        scores.withUnsafeBufferPointer { scores in
            var most: UInt32 = 0
            for place in 0..<count { most = max(most, scores[place]) }
            return most
        }
    }

    private mutating func add(_ word: inout Word, _ lengths: [UInt32], _ first: UInt32, _ end: UInt32) {
        let (weight, frequency, bit, marks) = (word.weight, reader.frequency, word.bit, condition != nil)
        scores.withUnsafeMutableBufferPointer { scores in
            masks.withUnsafeMutableBufferPointer { masks in
                lengths.withUnsafeBufferPointer { lengths in
                    word.cursor.forEach(from: first, to: end) { chunk, count in
                        let factor = frequency.factor(count, length: lengths[Int(chunk)])
                        scores[Int(chunk - first)] &+= Self.score(weight, factor)
                        if marks { masks[Int(chunk - first)] |= bit }
                    }
                }
            }
        }
    }

    /// Takes the chunks of a window that are good enough, and clears it.
    private mutating func collect(_ parts: ArraySlice<SearchReader.Part>, _ first: UInt32, _ count: Int) throws {
        var part = parts.startIndex
        if maximum(count) > least {
            for place in 0..<count where scores[place] > least {
                if let condition, !condition.holds(masks[place]) { continue }
                let chunk = first + UInt32(place)
                while part < parts.endIndex, parts[part].end <= chunk { part += 1 }
                // What is dead is in no part.
                guard part < parts.endIndex, parts[part].first <= chunk,
                    try takes(parts[part].document)
                else { continue }
                take(
                    Place(
                        score: scores[place], document: parts[part].document,
                        ordinal: parts[part].ordinal + chunk - parts[part].first))
            }
        }
        scores.withUnsafeMutableBufferPointer { $0[..<count].update(repeating: 0) }
        if condition != nil { masks.withUnsafeMutableBufferPointer { $0[..<count].update(repeating: 0) } }
    }

    private mutating func take(_ place: Place) {
        if let after = condition?.after, !isBefore(after, place) { return }
        var (low, high) = (0, best.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(best[middle], place) { low = middle + 1 } else { high = middle }
        }
        best.insert(place, at: low)
        if best.count > countMax { best.removeLast() }
        // With an order of equal ones, one that is as good as the worst may have to take its place.
        if best.count == countMax { least = best[countMax - 1].score - (condition == nil ? 0 : 1) }
    }

    /// Whether a chunk stands before one that was found later. Without a condition, equal ones stand as they come.
    private func isBefore(_ one: Place, _ other: Place) -> Bool {
        guard one.score == other.score else { return one.score > other.score }
        guard let condition else { return true }
        let (order, otherOrder) = (condition.order[Int(one.document)], condition.order[Int(other.document)])
        return order == otherOrder ? one.ordinal < other.ordinal : order < otherOrder
    }
}

/// What a filter says of documents, found out once for each.
private struct FilterVerdicts {
    private let isThere: Bool
    /// What the filter asks of a URI alone, which is looked at first: it needs no more than the URI's bytes.
    private let bounds: [URIBound]
    /// What else it asks.
    private let filter: MetadataFilter
    private let reader: SearchReader
    private let needsFilename: Bool
    /// What jobs attached to the documents of each run, and the place of the one that is looked at.
    private var members: [Int64: [String: JSON]] = [:]
    private var ofRuns: [Int64: Bool] = [:]
    /// By their places; 0: not known, 1: taken.
    private var ofDocuments: [UInt8] = []
    private var places: DocumentPlaces?
    private let deadline: Deadline
    private var foundCount = 0

    init(_ filter: MetadataFilter?, _ reader: SearchReader, _ deadline: Deadline) {
        self.deadline = deadline
        isThere = filter != nil
        (bounds, self.filter) = (filter ?? .all([])).split()
        self.reader = reader
        needsFilename = self.filter.names("filename")
        if filter != nil { ofDocuments = Array(repeating: 0, count: reader.documents.count) }
    }

    mutating func takes(_ place: Int) throws -> Bool {
        guard isThere else { return true }
        if ofDocuments[place] != 0 { return ofDocuments[place] == 1 }
        foundCount += 1
        if foundCount % 64 == 0 { try deadline.requireTime() }
        if places == nil, filter.needsPlace || !bounds.isEmpty { places = try reader.places() }
        let isWithin = bounds.isEmpty || places?.isWithin(bounds, place) ?? false
        let uri = filter.needsPlace && isWithin ? places.map { $0.uri(place) } : nil
        let verdict = isWithin && takes(reader.documents[place], uri)
        ofDocuments[place] = verdict ? 1 : 2
        return verdict
    }

    /// - Parameter uri: nil: no condition is on it.
    private mutating func takes(_ document: SearchReader.Document, _ uri: String??) -> Bool {
        guard let uri else {
            if let verdict = ofRuns[document.run] { return verdict }
            let verdict = filter.takes(reader.metadata(of: document.run))
            ofRuns[document.run] = verdict
            return verdict
        }
        guard let uri else { return false }
        if members[document.run] == nil { members[document.run] = reader.metadata(of: document.run) }
        members[document.run, default: [:]]["uri"] = .string(uri)
        if needsFilename {
            members[document.run, default: [:]]["filename"] = .string(Documents.filename(ofURI: uri))
        }
        return filter.takes(members[document.run] ?? [:])
    }
}

extension Deadline {
    fileprivate func requireTime() throws {
        guard hasPassed() else { return }
        throw ServiceError.refused(
            .unavailable, "query_timeout",
            "The query took more than \(ServiceLimits.querySeconds) s. Ask with fewer conditions or words.")
    }
}

extension SearchReader {
    /// The best chunks that have any of `words`, of documents that `filter` takes; the best first, equal ones in the
    /// order in which they were indexed.
    /// - Parameter deadline: when it is given up: `unavailable` is thrown then.
    func search(
        _ words: [[UInt8]], filter: MetadataFilter?, countMax: Int,
        deadline: Deadline = Deadline(.seconds(ServiceLimits.querySeconds))
    ) throws -> [Hit] {
        var ranking = SearchRanking(self, filter: filter, countMax: countMax, deadline: deadline)
        return try ranking.run(words.map { SearchWord(text: $0) }).map { place in
            let document = documents[Int(place.document)]
            return Hit(
                document: document.number, run: document.run, ordinal: Int(place.ordinal),
                score: Double(place.score) / Double(SearchRanking.one))
        }
    }
}
