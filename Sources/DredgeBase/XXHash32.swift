internal import CChecksums

/// xxHash-32 with seed 0: finds out damage, not intent.
package func xxHash32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    ck_xxhash32(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
}
