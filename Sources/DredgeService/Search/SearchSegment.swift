/// What a stretch of chunks is found by, in memory until it is written: for each word, which chunks have it, and how
/// often.
struct SearchSegment: Sendable {
    /// The number of its first chunk.
    let first: UInt32
    /// Words of each chunk.
    private(set) var lengths: [UInt32] = []
    private var arena: [UInt8] = []
    private var terms: [Term] = []
    /// Places in `terms`; -1: free. Twice as many as terms, at least.
    private var slots: [Int32]
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

    /// A chunk that has a word, counted from the segment's first, and how often it has it.
    struct Posting: Hashable {
        var chunk: UInt32
        var count: UInt32
    }

    init(first: UInt32) {
        self.first = first
        slots = Array(repeating: -1, count: 1 << 12)
    }

    var postingCount: Int { postings.count }
    var chunkCount: Int { lengths.count }
    /// The number of the chunk that is added next.
    var next: UInt32 { first + UInt32(lengths.count) }

    mutating func add(_ text: [UInt8], _ tokenizer: inout SearchTokenizer) {
        let chunk = UInt32(lengths.count)
        var length: UInt32 = 0
        text.withUnsafeBytes { bytes in
            tokenizer.forEachWord(bytes) { word in
                length += 1
                add(word, to: chunk)
            }
        }
        lengths.append(length)
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

    /// Calls `body` for each word, in order of the words' bytes, with how many chunks have it, and its postings as they
    /// are written.
    func forEachTerm(_ body: (_ word: [UInt8], _ chunkCount: Int, _ data: [UInt8]) throws -> Void) rethrows {
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
        let words = terms.map { Array(arena[$0.start..<$0.start + $0.length]) }
        for index in words.indices.sorted(by: { words[$0].lexicographicallyPrecedes(words[$1]) }) {
            let count = terms[index].postingCount
            var writer = PostingWriter()
            for posting in sorted[(starts[index] - count)..<starts[index]] { writer.append(posting) }
            try body(words[index], count, writer.data)
        }
    }
}

/// Postings as bytes: for each chunk the distance to the one before, doubled, plus 1 where the word stands in it once;
/// else how often it does follows. Unsigned LEB128 varints.
struct PostingWriter {
    private(set) var data: [UInt8] = []
    private var next: UInt32 = 0
    private(set) var count = 0

    /// One behind the one before; another is left out.
    mutating func append(_ posting: SearchSegment.Posting) {
        guard posting.chunk >= next else { return }
        let distance = UInt64(posting.chunk - next)
        append(distance << 1 | (posting.count == 1 ? 1 : 0))
        if posting.count != 1 { append(UInt64(posting.count)) }
        next = posting.chunk + 1
        count += 1
    }

    private mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            data.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        data.append(UInt8(value))
    }

    /// Calls `body` with each posting. Returns false for bytes that are none.
    static func forEach(_ data: UnsafeRawBufferPointer, _ body: (_ chunk: UInt32, _ count: UInt32) -> Void) -> Bool {
        var (index, next) = (0, UInt64(0))
        func varint() -> UInt64? {
            var (value, shift) = (UInt64(0), UInt64(0))
            while index < data.count, shift < 42 {
                let byte = data[index]
                index += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while index < data.count {
            guard let head = varint() else { return false }
            let chunk = next + head >> 1
            var count: UInt64 = 1
            if head & 1 == 0 {
                guard let more = varint() else { return false }
                count = more
            }
            guard chunk < UInt64(UInt32.max), count <= UInt64(UInt32.max) else { return false }
            body(UInt32(chunk), UInt32(count))
            next = chunk + 1
        }
        return true
    }
}
