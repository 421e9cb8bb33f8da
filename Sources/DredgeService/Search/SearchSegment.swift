/// What some chunks are found by, in memory until it is written: for each word, which chunks have it, and how often.
struct SearchSegment: Sendable {
    /// Words of each chunk.
    private(set) var lengths: [UInt32] = []
    private(set) var parts: [SegmentPart] = []
    private var arena: [UInt8] = []
    private var terms: [Term] = []
    /// Places in `terms`; -1: free. Twice as many as terms, at least.
    private var slots: [Int32] = Array(repeating: -1, count: 1 << 12)
    private var postingTerms: [UInt32] = []
    private var postings: [Posting] = []

    private struct Term {
        var hash: UInt64
        var start: Int
        var length: Int
        /// The place of its last posting.
        var lastPosting: Int
        var postingCount: Int
    }

    var postingCount: Int { postings.count }
    var isEmpty: Bool { lengths.isEmpty }

    /// Adds a chunk of a document's version, behind the one before.
    mutating func add(_ text: [UInt8], version: Int64, ordinal: Int, _ tokenizer: inout SearchTokenizer) {
        let chunk = UInt32(lengths.count)
        var length: UInt32 = 0
        text.withUnsafeBytes { bytes in
            tokenizer.forEachWord(bytes) { word, _ in
                length += 1
                add(word, to: chunk)
            }
        }
        lengths.append(length)
        if let last = parts.last, last.version == version {
            parts[parts.count - 1].count += 1
        } else {
            parts.append(SegmentPart(version: version, ordinal: UInt32(ordinal), count: 1))
        }
    }

    private mutating func add(_ word: UnsafeBufferPointer<UInt8>, to chunk: UInt32) {
        let term = place(of: word)
        let last = terms[term].lastPosting
        if last >= 0, postings[last].chunk == chunk {
            postings[last].count += 1
        } else {
            terms[term].lastPosting = postings.count
            terms[term].postingCount += 1
            postingTerms.append(UInt32(term))
            postings.append(Posting(chunk: chunk, count: 1))
        }
    }

    private mutating func place(of word: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 29
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let term = terms[Int(slots[slot])]
            if term.hash == hash, arena[term.start..<term.start + term.length].elementsEqual(word) {
                return Int(slots[slot])
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(terms.count)
        terms.append(Term(hash: hash, start: arena.count, length: word.count, lastPosting: -1, postingCount: 0))
        arena += word
        if terms.count * 2 > slots.count { grow() }
        return terms.count - 1
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for (index, term) in terms.enumerated() {
            var slot = Int(truncatingIfNeeded: term.hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(index)
        }
    }

    /// Writes it as a file.
    /// - Parameter check: called after some milliseconds again and again; throws where it is to end.
    func write(to path: String, check: () throws -> Void) throws -> SegmentContent {
        var writer = try SegmentWriter(path: path)
        do {
            let average = Float(lengths.reduce(0) { $0 + Int($1) }) / Float(max(lengths.count, 1))
            var list = PostingWriter(TermFrequency(averageLength: average))
            var untilCheck = 0
            try forEachTerm { word, postings in
                untilCheck -= postings.count + 16
                if untilCheck < 0 {
                    try check()
                    untilCheck = 50_000
                }
                for posting in postings { list.append(posting, length: lengths[Int(posting.chunk)]) }
                try list.finish { try writer.add(word, $0, $1) }
            }
            return try writer.finish(parts, lengths, averageLength: average)
        } catch {
            writer.abandon()
            throw error
        }
    }

    /// Calls `body` for each word, in order of the words' bytes, with its postings.
    private func forEachTerm(_ body: (_ word: [UInt8], _ postings: ArraySlice<Posting>) throws -> Void) rethrows {
        // The postings of a term, in order of their chunks: those of terms before it are before them.
        var starts: [Int] = []
        starts.reserveCapacity(terms.count)
        var sum = 0
        for term in terms {
            starts.append(sum)
            sum += term.postingCount
        }
        var sorted = Array(repeating: Posting(chunk: 0, count: 0), count: postings.count)
        for (term, posting) in zip(postingTerms, postings) {
            sorted[starts[Int(term)]] = posting
            starts[Int(term)] += 1
        }
        let order = arena.withUnsafeBufferPointer { arena in
            terms.indices.sorted { left, right in
                let (left, right) = (terms[left], terms[right])
                return UnsafeBufferPointer(rebasing: arena[left.start..<left.start + left.length])
                    .lexicographicallyPrecedes(
                        UnsafeBufferPointer(rebasing: arena[right.start..<right.start + right.length]))
            }
        }
        for index in order {
            let term = terms[index]
            try body(
                Array(arena[term.start..<term.start + term.length]),
                sorted[(starts[index] - term.postingCount)..<starts[index]])
        }
    }
}
