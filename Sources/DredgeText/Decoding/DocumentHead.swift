import CTextKernels

/// What is known of an object when its first bytes have come: enough to tell what is in it.
public struct DocumentHead {
    /// What an object holds.
    public enum Content {
        /// Text, that this decoder reads.
        case text(any TextDecoder)
        /// No text: there is a NUL among the first bytes.
        case binary
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

    /// What the object holds.
    ///
    /// No content encoding is taken off: an object that has one is judged by the bytes that are stored. Compressed
    /// bytes hold a NUL nearly always, and so are no text.
    public var content: Content {
        tk_contains_nul(bytes.bytes, min(bytes.count, Self.byteCountMin)) ? .binary : .text(PlainText())
    }
}
