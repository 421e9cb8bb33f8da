/// A word as the index has it, or the beginning of words.
struct SearchWord: Sendable, Hashable {
    var text: [UInt8]
    var isPrefix = false

    func takes(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        isPrefix ? word.starts(with: text) : word.elementsEqual(text)
    }
}

/// What somebody looks for: words, phrases in quotation marks, and `begin*` for the words that begin so.
///
/// Whatever else there is stands between words, so nothing is an operator. What has no blank in it but is several
/// words (`3.14`, `e-mail`) is a phrase.
package struct WordQuery: Sendable {
    /// The different words.
    let words: [SearchWord]
    /// A word or a phrase each: places in `words`, in order.
    let terms: [[Int]]
    /// Whether a chunk needs only one of the terms.
    let matchesAny: Bool
    /// Words that stand alone, and phrases.
    package var termCount: Int { terms.count }

    /// Why a text asks for nothing. The description is a sentence without its end.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case openQuotation
        case noWord
        case tooManyWords

        package var description: String {
            switch self {
            case .openQuotation:
                "a quotation mark is not closed: close it behind the phrase, or leave it out, it is not searched for"
            case .noWord: "there is no letter and no digit to search for"
            case .tooManyWords:
                "more than \(ServiceLimits.searchQueryWordCountMax) different words can't be searched for at once"
            }
        }
    }

    /// - Parameter matchesAny: whether a chunk needs only one of the words and phrases.
    package init(_ text: String, matchesAny: Bool = false) throws(Problem) {
        var reading = Reading()
        let parts = text.utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false).map(Array.init)
        guard parts.count % 2 == 1 else { throw .openQuotation }
        for (place, part) in parts.enumerated() {
            guard place % 2 == 0 else {
                reading.add(part[...], isPrefix: parts[place + 1].first == UInt8(ascii: "*"))
                continue
            }
            for piece in part.split(whereSeparator: { $0 == 0x20 || (0x09...0x0D).contains($0) }) {
                reading.add(piece)
            }
        }
        guard !reading.terms.isEmpty else { throw .noWord }
        guard reading.words.count <= ServiceLimits.searchQueryWordCountMax else { throw .tooManyWords }
        (words, terms, self.matchesAny) = (reading.words, reading.terms, matchesAny)
    }

    private struct Reading {
        var words: [SearchWord] = []
        var terms: [[Int]] = []
        private var places: [SearchWord: Int] = [:]
        private var tokenizer = SearchTokenizer()

        /// - Parameter isPrefix: of the last word; nil: where a `*` follows it.
        mutating func add(_ text: ArraySlice<UInt8>, isPrefix: Bool? = nil) {
            var (found, end) = ([SearchWord](), 0)
            text.withUnsafeBytes { bytes in
                tokenizer.forEachWord(bytes) { word, range in
                    found.append(SearchWord(text: Array(word)))
                    end = range.upperBound
                }
            }
            guard !found.isEmpty else { return }
            let hasStar = end < text.count && text[text.startIndex + end] == UInt8(ascii: "*")
            found[found.count - 1].isPrefix = isPrefix ?? hasStar
            terms.append(
                found.map { word in
                    if let place = places[word] { return place }
                    places[word] = words.count
                    words.append(word)
                    return words.count - 1
                })
        }
    }
}

extension WordQuery {
    /// Where a text has what is looked for.
    struct Match: Sendable {
        /// Words of the text that are part of a term that it has: which of the query's words they are, as bits, and
        /// their bytes, in order.
        var words: [(bits: UInt64, range: Range<Int>)] = []
    }

    /// nil: the text is not one that is looked for. This alone decides: an index has no places of words, and may be
    /// behind the store.
    func match(_ text: [UInt8]) -> Match? {
        var (tokens, tokenizer) = ([(bits: UInt64, range: Range<Int>)](), SearchTokenizer())
        text.withUnsafeBytes { bytes in
            tokenizer.forEachWord(bytes) { token, range in
                var bits: UInt64 = 0
                for (place, word) in words.enumerated() where word.takes(token) { bits |= 1 << UInt64(place) }
                tokens.append((bits, range))
            }
        }
        var isPart = [Bool](repeating: false, count: tokens.count)
        var foundCount = 0
        for term in terms {
            var isFound = false
            for start in tokens.indices.dropLast(term.count - 1)
            where term.indices.allSatisfy({ tokens[start + $0].bits & 1 << UInt64(term[$0]) != 0 }) {
                isFound = true
                for place in start..<start + term.count { isPart[place] = true }
            }
            if isFound { foundCount += 1 }
        }
        guard matchesAny ? foundCount > 0 : foundCount == terms.count else { return nil }
        return Match(words: zip(tokens, isPart).compactMap { $1 ? $0 : nil })
    }
}

/// What chunks must have beside a word, and which of equal ones come first.
struct SearchCondition: Sendable {
    /// The words of each term, as bits: a chunk may have the term where it has all of them.
    private let terms: [UInt64]
    private let matchesAny: Bool
    /// For each document of a reader, its place among equal ones; -1: it is not looked for.
    let order: [Int32]
    /// Only chunks that stand behind this one.
    var after: SearchRanking.Place?

    init(_ query: WordQuery, order: [Int32]) {
        terms = query.terms.map { $0.reduce(0) { $0 | 1 << UInt64($1) } }
        matchesAny = query.matchesAny
        self.order = order
    }

    /// Whether one that has these words may be one that is looked for.
    func holds(_ bits: UInt64) -> Bool {
        matchesAny ? terms.contains { bits & $0 == $0 } : terms.allSatisfy { bits & $0 == $0 }
    }
}
