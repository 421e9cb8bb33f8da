import Foundation

/// The records of sorted parts, in order: a tournament, in which a record meets only those that won before (Knuth, The
/// Art of Computer Programming, volume 3, section 5.4.1). Memory is `ShardLimits.sortReadByteCount` for each part.
final class SortMerge {
    /// One part, read from its begin.
    private struct Reader {
        let file: Int32
        var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ShardLimits.sortReadByteCount, alignment: 16)
        var place = 0
        var end = 0
        /// What its record is compared by. Of a reader that is at its end: more than any other's.
        var group: UInt64 = 0
        var word: UInt64 = 0
        var isOver: Bool { group == .max }

        /// The record at which it stands.
        var record: SortRecord { SortRecord(UnsafeRawBufferPointer(rebasing: buffer[place..<end])) }

        /// Bytes that the record at `place` has, or would have; nil: not even that is read.
        var byteCount: Int? {
            end - place < SortRecord.headByteCount
                ? nil : SortRecord.byteCount(UnsafeRawBufferPointer(rebasing: buffer[place..<end]))
        }
    }
    private let parts: [URL]
    private let wordPlace: Int
    private let readers: UnsafeMutableBufferPointer<Reader>
    /// The winner, and behind it, by node of the tree, who lost there. The children of node `n` are `2n` and `2n + 1`;
    /// the readers are the leaves, from node `readers.count`.
    private let tree: UnsafeMutableBufferPointer<Int>

    /// - Parameter wordPlace: bytes with which all keys of all parts begin.
    init(_ parts: [URL], wordPlace: Int) throws(JobError) {
        self.parts = parts
        self.wordPlace = wordPlace
        readers = .allocate(capacity: parts.count)
        tree = .allocate(capacity: parts.count)
        for (index, part) in parts.enumerated() {
            readers.initializeElement(at: index, to: Reader(file: open(part.path, O_RDONLY | O_CLOEXEC)))
            tree.initializeElement(at: index, to: 0)
        }
        for index in readers.indices {
            if readers[index].file < 0 { throw failure(index, String(cString: strerror(errno))) }
            try settle(index)
        }
        var winners = Array(repeating: 0, count: parts.count) + readers.indices
        for node in readers.indices.reversed() where node > 0 {
            let (left, right) = (winners[2 * node], winners[2 * node + 1])
            (winners[node], tree[node]) = isBefore(right, left) ? (right, left) : (left, right)
        }
        if parts.count > 0 { tree[0] = winners[1] }
    }

    deinit {
        for reader in readers {
            if reader.file >= 0 { close(reader.file) }
            reader.buffer.deallocate()
        }
        readers.deallocate()
        tree.deallocate()
    }

    /// The first record of those that are left, until `advance`; nil: none is left.
    var first: SortRecord? {
        guard let winner = tree.first, !readers[winner].isOver else { return nil }
        return readers[winner].record
    }

    /// Leaves out the first record.
    func advance() throws(JobError) {
        var winner = tree[0]
        readers[winner].place += readers[winner].byteCount ?? 0
        try settle(winner)
        var node = (winner + readers.count) / 2
        while node > 0 {
            if isBefore(tree[node], winner) { (tree[node], winner) = (winner, tree[node]) }
            node /= 2
        }
        tree[0] = winner
    }

    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        let (left, right) = (readers.baseAddress! + a, readers.baseAddress! + b)
        if left.pointee.group != right.pointee.group { return left.pointee.group < right.pointee.group }
        if left.pointee.word != right.pointee.word { return left.pointee.word < right.pointee.word }
        return !left.pointee.isOver && left.pointee.record < right.pointee.record
    }

    /// Makes the record at the reader's place whole, and notes what it is compared by.
    private func settle(_ index: Int) throws(JobError) {
        let reader = readers.baseAddress! + index
        while true {
            let byteCount = reader.pointee.byteCount
            let rest = reader.pointee.end - reader.pointee.place
            if let byteCount, byteCount <= rest {
                let record = reader.pointee.record
                (reader.pointee.group, reader.pointee.word) = (UInt64(record.group), record.word(at: wordPlace))
                return
            }
            if let byteCount, byteCount > reader.pointee.buffer.count { grow(reader, to: byteCount) }
            if try fill(index) > 0 { continue }
            guard rest == 0 else { throw failure(index, "it is cut off") }
            return (reader.pointee.group, reader.pointee.word) = (.max, .max)
        }
    }

    /// Reads on, behind what is not used yet. Returns bytes that were read.
    private func fill(_ index: Int) throws(JobError) -> Int {
        let reader = readers.baseAddress! + index
        let buffer = reader.pointee.buffer
        let rest = reader.pointee.end - reader.pointee.place
        if rest > 0 { memmove(buffer.baseAddress!, buffer.baseAddress! + reader.pointee.place, rest) }
        (reader.pointee.place, reader.pointee.end) = (0, rest)
        while true {
            let count = read(reader.pointee.file, buffer.baseAddress! + rest, buffer.count - rest)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw failure(index, String(cString: strerror(errno))) }
            reader.pointee.end += count
            return count
        }
    }

    private func grow(_ reader: UnsafeMutablePointer<Reader>, to byteCount: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(reader.pointee.buffer))
        reader.pointee.buffer.deallocate()
        reader.pointee.buffer = larger
    }

    private func failure(_ index: Int, _ why: String) -> JobError { ObjectSort.failure(parts[index], why) }
}
