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

    /// The most text that a block of the frame has: one of the format's four sizes ("Block Maximum Size").
    enum BlockSize: UInt8 {
        case kibibytes64 = 4
        case kibibytes256, mebibyte, mebibytes4

        /// The least that holds so much text in one block, or the greatest.
        init(holding byteCount: Int) {
            self = [.kibibytes64, .kibibytes256, .mebibyte].first { $0.byteCount >= byteCount } ?? .mebibytes4
        }

        var byteCount: Int { 1 << (8 + 2 * Int(rawValue)) }
    }

    /// Version 1, independent blocks, block checksums, content size, content checksum, no dictionary. The content's
    /// checksum alone would miss a flipped bit that makes a match point to other bytes of the same text.
    private static let frameFlags: UInt8 = 0b0111_1100
    private static let frameMagic: UInt32 = 0x184D_2204
    /// With content size and without a dictionary.
    static let frameHeaderByteCount = 15
    /// The end mark and the content's checksum.
    static let frameEndByteCount = 8

    /// Writes the header of a frame with so much text; returns its length.
    static func writeFrameHeader(
        _ size: BlockSize, textByteCount: Int, to output: UnsafeMutableRawBufferPointer
    ) -> Int {
        output.storeBytes(of: frameMagic.littleEndian, as: UInt32.self)
        output[4] = frameFlags
        output[5] = size.rawValue << 4
        output.storeBytes(of: UInt64(textByteCount).littleEndian, toByteOffset: 6, as: UInt64.self)
        let descriptor = UnsafeRawBufferPointer(rebasing: output[4..<frameHeaderByteCount - 1])
        output[frameHeaderByteCount - 1] = UInt8(truncatingIfNeeded: xxHash32(descriptor) >> 8)
        return frameHeaderByteCount
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

extension BatchFormat {
    /// Inflates the first `byteCount` of the chunks' bytes, in about so much of the time that all of them take: for
    /// one chunk of a batch. Checks the frame's header and each block that is read, not the content's checksum, which
    /// needs all of it.
    /// - Parameter rawByteCount: what the directory adds up to.
    static func inflate(
        _ payload: UnsafeRawBufferPointer, rawByteCount: Int, first byteCount: Int
    ) throws(BatchDamage) -> [UInt8] {
        let start = try directoryFrameByteCount(payload)
        guard start <= payload.count, byteCount <= rawByteCount, rawByteCount <= StoreLimits.batchRawByteCountMax,
            rawByteCount / 255 <= payload.count - start
        else { throw BatchDamage("\(rawByteCount) bytes of text can't stand in the payload") }
        let frame = UnsafeRawBufferPointer(rebasing: payload[start...])
        let blockByteCountMax = try blockByteCountMax(frame, rawByteCount: rawByteCount)
        var (place, damage) = (frameHeaderByteCount, BatchDamage?.none)
        let text = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            while count < byteCount {
                let room = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[count...]))
                // All blocks are full, but for the last one.
                let blockByteCount = min(blockByteCountMax, rawByteCount - count)
                do throws(BatchDamage) {
                    count += try inflateBlock(frame, at: &place, byteCount: blockByteCount, into: room)
                } catch {
                    damage = error
                    return
                }
            }
        }
        if let damage { throw damage }
        return text
    }

    /// Bytes of text in a block, by the frame's header. Throws for another header than is written.
    private static func blockByteCountMax(
        _ frame: UnsafeRawBufferPointer, rawByteCount: Int
    ) throws(BatchDamage) -> Int {
        guard frame.count > frameHeaderByteCount else { throw BatchDamage("the text's frame is cut off") }
        func number<T: FixedWidthInteger>(_ place: Int, as: T.Type) -> T {
            T(littleEndian: frame.loadUnaligned(fromByteOffset: place, as: T.self))
        }
        let descriptor = UnsafeRawBufferPointer(rebasing: frame[4..<frameHeaderByteCount - 1])
        guard number(0, as: UInt32.self) == frameMagic, frame[4] == frameFlags, frame[5] & 0x8F == 0,
            let size = BlockSize(rawValue: frame[5] >> 4), number(6, as: UInt64.self) == UInt64(rawByteCount),
            frame[frameHeaderByteCount - 1] == UInt8(truncatingIfNeeded: xxHash32(descriptor) >> 8)
        else { throw BatchDamage("the text's frame has another header than the directory asks for") }
        return size.byteCount
    }

    /// Inflates as much of a block as there is room for; the bytes that were written.
    private static func inflateBlock(
        _ frame: UnsafeRawBufferPointer, at place: inout Int, byteCount: Int, into room: UnsafeMutableRawBufferPointer
    ) throws(BatchDamage) -> Int {
        guard frame.count - place >= 8 else { throw BatchDamage("the text's frame is cut off") }
        let word = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        let size = Int(word & 0x7FFF_FFFF)
        guard size > 0, size <= frame.count - place - 8 else { throw BatchDamage("the text's frame is cut off") }
        let block = UnsafeRawBufferPointer(rebasing: frame[place + 4..<place + 4 + size])
        let checksum = UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: place + 4 + size, as: UInt32.self))
        guard xxHash32(block) == checksum else { throw BatchDamage("a block's checksum is wrong") }
        place += size + 8
        let wanted = min(byteCount, room.count)
        if word >> 31 == 1 {
            guard size == byteCount else { throw BatchDamage("a block has \(size) bytes and not \(byteCount)") }
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<wanted]))
            return wanted
        }
        let done = LZ4_decompress_safe_partial(
            block.baseAddress, room.baseAddress, Int32(size), Int32(wanted), Int32(wanted))
        guard done == wanted else { throw BatchDamage("a block can't be inflated") }
        return wanted
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
