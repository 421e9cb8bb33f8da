extension UnsafeRawBufferPointer {
    /// What the kernels take.
    var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
