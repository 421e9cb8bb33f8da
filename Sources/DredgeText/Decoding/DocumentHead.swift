import CTextKernels

/// What is known of an object when its first bytes have come: enough to tell what is in it.
public struct DocumentHead {
    /// What an object holds.
    public enum Content {
        /// Text, that this decoder reads.
        case text(any TextDecoder)
        /// No text, or none that can be read as it is.
        case other(FileType)
    }

    /// The first bytes: all of the object's, or at least `byteCountMin`.
    public let bytes: UnsafeRawBufferPointer
    /// The service's `Content-Encoding`. nil: none was given.
    public let contentEncoding: String?

    /// So many bytes tell what is in an object.
    public static let byteCountMin = 8 * 1024

    /// What is known of an object.
    public init(bytes: UnsafeRawBufferPointer, contentEncoding: String?) {
        self.bytes = bytes
        self.contentEncoding = contentEncoding
    }

    /// What the object holds, told by its bytes alone: names and headers are often wrong.
    ///
    /// No content encoding is taken off: an object that has one is judged by the bytes that are stored.
    public var content: Content {
        let hasNUL = tk_contains_nul(bytes.bytes, min(bytes.count, Self.byteCountMin))
        return FileType(bytes, hasNUL: hasNUL).map(Content.other) ?? .text(PlainText())
    }
}
