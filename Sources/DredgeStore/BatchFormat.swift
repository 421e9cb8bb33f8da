internal import DredgeLedger
internal import CLZ4
internal import DredgeBase

// # The payload of a batch
//
// Two frames of the LZ4 frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one behind the
// other, so that any LZ4 tool reads it: `lz4 -d` on a payload gives the text of its chunks.
//
//     offset   bytes   what
//     0        4       0x184D2A50, little-endian: a skippable frame
//     4        4       D, little-endian: the bytes of the directory
//     8        8       the first 8 bytes of the SHA-256 of the directory's other D - 8 bytes
//     16       D - 8   the directory: N, then five columns of N values each, one column behind the other:
//                      object, ordinal, byte offset in the document, byte length, token count
//     8 + D    rest    an LZ4 frame with content size, content and block checksums (xxHash-32):
//                      the N chunks' bytes, in the order of the directory, nothing between them
//
// All values are unsigned LEB128 varints: seven bits a byte, the lowest first, the top bit set on all but the last
// byte. Chunk i stands at the sum of the byte lengths before it. The directory can be read without inflating the text.
// An entry that no row of `span` names is dead: what a crash or a newer version of the object left.

/// One row of a directory.
struct DirectoryEntry: Hashable {
    var object: ObjectID
    var ordinal: Int
    /// Of the chunk's first byte in the document.
    var byteOffset: UInt64
    var byteLength: Int
    var tokenCount: Int
    /// Of the chunk's first byte in the batch.
    var start: Int
}

/// Why a payload can't be read. The texts become problems of `verify`.
struct BatchDamage: Error, Hashable {
    var what: String
    init(_ what: String) { self.what = what }
}

enum BatchFormat {
    static let skippableMagic: UInt32 = 0x184D_2A50
    /// The skippable frame's magic and size, and the directory's checksum.
    static let prefixByteCount = 16
    static let checksumByteCount = 8
    /// What `batch.codec` says.
    static let codec = "lz4-frame"

    static func appendVarint(_ value: UInt64, to bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    /// How `LZ4F_compressFrame` is asked to write: independent blocks (one, up to 4 MiB), with content size and
    /// checksums.
    static func preferences(contentSize: Int) -> LZ4F_preferences_t {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max4MB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        // The content's checksum alone would miss a flipped bit that makes a match point to other bytes of the same
        // text.
        preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(contentSize)
        return preferences
    }

    /// Bytes of the skippable frame at the front of a payload, which may be cut off behind its first `prefixByteCount`
    /// bytes.
    static func directoryFrameByteCount(_ payload: UnsafeRawBufferPointer) throws(BatchDamage) -> Int {
        guard payload.count >= prefixByteCount else { throw BatchDamage("the payload has only \(payload.count) bytes") }
        let magic = UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        guard magic == skippableMagic else { throw BatchDamage("the payload does not begin with a directory") }
        let size = UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard size >= UInt32(checksumByteCount), size < UInt32(StoreLimits.batchPayloadByteCountMax) else {
            throw BatchDamage("the directory's size, \(size) bytes, can't be right")
        }
        return 8 + Int(size)
    }

    /// The directory of a payload (or of its first `directoryFrameByteCount` bytes).
    static func directory(_ payload: UnsafeRawBufferPointer) throws(BatchDamage) -> [DirectoryEntry] {
        let end = try directoryFrameByteCount(payload)
        guard end <= payload.count else { throw BatchDamage("the directory ends behind the payload") }
        let body = UnsafeRawBufferPointer(rebasing: payload[prefixByteCount..<end])
        let checksum = UnsafeRawBufferPointer(rebasing: payload[8..<prefixByteCount])
        guard SHA256.digest(body).prefix(checksumByteCount).elementsEqual(checksum) else {
            throw BatchDamage("the directory's checksum is wrong")
        }
        var reader = VarintReader(bytes: body)
        let count = try reader.next()
        // Each entry takes at least five bytes: checked before anything is allocated.
        guard count <= UInt64(body.count / 5) else { throw BatchDamage("the directory claims \(count) entries") }
        var entries = [DirectoryEntry](
            repeating: DirectoryEntry(
                object: ObjectID(rawValue: 0), ordinal: 0, byteOffset: 0, byteLength: 0, tokenCount: 0, start: 0),
            count: Int(count))
        for index in entries.indices { entries[index].object = ObjectID(rawValue: try reader.next(as: Int64.self)) }
        for index in entries.indices { entries[index].ordinal = try reader.next(as: Int.self) }
        for index in entries.indices { entries[index].byteOffset = try reader.next() }
        var start = 0
        for index in entries.indices {
            let length = try reader.next(as: Int.self)
            guard length <= StoreLimits.batchRawByteCountMax - start else {
                throw BatchDamage("entry \(index) has \(length) bytes, more than a batch can hold")
            }
            entries[index].byteLength = length
            entries[index].start = start
            start += length
        }
        for index in entries.indices { entries[index].tokenCount = try reader.next(as: Int.self) }
        guard reader.isAtEnd else { throw BatchDamage("bytes stand behind the directory's last column") }
        return entries
    }

    /// Inflates the chunks' bytes. `rawByteCount` is what the directory adds up to; the frame must hold exactly this.
    static func inflate(_ payload: UnsafeRawBufferPointer, rawByteCount: Int) throws(BatchDamage) -> [UInt8] {
        let start = try directoryFrameByteCount(payload)
        guard start <= payload.count else { throw BatchDamage("the directory ends behind the payload") }
        let frame = UnsafeRawBufferPointer(rebasing: payload[start...])
        // An LZ4 sequence gives at most 255 bytes for each of its own, so a payload can't make us allocate more than
        // that.
        guard rawByteCount <= StoreLimits.batchRawByteCountMax, rawByteCount / 255 <= frame.count else {
            throw BatchDamage("\(rawByteCount) bytes of text can't stand in a frame of \(frame.count) bytes")
        }
        var created: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))) == 0, let context = created
        else { throw BatchDamage("no memory for an LZ4 context") }
        defer { LZ4F_freeDecompressionContext(context) }

        var info = LZ4F_frameInfo_t()
        var consumed = frame.count
        let hint = LZ4F_getFrameInfo(context, &info, frame.baseAddress, &consumed)
        guard LZ4F_isError(hint) == 0 else {
            throw BatchDamage("the text's frame: \(String(cString: LZ4F_getErrorName(hint)))")
        }
        guard info.frameType == LZ4F_frame, info.contentChecksumFlag == LZ4F_contentChecksumEnabled, info.dictID == 0,
            info.blockChecksumFlag == LZ4F_blockChecksumEnabled, info.contentSize == UInt64(rawByteCount)
        else { throw BatchDamage("the text's frame has another header than the directory asks for") }

        // One byte more than is right, so that a frame with too much text does not look complete.
        let capacity = rawByteCount + 1
        var damage: BatchDamage?
        let text = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var written = 0
            while true {
                var destinationCount = capacity - written
                var sourceCount = frame.count - consumed
                let result = LZ4F_decompress(
                    context, buffer.baseAddress! + written, &destinationCount, frame.baseAddress! + consumed,
                    &sourceCount, nil)
                guard LZ4F_isError(result) == 0 else {
                    damage = BatchDamage("the text's frame: \(String(cString: LZ4F_getErrorName(result)))")
                    break
                }
                written += destinationCount
                consumed += sourceCount
                if result == 0 { break }
                guard destinationCount > 0 || sourceCount > 0, written < capacity else {
                    damage = BatchDamage("the text's frame is cut off or too long")
                    break
                }
            }
            count = written
        }
        if let damage { throw damage }
        guard text.count == rawByteCount, consumed == frame.count else {
            throw BatchDamage("the text's frame does not end where the payload does")
        }
        return text
    }
}

/// Reads unsigned LEB128 values.
private struct VarintReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func next() throws(BatchDamage) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < bytes.count else { throw BatchDamage("the directory is cut off") }
            let byte = bytes[position]
            position += 1
            guard shift < 63 || byte <= 1 else { throw BatchDamage("the directory has a number above 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    mutating func next<T: FixedWidthInteger>(as: T.Type) throws(BatchDamage) -> T {
        let value = try next()
        guard let small = T(exactly: value) else { throw BatchDamage("the directory has the number \(value)") }
        return small
    }
}
