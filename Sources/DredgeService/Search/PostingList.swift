/// A chunk that has a word, counted from the segment's first, and how often it has it.
struct Posting: Sendable, Hashable {
    var chunk: UInt32
    var count: UInt32
}

/// Which chunks of a segment have a word, as bytes, in order of the chunks.
///
/// Postings stand in blocks of 128. Each has an *impact*: the most that BM25's factor of the word's count and the
/// chunk's length, between 0 and 1, is in it, in 255ths, rounded up, for the segment's own average length. So whoever
/// looks for the best chunks can pass over blocks that have none.
/// - A list of one block is its impact, and its postings.
/// - A longer one begins with a directory: for each block the distance from the last chunk of the one before, how many
///   bytes it has, and its impact. Then come the postings.
/// - A posting is the distance from the one before, doubled, plus 1 where the chunk has the word once; else how often
///   it does follows.
///
/// Numbers are unsigned LEB128 varints.
enum PostingList {
    static let blockCount = 128

    static func blockCount(ofPostings count: Int) -> Int { (count + blockCount - 1) / blockCount }
}

/// What BM25 makes of a chunk's length and a word's count: `count / (count + k1 * (1 - b + b * length / average))`.
struct TermFrequency: Sendable, Hashable {
    static let k1: Float = 1.2
    static let b: Float = 0.75

    private let base: Float
    private let slope: Float

    init(averageLength: Float) {
        base = Self.k1 * (1 - Self.b)
        slope = Self.k1 * Self.b / max(averageLength, 1e-6)
    }

    @inline(__always)
    func factor(_ count: UInt32, length: UInt32) -> Float {
        let count = Float(count)
        return count / (count + base + slope * Float(length))
    }
}

/// Makes a list of postings.
struct PostingWriter {
    private var frequency: TermFrequency
    private var directory: [UInt8] = []
    private var bodies: [UInt8] = []
    private var blockStart = 0
    private var blockImpact: Float = 0
    private var blockPostingCount = 0
    private var lastOfBlockBefore: UInt32 = 0
    private var next: UInt32 = 0
    private(set) var count = 0

    init(_ frequency: TermFrequency) { self.frequency = frequency }

    /// One behind the one before.
    mutating func append(_ posting: Posting, length: UInt32) {
        if blockPostingCount == PostingList.blockCount { endBlock() }
        Self.append(UInt64(posting.chunk - next) << 1 | (posting.count == 1 ? 1 : 0), to: &bodies)
        if posting.count != 1 { Self.append(UInt64(posting.count), to: &bodies) }
        blockImpact = max(blockImpact, frequency.factor(posting.count, length: length))
        next = posting.chunk + 1
        blockPostingCount += 1
        count += 1
    }

    private var impact: UInt8 { UInt8(min(255, (blockImpact * 255 * 1.000_001).rounded(.up))) }

    private mutating func endBlock() {
        Self.append(UInt64(next - 1 - lastOfBlockBefore), to: &directory)
        Self.append(UInt64(bodies.count - blockStart), to: &directory)
        directory.append(impact)
        lastOfBlockBefore = next - 1
        (blockStart, blockImpact, blockPostingCount) = (bodies.count, 0, 0)
    }

    /// Hands over the list, and begins another one.
    mutating func finish(_ body: (_ count: Int, _ bytes: [UInt8]) throws -> Void) rethrows {
        if count > 0 {
            if count <= PostingList.blockCount { directory = [impact] } else { endBlock() }
            directory += bodies
            try body(count, directory)
        }
        directory.removeAll(keepingCapacity: true)
        bodies.removeAll(keepingCapacity: true)
        (blockStart, blockImpact, blockPostingCount) = (0, 0, 0)
        (lastOfBlockBefore, next, count) = (0, 0, 0)
    }

    static func append(_ value: UInt64, to data: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            data.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        data.append(UInt8(value))
    }
}

/// Reads a list of postings, block by block. Bytes that are none end it, with `isSound` false.
struct PostingCursor {
    private let bytes: [UInt8]
    private let postingCount: Int
    /// The last chunk of each block, where its bytes begin, and its impact.
    private var lasts: [UInt32] = []
    private var starts: [Int] = []
    private var impacts: [UInt8] = []
    /// The block that is read now, or next.
    private var block = 0
    private var isDecoded = false
    private var chunks = [UInt32](repeating: 0, count: PostingList.blockCount)
    private var counts = [UInt32](repeating: 0, count: PostingList.blockCount)
    private var place = 0
    private var end = 0
    private(set) var isSound = true

    /// - Parameters:
    ///   - postingCount: how many there are.
    ///   - chunkCount: of the segment.
    init(_ bytes: [UInt8], postingCount: Int, chunkCount: Int) {
        self.bytes = bytes
        self.postingCount = postingCount
        let blockCount = PostingList.blockCount(ofPostings: postingCount)
        guard chunkCount > 0, chunkCount < Int(UInt32.max), (1...chunkCount).contains(postingCount),
            blockCount <= bytes.count
        else {
            fail()
            return
        }
        if blockCount == 1 {
            (lasts, starts, impacts) = ([UInt32(chunkCount - 1)], [1, bytes.count], [bytes[0]])
            return
        }
        lasts.reserveCapacity(blockCount)
        starts.reserveCapacity(blockCount + 1)
        impacts.reserveCapacity(blockCount)
        var (index, last, start) = (0, UInt64(0), 0)
        for _ in 0..<blockCount {
            guard let distance = Self.varint(bytes, &index), let length = Self.varint(bytes, &index),
                index < bytes.count, length <= UInt64(bytes.count)
            else {
                fail()
                return
            }
            last += distance
            guard last < UInt64(chunkCount) else {
                fail()
                return
            }
            lasts.append(UInt32(last))
            starts.append(start)
            impacts.append(bytes[index])
            index += 1
            start += Int(length)
        }
        starts.append(start)
        guard index + start == bytes.count else {
            fail()
            return
        }
        for block in starts.indices { starts[block] += index }
    }

    private mutating func fail() {
        isSound = false
        (lasts, starts, impacts) = ([], [], [])
        (block, place, end) = (0, 0, 0)
    }

    /// The greatest impact of the blocks that may have chunks of `first ..< end`; nil: none has. Goes on to the first
    /// of them: those before are passed over.
    mutating func impact(from first: UInt32, to end: UInt32) -> UInt8? {
        while block < lasts.count, lasts[block] < first {
            block += 1
            isDecoded = false
        }
        guard block < lasts.count, block == 0 || lasts[block - 1] < end - 1 else { return nil }
        var (impact, next) = (impacts[block], block + 1)
        while next < lasts.count, lasts[next - 1] < end - 1 {
            impact = max(impact, impacts[next])
            next += 1
        }
        return impact
    }

    /// Calls `body` with each posting of the chunks `first ..< end` that were not passed over.
    @inline(__always)
    mutating func forEach(from first: UInt32, to end: UInt32, _ body: (_ chunk: UInt32, _ count: UInt32) -> Void) {
        while block < lasts.count {
            if lasts[block] < first {
                block += 1
                isDecoded = false
                continue
            }
            if block > 0, lasts[block - 1] >= end - 1 { return }
            if !isDecoded {
                decode()
                if !isSound { return }
            }
            let stop = self.end
            var at = place
            chunks.withUnsafeBufferPointer { chunks in
                counts.withUnsafeBufferPointer { counts in
                    while at < stop, chunks[at] < first { at += 1 }
                    while at < stop, chunks[at] < end {
                        body(chunks[at], counts[at])
                        at += 1
                    }
                }
            }
            place = at
            if at < stop { return }
            block += 1
            isDecoded = false
        }
    }

    private mutating func decode() {
        let count = min(PostingList.blockCount, postingCount - block * PostingList.blockCount)
        let (start, stop) = (starts[block], starts[block + 1])
        var next: UInt64 = block == 0 ? 0 : UInt64(lasts[block - 1]) + 1
        let limit = UInt64(lasts[block])
        var isRead = true
        bytes.withUnsafeBufferPointer { bytes in
            chunks.withUnsafeMutableBufferPointer { chunks in
                counts.withUnsafeMutableBufferPointer { counts in
                    var index = start
                    for place in 0..<count {
                        guard let head = Self.varint(bytes, &index, stop) else { return isRead = false }
                        let chunk = next &+ head >> 1
                        var times: UInt64 = 1
                        if head & 1 == 0 {
                            guard let more = Self.varint(bytes, &index, stop) else { return isRead = false }
                            times = more
                        }
                        guard chunk <= limit, times <= UInt64(UInt32.max) else { return isRead = false }
                        chunks[place] = UInt32(truncatingIfNeeded: chunk)
                        counts[place] = UInt32(truncatingIfNeeded: times)
                        next = chunk + 1
                    }
                    isRead = index == stop
                }
            }
        }
        guard isRead else { return fail() }
        (place, end, isDecoded) = (0, count, true)
    }

    static func varint(_ bytes: [UInt8], _ index: inout Int) -> UInt64? {
        bytes.withUnsafeBufferPointer { varint($0, &index, $0.count) }
    }

    @inline(__always)
    static func varint(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, _ end: Int) -> UInt64? {
        guard index < end else { return nil }
        let first = bytes[index]
        index += 1
        if first < 0x80 { return UInt64(first) }
        var (value, shift) = (UInt64(first & 0x7F), UInt64(7))
        while index < end, shift < 42 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
