internal import Foundation

/// Chunks of one version of a document that stand in a segment, one after the other.
struct SegmentPart: Sendable, Hashable {
    /// `document.version` of the catalog. One that no document has is dead: it was replaced or deleted.
    var version: Int64
    /// The first one's place among the document's chunks.
    var ordinal: UInt32
    var count: UInt32

    static let byteCount = 16
}

/// Writes a segment's file: what its chunks are found by. Nobody changes one afterwards.
///
/// Little-endian. Words are in order of their bytes, in groups of 64: first the lists of postings of the group's words,
/// then its dictionary, which has for each word how many bytes it shares with the one before, how many others there
/// are, these, how many chunks have it, and how many bytes its list is. Behind the groups come the parts
/// (`SegmentPart`), the chunks' lengths in words (4 bytes each), the index, and the footer. The index has for each
/// group its first word with its length, the bytes of its lists and of its dictionary, and how many words it has.
struct SegmentWriter {
    static let magic: UInt64 = 0x3147_4553_4752_4444
    static let footerByteCount = 64
    static let groupCount = 64

    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var byteCount = 0
    private var index: [UInt8] = []
    private var groupTotal = 0
    private var dictionary: [UInt8] = []
    private var wordCount = 0
    private var listByteCount = 0
    private var word: [UInt8] = []

    /// Makes the file (mode 0600), in the place of one that is there.
    init(path: String) throws {
        self.path = path
        Foundation.unlink(path)
        descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SearchFileError(path, "make") }
        buffer.reserveCapacity(1 << 18)
    }

    /// Closes the file, and deletes it.
    func abandon() {
        Foundation.close(descriptor)
        Foundation.unlink(path)
    }

    /// Adds a word behind the one before, with its list of `postingCount` postings.
    mutating func add(_ next: [UInt8], _ postingCount: Int, _ list: [UInt8]) throws {
        if wordCount == Self.groupCount { try endGroup() }
        if wordCount == 0 {
            PostingWriter.append(UInt64(next.count), to: &index)
            index += next
            word = []
        }
        let shared = zip(word, next).prefix { $0 == $1 }.count
        PostingWriter.append(UInt64(shared), to: &dictionary)
        PostingWriter.append(UInt64(next.count - shared), to: &dictionary)
        dictionary += next[shared...]
        PostingWriter.append(UInt64(postingCount), to: &dictionary)
        PostingWriter.append(UInt64(list.count), to: &dictionary)
        word = next
        wordCount += 1
        listByteCount += list.count
        try write(list)
    }

    private mutating func endGroup() throws {
        guard wordCount > 0 else { return }
        try write(dictionary)
        for value in [listByteCount, dictionary.count, wordCount] {
            PostingWriter.append(UInt64(value), to: &index)
        }
        dictionary.removeAll(keepingCapacity: true)
        (wordCount, listByteCount) = (0, 0)
        groupTotal += 1
    }

    /// Writes the rest, and waits until the file is on disk.
    mutating func finish(
        _ parts: [SegmentPart], _ lengths: [UInt32], averageLength: Float
    ) throws -> SegmentContent {
        try endGroup()
        let tail = byteCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.count * SegmentPart.byteCount + lengths.count * 4 + index.count)
        for part in parts {
            Self.append(UInt64(bitPattern: part.version), to: &bytes)
            Self.append(UInt64(part.ordinal) | UInt64(part.count) << 32, to: &bytes)
        }
        lengths.withUnsafeBytes { bytes += $0 }
        bytes += index
        let sum = Checksum.of(bytes)
        for value in [tail, parts.count, lengths.count, index.count, groupTotal] {
            Self.append(UInt64(value), to: &bytes)
        }
        Self.append(UInt64(averageLength.bitPattern), to: &bytes)
        Self.append(sum, to: &bytes)
        Self.append(Self.magic, to: &bytes)
        try write(bytes)
        try flush()
        guard fsync(descriptor) == 0 else { throw SearchFileError(path, "write") }
        Foundation.close(descriptor)
        return SegmentContent(chunkCount: lengths.count, byteCount: byteCount, checksum: Int64(bitPattern: sum))
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        byteCount += bytes.count
        buffer += bytes
        if buffer.count >= 1 << 18 { try flush() }
    }

    private mutating func flush() throws {
        try buffer.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw SearchFileError(path, "write") }
                rest = rest.dropFirst(count)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// What the catalog knows of a segment's file, so that another one is not taken for it.
struct SegmentContent: Sendable, Hashable {
    var chunkCount: Int
    var byteCount: Int
    /// Of its parts, lengths and index.
    var checksum: Int64
}

/// What can't be done with a file of the search.
struct SearchFileError: Error, CustomStringConvertible {
    let description: String
    /// Whether no space is left.
    let isFull: Bool

    init(_ path: String, _ what: String) {
        isFull = [ENOSPC, EDQUOT, EFBIG].contains(errno)
        description = "can't \(what) the search's file \(path): \(String(cString: strerror(errno)))"
    }
}

/// A file of the search does not have what it must have. It is made anew from the chunk store.
struct SearchDamage: Error, CustomStringConvertible {
    let path: String

    var description: String { "the search's file \(path) is damaged" }
}

/// Finds out damage, not intent.
enum Checksum {
    static func of(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes(of) }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var (sum, index) = (UInt64(bytes.count), 0)
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            sum = (sum ^ word) &* 0x9E37_79B9_7F4A_7C15
            sum ^= sum >> 32
            index += 8
        }
        while index < bytes.count {
            sum = (sum ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        return sum
    }
}
