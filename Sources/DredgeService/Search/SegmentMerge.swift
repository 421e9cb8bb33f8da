internal import Foundation

/// Makes one segment of some that are neighbours, without the parts that are dead. Reads no text: it takes about as
/// long as reading and writing the files. Memory is 4 bytes a chunk, and for each segment 64 words with their lists.
struct SegmentMerge {
    private let segments: [SegmentFile]
    private var parts: [SegmentPart] = []
    private var lengths: [UInt32] = []
    /// From the number of a chunk in its segment to that in the new one; `.max`: dead.
    private var numbers: [[UInt32]] = []

    var chunkCount: Int { lengths.count }

    /// - Parameter isLive: whether a version is found.
    init(_ segments: [SegmentFile], isLive: (Int64) -> Bool) {
        self.segments = segments
        for segment in segments {
            var own = [UInt32](repeating: .max, count: segment.chunkCount)
            var chunk = 0
            for part in segment.parts {
                let end = chunk + Int(part.count)
                if isLive(part.version) {
                    add(part)
                    for chunk in chunk..<end {
                        own[chunk] = UInt32(lengths.count)
                        lengths.append(segment.lengths[chunk])
                    }
                }
                chunk = end
            }
            numbers.append(own)
        }
    }

    private mutating func add(_ part: SegmentPart) {
        if let last = parts.last, last.version == part.version, last.ordinal + last.count == part.ordinal {
            parts[parts.count - 1].count += part.count
        } else {
            parts.append(part)
        }
    }

    /// The first of the words that they stand at; nil: all are at the end.
    private static func first(_ readers: [SegmentWords]) -> [UInt8]? {
        var first: [UInt8]?
        for reader in readers {
            guard let word = reader.word else { continue }
            if let other = first, !word.lexicographicallyPrecedes(other) { continue }
            first = word
        }
        return first
    }

    /// Writes the new segment.
    /// - Parameter check: called after some milliseconds again and again; throws where it is to end.
    func write(to path: String, check: () throws -> Void) throws -> SegmentContent {
        let average = Float(lengths.reduce(0) { $0 + Int($1) }) / Float(max(lengths.count, 1))
        var writer = try SegmentWriter(path: path)
        do {
            var list = PostingWriter(TermFrequency(averageLength: average))
            var readers = try segments.map(SegmentWords.init)
            var untilCheck = 0
            while let word = Self.first(readers) {
                for place in readers.indices where readers[place].word == word {
                    var cursor = try readers[place].cursor()
                    let numbers = numbers[place]
                    numbers.withUnsafeBufferPointer { numbers in
                        cursor.forEach(from: 0, to: UInt32(numbers.count)) { chunk, count in
                            let number = numbers[Int(chunk)]
                            guard number != .max else { return }
                            list.append(Posting(chunk: number, count: count), length: lengths[Int(number)])
                        }
                    }
                    guard cursor.isSound else { throw SearchDamage(path: segments[place].path) }
                    untilCheck -= readers[place].postingCount + 16
                    try readers[place].next()
                }
                try list.finish { try writer.add(word, $0, $1) }
                if untilCheck <= 0 {
                    try check()
                    untilCheck = 50_000
                }
            }
            try check()
            return try writer.finish(parts, lengths, averageLength: average)
        } catch {
            writer.abandon()
            throw error
        }
    }
}

/// Reads a segment's words from the first to the last.
private struct SegmentWords {
    private let segment: SegmentFile
    private var group = 0
    private var bytes: [UInt8] = []
    private var entries: [(word: [UInt8], entry: SegmentFile.Entry)] = []
    private var place = 0

    /// The word that it stands at; nil: behind the last.
    var word: [UInt8]? { place < entries.count ? entries[place].word : nil }
    var postingCount: Int { entries[place].entry.postingCount }

    init(_ segment: SegmentFile) throws {
        self.segment = segment
        try readGroup()
    }

    mutating func next() throws {
        place += 1
        guard place == entries.count else { return }
        group += 1
        try readGroup()
    }

    private mutating func readGroup() throws {
        (entries, place) = ([], 0)
        guard group < segment.groups.count else { return bytes = [] }
        let group = segment.groups[group]
        bytes = try segment.bytes(group)
        var entries: [(word: [UInt8], entry: SegmentFile.Entry)] = []
        try segment.forEachEntry(group, Array(bytes[group.listByteCount...])) { word, entry in
            entries.append((word, entry))
            return true
        }
        self.entries = entries
    }

    func cursor() throws -> PostingCursor {
        let entry = entries[place].entry
        let start = entry.start - segment.groups[group].start
        let list = Array(bytes[start..<start + entry.byteCount])
        let cursor = PostingCursor(list, postingCount: entry.postingCount, chunkCount: segment.chunkCount)
        guard cursor.isSound else { throw SearchDamage(path: segment.path) }
        return cursor
    }
}
