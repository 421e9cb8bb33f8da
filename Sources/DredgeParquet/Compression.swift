import CLZ4
import CSnappy
import CZlib

extension FileMetadata.Codec {
    /// Fills `output` with what `input` is compressed of. Anything but so many bytes is damage.
    func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(Flaw) {
        let isWhole =
            switch self {
            case .uncompressed: Self.copy(input, into: output)
            case .snappy: Self.unsnap(input, into: output)
            case .gzip: Self.inflate(input, into: output)
            case .lz4Raw: Self.unpack(input, into: output)
            case .lzo, .brotli, .lz4, .zstd: throw .unknown("its pages are compressed by \(name)")
            }
        guard isWhole else { throw .damaged("what is compressed is damaged, or has another size than it says") }
    }

    private var name: String {
        switch self {
        case .uncompressed: "nothing"
        case .snappy: "Snappy"
        case .gzip: "gzip"
        case .lzo: "LZO"
        case .brotli: "Brotli"
        case .lz4: "LZ4 in the frames of Hadoop"
        case .zstd: "Zstandard"
        case .lz4Raw: "LZ4"
        }
    }

    private static func copy(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard input.count == output.count else { return false }
        output.copyMemory(from: input)
        return true
    }

    private static func unsnap(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard let from = input.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
        var count = 0
        guard snappy_uncompressed_length(from, input.count, &count) == SNAPPY_OK, count == output.count else {
            return false
        }
        guard let to = output.baseAddress?.assumingMemoryBound(to: CChar.self) else { return true }
        return snappy_uncompress(from, input.count, to, &count) == SNAPPY_OK && count == output.count
    }

    private static func unpack(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard let from = input.baseAddress?.assumingMemoryBound(to: CChar.self),
            let to = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        else { return output.isEmpty }
        return LZ4_decompress_safe(from, to, Int32(input.count), Int32(output.count)) == output.count
    }

    /// One or several members of gzip (RFC 1952), one behind the other, or a stream of zlib.
    private static func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        var stream = z_stream()
        // 15 bits of window, and 32 to tell the two kinds of head apart.
        guard
            inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return false }
        defer { inflateEnd(&stream) }
        var spare: UInt8 = 0
        return withUnsafeMutableBytes(of: &spare) { spare in
            stream.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(input.count)
            // zlib wants room even for nothing.
            stream.next_out = (output.baseAddress ?? spare.baseAddress)?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(output.count)
            while true {
                guard CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END else { return false }
                if stream.avail_in == 0 { return stream.avail_out == 0 }
                guard stream.avail_out > 0, inflateReset(&stream) == Z_OK else { return false }
            }
        }
    }
}
