import CTextKernels

/// How many bytes of a document `looksBinary` looks at.
public let binaryCheckByteCount = 8 * 1024

/// Whether the first bytes of a document (8 KiB are looked at) say that it is not text: there is a NUL among them.
public func looksBinary(_ head: UnsafeRawBufferPointer) -> Bool {
    tk_contains_nul(head.bytes, min(head.count, binaryCheckByteCount))
}

extension UnsafeRawBufferPointer {
    /// What the kernels take.
    var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
