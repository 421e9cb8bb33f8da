/// Bytes of a document in memory that has free room before them.
///
/// ```
///  |<- headroom ->|<- bytes ->|
/// ```
///
/// So whoever has something left over from the window before puts it in front, and the bytes stay where they are. It
/// borrows the memory: who made the window says for how long.
public struct TextWindow {
    /// The bytes.
    public let bytes: UnsafeMutableRawBufferPointer
    /// How many bytes may be written before them.
    public let headroom: Int
    /// Where in the object the first of them comes from, in bytes from the object's start.
    public let objectOffset: UInt64

    /// `bytes`, with `headroom` writable bytes before them.
    public init(bytes: UnsafeMutableRawBufferPointer, headroom: Int, objectOffset: UInt64) {
        precondition(headroom >= 0, "a headroom of \(headroom) bytes")
        self.bytes = bytes
        self.headroom = headroom
        self.objectOffset = objectOffset
    }

    /// Copies `prefix` (at most `headroom` bytes) directly before the bytes and returns both as one range, valid as
    /// long as `bytes` is. A second call overwrites the prefix of the first.
    public func prepending(_ prefix: [UInt8]) -> UnsafeRawBufferPointer {
        if prefix.isEmpty { return UnsafeRawBufferPointer(bytes) }
        precondition(
            prefix.count <= headroom, "a prefix of \(prefix.count) bytes does not fit into a headroom of \(headroom)")
        guard let base = bytes.baseAddress else { preconditionFailure("a window without memory has no headroom") }
        let start = base - prefix.count
        prefix.withUnsafeBytes { start.copyMemory(from: $0.baseAddress!, byteCount: prefix.count) }
        return UnsafeRawBufferPointer(start: start, count: prefix.count + bytes.count)
    }
}
