internal import CCompression
internal import CLZ4
internal import DredgeBase

/// Writes a batch's text as a frame of the LZ4 frame format, with memory that it keeps from one to the next.
///
/// Where this CPU has what makes `CCompression` fast, that compresses the blocks; else liblz4, which is faster than its
/// portable path. Both write blocks that any LZ4 tool reads, of about the same size.
final class TextFrame {
    /// nil: liblz4 compresses.
    private let encoder: OpaquePointer?
    private var bytes: [UInt8] = []

    init() { encoder = cz_best_path() == CZ_PATH_PORTABLE ? nil : cz_encoder_create() }

    deinit { cz_encoder_destroy(encoder) }

    /// Calls `body` with the frame of `text`.
    func write<Result>(_ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let size = BatchFormat.BlockSize(holding: text.count)
        let blockCount = (text.count + size.byteCount - 1) / size.byteCount
        // Each block stands where its bound has room, and takes no more than its text and 8 bytes.
        let bound =
            BatchFormat.frameHeaderByteCount + text.count + 8 * blockCount + cz_bound(size.byteCount)
            + BatchFormat.frameEndByteCount
        if bytes.count < bound { bytes = [UInt8](repeating: 0, count: bound) }
        return bytes.withUnsafeMutableBytes { output in
            var end = BatchFormat.writeFrameHeader(size, textByteCount: text.count, to: output)
            for start in stride(from: 0, to: text.count, by: size.byteCount) {
                let block = UnsafeRawBufferPointer(rebasing: text[start..<min(start + size.byteCount, text.count)])
                end += writeBlock(block, to: UnsafeMutableRawBufferPointer(rebasing: output[end...]))
            }
            output.storeBytes(of: 0, toByteOffset: end, as: UInt32.self)
            output.storeBytes(of: xxHash32(text).littleEndian, toByteOffset: end + 4, as: UInt32.self)
            return body(UnsafeRawBufferPointer(rebasing: output[..<(end + BatchFormat.frameEndByteCount)]))
        }
    }

    /// Gives the memory back.
    func shrink() { bytes = [] }

    /// Size, block, checksum; returns their length. `output` has room for the bound of `text` and 8 bytes.
    private func writeBlock(_ text: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Int {
        let room = UnsafeMutableRawBufferPointer(rebasing: output[4...])
        var byteCount = compress(text, to: room)
        var word = UInt32(byteCount)
        if byteCount >= text.count {
            // "The block is uncompressed": the highest bit (lz4_Frame_format.md, "Data Blocks").
            room.copyMemory(from: text)
            byteCount = text.count
            word = UInt32(byteCount) | 1 << 31
        }
        output.storeBytes(of: word.littleEndian, as: UInt32.self)
        let checksum = xxHash32(UnsafeRawBufferPointer(rebasing: room[..<byteCount]))
        room.storeBytes(of: checksum.littleEndian, toByteOffset: byteCount, as: UInt32.self)
        return byteCount + 8
    }

    private func compress(_ text: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer) -> Int {
        let byteCount =
            if let encoder {
                cz_compress(
                    encoder, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count,
                    room.baseAddress?.assumingMemoryBound(to: UInt8.self), room.count)
            } else {
                Int(
                    LZ4_compress_default(
                        text.baseAddress?.assumingMemoryBound(to: CChar.self),
                        room.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(text.count), Int32(room.count)))
            }
        precondition(byteCount > 0, "a block did not fit into its own bound")
        return byteCount
    }
}
