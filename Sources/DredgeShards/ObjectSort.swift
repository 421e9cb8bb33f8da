import DredgeBase
import DredgeS3
import Foundation

/// Sorts any number of listed objects by bucket, key and source, in bounded memory: what does not fit goes to disk in
/// sorted parts, which are merged. Of objects with one key the newest counts, so that a service that repeats itself
/// changes nothing.
final class ObjectSort {
    private let folder: URL
    private let byteCountMax: Int
    /// Records, one behind the other, and where each begins.
    private var arena: [UInt8] = []
    private var places: [Int] = []
    private var parts: [URL] = []

    /// - Parameters:
    ///   - folder: where parts go. They are removed with this.
    ///   - byteCountMax: memory that is taken before a part is written.
    init(in folder: URL, byteCountMax: Int = ShardLimits.sortByteCount) {
        self.folder = folder
        self.byteCountMax = byteCountMax
    }

    deinit { for part in parts { try? FileManager.default.removeItem(at: part) } }

    /// Takes in an object of the source with this code.
    func add(_ object: ListedObject, of source: SourceOrder.Code) throws(JobError) {
        if arena.count + MemoryLayout<Int>.size * places.count > byteCountMax { try writePart() }
        places.append(arena.count)
        SortRecord.append(object, of: source, to: &arena)
    }

    /// All objects, in order. May be asked for again; nothing can be added any more.
    func sorted() throws(JobError) -> SortedObjects {
        if !places.isEmpty { try writePart() }
        return try SortedObjects(parts)
    }

    private func writePart() throws(JobError) {
        arena.withUnsafeBytes { arena in
            func record(_ place: Int) -> SortRecord { SortRecord(UnsafeRawBufferPointer(rebasing: arena[place...])) }
            places.sort { record($0) < record($1) }
        }
        let part = folder.appending(path: "sorted-\(parts.count)")
        parts.append(part)
        guard FileManager.default.createFile(atPath: part.path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: part.path)
        else { throw Self.failure(part, String(cString: strerror(errno))) }
        defer { try? file.close() }
        var pending: [UInt8] = []
        do {
            for place in places {
                arena.withUnsafeBytes { arena in
                    let rest = UnsafeRawBufferPointer(rebasing: arena[place...])
                    pending += rest[..<SortRecord.byteCount(rest)]
                }
                if pending.count >= ShardLimits.sortReadByteCount {
                    try file.write(contentsOf: pending)
                    pending.removeAll(keepingCapacity: true)
                }
            }
            try file.write(contentsOf: pending)
        } catch {
            throw Self.failure(part, error.localizedDescription)
        }
        arena.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    static func failure(_ file: URL, _ why: String) -> JobError {
        JobError(
            code: .storage, place: file.path, message: "Could not write or read it: \(why).",
            advice: "Give a scratch directory with more space: some 60 bytes and the key for each object.",
            mayPass: true)
    }
}

/// The objects of a sort, one after the other. The sort must be there meanwhile.
final class SortedObjects {
    /// Parts of which something is left: the one with the least object first.
    private var heap: [SortReader] = []
    private var last: [UInt8] = []

    fileprivate init(_ parts: [URL]) throws(JobError) {
        for part in parts {
            let reader = try SortReader(part)
            if reader.hasRecord { heap.append(reader) }
        }
        heap.sort(by: SortReader.isBefore)
    }

    /// The next object, and the code of its source; nil: there are no more.
    func next() throws(JobError) -> (source: SourceOrder.Code, object: ListedObject)? {
        while let first = heap.first {
            let isNew = last.isEmpty || !first.hasKey(of: last)
            if isNew { last = first.recordBytes }
            try first.advance()
            if !first.hasRecord {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
            sinkFirst()
            if isNew { return last.withUnsafeBytes { SortRecord($0).object } }
        }
        return nil
    }

    /// Restores the order of the heap after its first has changed.
    private func sinkFirst() {
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2]
            where child < heap.count && SortReader.isBefore(heap[child], heap[least]) {
                least = child
            }
            if least == at { return }
            heap.swapAt(at, least)
            at = least
        }
    }
}

/// One sorted part, read from its begin.
private final class SortReader {
    private let file: FileHandle
    private let url: URL
    private var buffer: [UInt8] = []
    private var place = 0
    private var count = 0

    init(_ url: URL) throws(JobError) {
        self.url = url
        guard let file = FileHandle(forReadingAtPath: url.path) else {
            throw ObjectSort.failure(url, String(cString: strerror(errno)))
        }
        self.file = file
        try advance()
    }

    deinit { try? file.close() }

    /// Whether it stands at a record; if not, there are no more.
    var hasRecord: Bool { count > 0 }
    /// The record at which it stands.
    var recordBytes: [UInt8] { Array(buffer[place..<place + count]) }

    static func isBefore(_ a: SortReader, _ b: SortReader) -> Bool {
        a.buffer.withUnsafeBytes { left in
            b.buffer.withUnsafeBytes { right in
                SortRecord(UnsafeRawBufferPointer(rebasing: left[a.place...]))
                    < SortRecord(UnsafeRawBufferPointer(rebasing: right[b.place...]))
            }
        }
    }

    func hasKey(of record: [UInt8]) -> Bool {
        buffer.withUnsafeBytes { mine in
            record.withUnsafeBytes {
                SortRecord(UnsafeRawBufferPointer(rebasing: mine[place...])).hasKey(of: SortRecord($0))
            }
        }
    }

    func advance() throws(JobError) {
        place += count
        if !isWhole {
            do {
                buffer = Array(buffer[place...]) + (try file.read(upToCount: ShardLimits.sortReadByteCount) ?? Data())
            } catch {
                throw ObjectSort.failure(url, error.localizedDescription)
            }
            place = 0
        }
        guard place < buffer.count else { return count = 0 }
        guard isWhole else { throw ObjectSort.failure(url, "it is cut off") }
        count = next
    }

    /// Bytes of the record at `place`, whose head is there.
    private var next: Int {
        buffer.withUnsafeBytes { SortRecord.byteCount(UnsafeRawBufferPointer(rebasing: $0[place...])) }
    }

    /// Whether a whole record is at `place`.
    private var isWhole: Bool {
        let left = buffer.count - place
        return left >= SortRecord.headByteCount && left >= next
    }
}
