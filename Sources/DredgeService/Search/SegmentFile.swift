internal import Foundation

/// A segment's file, open to be read (`SegmentWriter` says what is in it). It can be read after it was deleted.
///
/// Keeps in memory 4 bytes a chunk, 16 bytes a part of a document, and one word in 64.
final class SegmentFile: Sendable {
    let row: SegmentRow
    let path: String
    let byteCount: Int
    private let descriptor: Int32
    let parts: [SegmentPart]
    /// Words of each chunk.
    let lengths: [UInt32]
    let averageLength: Float
    private let index: [UInt8]
    let groups: [Group]

    /// 64 words, one after the other.
    struct Group: Sendable {
        /// Where its first word is in `index`.
        var wordStart: UInt32
        var wordByteCount: UInt32
        /// Where its lists begin in the file; its dictionary is behind them.
        var start: Int
        var listByteCount: Int
        var dictionaryByteCount: Int
        var wordCount: Int
    }

    /// A word of the dictionary.
    struct Entry: Sendable {
        var postingCount: Int
        var start: Int
        var byteCount: Int
        /// The list itself, where it was put together of those of some words.
        var list: [UInt8]?
    }

    var chunkCount: Int { lengths.count }

    /// Opens the file of a segment. Throws `SearchDamage` where it is missing, damaged, or another's.
    init(_ row: SegmentRow, of catalog: String) throws {
        self.row = row
        path = SearchCatalog.segmentPath(catalog, row.id)
        descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw SearchDamage(path: path) }
            throw SearchFileError(path, "open")
        }
        var status = stat()
        do {
            guard fstat(descriptor, &status) == 0 else { throw SearchFileError(path, "read") }
            byteCount = Int(status.st_size)
            let footer = try Self.read(descriptor, path, byteCount - SegmentWriter.footerByteCount, 64)
            let values = (0..<8).map { place in
                footer.withUnsafeBytes {
                    UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
                }
            }
            let sizes = values[..<5].map { Int(clamping: $0) }
            let (tail, partCount, chunkCount, indexByteCount) = (sizes[0], sizes[1], sizes[2], sizes[3])
            let size = byteCount
            guard values[7] == SegmentWriter.magic, Int64(bitPattern: values[6]) == row.content.checksum,
                values[5] <= UInt64(UInt32.max),
                sizes.allSatisfy({ (0...size).contains($0) }),
                tail + partCount * 16 + chunkCount * 4 + indexByteCount + 64 == size
            else { throw SearchDamage(path: path) }
            averageLength = Float(bitPattern: UInt32(values[5]))
            let bytes = try Self.read(descriptor, path, tail, size - 64 - tail)
            guard Checksum.of(bytes) == values[6] else { throw SearchDamage(path: path) }
            (parts, lengths) = bytes.withUnsafeBytes { bytes in
                let parts = (0..<partCount).map { place in
                    SegmentPart(
                        version: bytes.loadUnaligned(fromByteOffset: place * 16, as: Int64.self),
                        ordinal: bytes.loadUnaligned(fromByteOffset: place * 16 + 8, as: UInt32.self),
                        count: bytes.loadUnaligned(fromByteOffset: place * 16 + 12, as: UInt32.self))
                }
                let lengths = [UInt32](unsafeUninitializedCapacity: chunkCount) { lengths, count in
                    UnsafeMutableRawBufferPointer(lengths).copyBytes(
                        from: bytes[(partCount * 16)..<(partCount * 16 + chunkCount * 4)])
                    count = chunkCount
                }
                return (parts, lengths)
            }
            index = Array(bytes[(partCount * 16 + chunkCount * 4)...])
            groups = try Self.groups(index, sizes[4], end: tail, path)
            guard parts.reduce(0, { $0 + Int($1.count) }) == chunkCount else { throw SearchDamage(path: path) }
        } catch {
            Foundation.close(descriptor)
            throw error
        }
    }

    deinit { Foundation.close(descriptor) }

    private static func groups(_ index: [UInt8], _ count: Int, end: Int, _ path: String) throws -> [Group] {
        var (groups, place, start) = ([Group](), 0, 0)
        groups.reserveCapacity(min(count, index.count))
        for _ in 0..<count {
            guard let length = PostingCursor.varint(index, &place), length <= UInt64(index.count - place) else {
                throw SearchDamage(path: path)
            }
            let wordStart = place
            place += Int(length)
            guard let lists = PostingCursor.varint(index, &place), let size = PostingCursor.varint(index, &place),
                let words = PostingCursor.varint(index, &place), Int(lists) + Int(size) <= end - start
            else { throw SearchDamage(path: path) }
            groups.append(
                Group(
                    wordStart: UInt32(wordStart), wordByteCount: UInt32(length), start: start,
                    listByteCount: Int(lists), dictionaryByteCount: Int(size), wordCount: Int(words)))
            start += Int(lists) + Int(size)
        }
        guard start == end, place == index.count else { throw SearchDamage(path: path) }
        return groups
    }

    private static func read(_ descriptor: Int32, _ path: String, _ start: Int, _ count: Int) throws -> [UInt8] {
        guard start >= 0, count >= 0 else { throw SearchDamage(path: path) }
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let more = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(start + done))
                if more < 0, errno == EINTR { continue }
                guard more >= 0 else { throw SearchFileError(path, "read") }
                guard more > 0 else { throw SearchDamage(path: path) }
                done += more
            }
        }
    }

    /// The bytes of an entry's list.
    func list(_ entry: Entry) throws -> [UInt8] {
        try entry.list ?? Self.read(descriptor, path, entry.start, entry.byteCount)
    }

    func cursor(_ entry: Entry) throws -> PostingCursor {
        let cursor = PostingCursor(try list(entry), postingCount: entry.postingCount, chunkCount: chunkCount)
        guard cursor.isSound else { throw SearchDamage(path: path) }
        return cursor
    }

    /// The bytes of a group: its lists, and its dictionary.
    func bytes(_ group: Group) throws -> [UInt8] {
        try Self.read(descriptor, path, group.start, group.listByteCount + group.dictionaryByteCount)
    }

    /// Where a word is; nil: no chunk has it.
    func entry(_ word: SearchWord) throws -> Entry? {
        try word.isPrefix ? entry(ofWordsWithPrefix: word.text) : entry(word.text)
    }

    private func entry(_ word: [UInt8]) throws -> Entry? {
        guard let group = group(of: word) else { return nil }
        var found: Entry?
        try forEachEntry(groups[group], try dictionary(groups[group])) { next, entry in
            if next == word { found = entry }
            return next.lexicographicallyPrecedes(word)
        }
        return found
    }

    /// The last group whose first word is not behind this one; nil: all are.
    private func group(of word: [UInt8]) -> Int? {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            let group = groups[middle]
            let first = index[Int(group.wordStart)..<Int(group.wordStart + group.wordByteCount)]
            if word.lexicographicallyPrecedes(first) { high = middle } else { low = middle + 1 }
        }
        return low > 0 ? low - 1 : nil
    }

    private func dictionary(_ group: Group) throws -> [UInt8] {
        try Self.read(descriptor, path, group.start + group.listByteCount, group.dictionaryByteCount)
    }

    /// Which chunks have a word that begins like this, and how often they have such words, as if these were one; nil:
    /// no chunk has any. Memory is 4 bytes a chunk, and the list.
    private func entry(ofWordsWithPrefix prefix: [UInt8]) throws -> Entry? {
        var found: [Entry] = []
        scan: for group in groups[(group(of: prefix) ?? 0)...] {
            var isBehind = false
            try forEachEntry(group, try dictionary(group)) { word, entry in
                if word.starts(with: prefix) {
                    found.append(entry)
                } else {
                    isBehind = prefix.lexicographicallyPrecedes(word)
                }
                return !isBehind
            }
            if isBehind { break scan }
        }
        if found.count <= 1 { return found.first }
        var counts = [UInt32](repeating: 0, count: chunkCount)
        for entry in found {
            var cursor = try cursor(entry)
            cursor.forEach(from: 0, to: UInt32(chunkCount)) { counts[Int($0)] &+= $1 }
            guard cursor.isSound else { throw SearchDamage(path: path) }
        }
        var writer = PostingWriter(TermFrequency(averageLength: averageLength))
        for (chunk, count) in counts.enumerated() where count > 0 {
            writer.append(Posting(chunk: UInt32(chunk), count: count), length: lengths[chunk])
        }
        var entry: Entry?
        writer.finish { entry = Entry(postingCount: $0, start: 0, byteCount: $1.count, list: $1) }
        return entry
    }

    /// Calls `body` with the words of a group, in order, as long as it returns true.
    func forEachEntry(
        _ group: Group, _ dictionary: [UInt8], _ body: (_ word: [UInt8], _ entry: Entry) throws -> Bool
    ) throws {
        var (place, start, word) = (0, group.start, [UInt8]())
        for _ in 0..<group.wordCount {
            guard let shared = PostingCursor.varint(dictionary, &place), shared <= UInt64(word.count),
                let more = PostingCursor.varint(dictionary, &place), more <= UInt64(dictionary.count - place)
            else { throw SearchDamage(path: path) }
            word.removeSubrange(Int(shared)...)
            word += dictionary[place..<place + Int(more)]
            place += Int(more)
            guard let count = PostingCursor.varint(dictionary, &place),
                let size = PostingCursor.varint(dictionary, &place),
                start + Int(size) <= group.start + group.listByteCount, count <= UInt64(chunkCount)
            else { throw SearchDamage(path: path) }
            let entry = Entry(postingCount: Int(count), start: start, byteCount: Int(size))
            guard try body(word, entry) else { return }
            start += Int(size)
        }
    }
}
