import DredgeBase
import DredgeS3
import Foundation

/// Sorts any number of listed objects by bucket, key and source, in bounded memory: what does not fit goes to disk in
/// sorted parts, which are merged. Of objects with one key the newest counts, so that a service that repeats itself
/// changes nothing.
///
/// Records are compared by eight bytes of their keys that lie together, and only where those are equal by themselves,
/// which are anywhere in memory.
final class ObjectSort {
    /// Where a record is, and what it is compared by.
    private struct Entry {
        /// Bytes of the key as a number, from where it is being sorted.
        var word: UInt64
        var group: UInt32
        var place: UInt32
    }
    private let folder: URL
    private let byteCountMax: Int
    /// Records from its begin, and an entry for each of them from its end: all the memory that is taken before a part
    /// is written.
    private var arena = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var recordByteCount = 0
    private var entryCount = 0
    /// The record that is being taken in.
    private var record: [UInt8] = []
    private var parts: [URL] = []
    /// The first and the last record of each part.
    private var bounds: [(first: [UInt8], last: [UInt8])] = []

    /// So few records of the same word are compared by themselves.
    private static let fewCount = 16

    /// - Parameters:
    ///   - folder: where parts go. They are removed with this.
    ///   - byteCountMax: memory that is taken before a part is written.
    init(in folder: URL, byteCountMax: Int = ShardLimits.sortByteCount) {
        self.folder = folder
        // A place has 32 bits.
        self.byteCountMax = min(byteCountMax, Int(UInt32.max))
    }

    deinit {
        arena.deallocate()
        for part in parts { try? FileManager.default.removeItem(at: part) }
    }

    /// Takes in an object of the source with this code.
    func add(_ object: ListedObject, of source: SourceOrder.Code) throws(JobError) {
        record.removeAll(keepingCapacity: true)
        SortRecord.append(object, of: source, to: &record)
        if !hasRoom {
            if entryCount > 0 { try writePart() }
            if !hasRoom { makeArena() }
        }
        record.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: arena[recordByteCount...]).copyMemory(from: bytes)
            let record = SortRecord(bytes)
            let entry = Entry(word: record.word(at: 0), group: record.group, place: UInt32(recordByteCount))
            recordByteCount += bytes.count
            entryCount += 1
            arena.storeBytes(
                of: entry, toByteOffset: arena.count - entryCount * MemoryLayout<Entry>.stride, as: Entry.self)
        }
    }

    private var hasRoom: Bool {
        recordByteCount + record.count + (entryCount + 1) * MemoryLayout<Entry>.stride <= arena.count
    }

    /// Makes an empty arena, in which the record in hand has room.
    private func makeArena() {
        arena.deallocate()
        let stride = MemoryLayout<Entry>.stride
        let byteCount = max(byteCountMax, record.count + stride)
        arena = .allocate(byteCount: (byteCount + stride - 1) / stride * stride, alignment: stride)
    }

    /// All objects, in order. May be asked for again; nothing can be added any more.
    func sorted() throws(JobError) -> SortedRecords {
        if entryCount > 0 { try writePart() }
        // The merge takes memory of its own.
        arena.deallocate()
        arena = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        return SortedRecords(try SortMerge(parts, wordPlace: sharedByteCount))
    }

    /// Bytes with which all keys begin.
    private var sharedByteCount: Int {
        func least(_ records: [[UInt8]], _ isBefore: (SortRecord, SortRecord) -> Bool) -> [UInt8]? {
            records.min { a, b in
                a.withUnsafeBytes { a in b.withUnsafeBytes { isBefore(SortRecord(a), SortRecord($0)) } }
            }
        }
        guard let first = least(bounds.map(\.first), <), let last = least(bounds.map(\.last), { $1 < $0 }) else {
            return 0
        }
        return first.withUnsafeBytes { first in
            last.withUnsafeBytes { SortRecord(first).sharedByteCount(with: SortRecord($0)) }
        }
    }

    private func writePart() throws(JobError) {
        let count = entryCount
        let begin = arena.baseAddress! + arena.count - count * MemoryLayout<Entry>.stride
        var entries = UnsafeMutableBufferPointer(start: begin.bindMemory(to: Entry.self, capacity: count), count: count)
        // As they were listed: mostly that is in order.
        entries.reverse()
        sort(entries, by: 0)
        let part = folder.appending(path: "sorted-\(parts.count)")
        parts.append(part)
        bounds.append((Array(record(entries[0]).bytes), Array(record(entries[count - 1]).bytes)))
        let writer = try SortWriter(part)
        for entry in entries { try writer.write(record(entry).bytes) }
        try writer.finish()
        (recordByteCount, entryCount) = (0, 0)
    }

    private func record(_ entry: Entry) -> SortRecord {
        SortRecord(UnsafeRawBufferPointer(rebasing: arena[Int(entry.place)...]))
    }

    /// Sorts entries whose keys are equal up to `wordPlace`, where their words are.
    private func sort(_ entries: UnsafeMutableBufferPointer<Entry>, by wordPlace: Int) {
        var entries = entries
        entries.sort { $0.group != $1.group ? $0.group < $1.group : $0.word < $1.word }
        var begin = 0
        while begin < entries.count {
            let first = entries[begin]
            var end = begin + 1
            while end < entries.count, entries[end].word == first.word, entries[end].group == first.group { end += 1 }
            if end - begin > 1 {
                var same = UnsafeMutableBufferPointer(rebasing: entries[begin..<end])
                // A key that has come to its end has zeros behind it.
                if same.count <= Self.fewCount || first.word & 0xFF == 0 {
                    same.sort { record($0) < record($1) }
                } else {
                    for index in same.indices { same[index].word = record(same[index]).word(at: wordPlace + 8) }
                    sort(same, by: wordPlace + 8)
                }
            }
            begin = end
        }
    }

    static func failure(_ file: URL, _ why: String) -> JobError {
        JobError(
            code: .storage, place: file.path, message: "Could not write or read it: \(why).",
            advice: "Give a scratch directory with more space: some 60 bytes and the key for each object.",
            mayPass: true)
    }
}

/// The objects of a sort, one after the other. The sort must be there meanwhile.
final class SortedRecords {
    private let merge: SortMerge
    private var last: [UInt8] = []

    fileprivate init(_ merge: SortMerge) { self.merge = merge }

    /// The next one, which is good until the next call; nil: there are no more.
    func next() throws(JobError) -> SortRecord? {
        while let first = merge.first {
            if last.isEmpty || !last.withUnsafeBytes({ first.hasKey(of: SortRecord($0)) }) {
                last.removeAll(keepingCapacity: true)
                last.append(contentsOf: first.bytes)
                return first
            }
            try merge.advance()
        }
        return nil
    }
}

/// Writes the records of a part.
private final class SortWriter {
    private let url: URL
    private let file: Int32
    private let pending = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ShardLimits.sortReadByteCount, alignment: 16)
    private var pendingCount = 0

    init(_ url: URL) throws(JobError) {
        self.url = url
        file = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if file < 0 { throw ObjectSort.failure(url, String(cString: strerror(errno))) }
    }

    deinit {
        close(file)
        pending.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(JobError) {
        if pendingCount + bytes.count > pending.count { try finish() }
        guard bytes.count <= pending.count else { return try writeAll(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount...]).copyMemory(from: bytes)
        pendingCount += bytes.count
    }

    /// Writes what is still pending.
    func finish() throws(JobError) {
        try writeAll(UnsafeRawBufferPointer(rebasing: pending[..<pendingCount]))
        pendingCount = 0
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(JobError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(file, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ObjectSort.failure(url, String(cString: strerror(errno))) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
