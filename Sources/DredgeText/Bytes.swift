import CTextKernels

/// How many bytes of a document `looksBinary` looks at.
public let binaryCheckByteCount = 8 * 1024

/// Whether the first bytes of a document (8 KiB are looked at) say that it is not text: there is a NUL among them.
public func looksBinary(_ head: UnsafeRawBufferPointer) -> Bool {
    tk_contains_nul(head.bytes, min(head.count, binaryCheckByteCount))
}

/// Whether all of `text` is valid UTF-8.
public func isValidUTF8(_ text: UnsafeRawBufferPointer) -> Bool {
    tk_utf8_valid_prefix(text.bytes, text.count) == text.count
}

/// The instruction set that the newline kernels use on this CPU: "scalar", "avx2", "avx512bw" or "neon".
public var activeKernelPath: String {
    String(cString: tk_path_name(tk_path_active()))
}

extension UnsafeRawBufferPointer {
    /// What the kernels take.
    var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }

    /// The offset behind the first newline at or after `start` and before `limit`.
    func lineEnd(from start: Int, limit: Int) -> Int? {
        guard start < limit, let bytes else { return nil }
        let at = tk_find_newline(bytes + start, limit - start)
        return at < limit - start ? start + at + 1 : nil
    }

    /// The last offset at or before `offset` that splits no character and no invalid sequence.
    func characterBoundary(_ offset: Int) -> Int {
        tk_utf8_boundary(bytes, count, offset)
    }

    /// The same bytes from `start` to `end`, as a buffer of their own.
    func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[start..<end])
    }
}
