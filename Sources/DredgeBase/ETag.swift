/// The name that S3 gives to one content of an object (RFC 9110, section 8.8.3).
///
/// Some services quote it in a header and not in a listing. The quotes are no part of it here: two are equal when what
/// stands between the quotes is. A weak one, `W/"…"`, which S3 never sends, stays as it is and equals no strong one.
public struct ETag: Sendable, Hashable {
    /// Without quotes. Empty: the service named none.
    public let value: String

    /// As a header, a listing or a store has it, with quotes or without.
    public init(_ text: String) {
        let isQuoted =
            text.utf8.count >= 2 && text.utf8.first == UInt8(ascii: "\"") && text.utf8.last == UInt8(ascii: "\"")
        value = isQuoted ? String(text.dropFirst().dropLast()) : text
    }

    /// Whether the service named none: then nothing tells one content from another.
    public var isEmpty: Bool { value.isEmpty }

    /// As a header has it, with quotes; empty if the ETag is.
    public var header: String {
        // One with a quote inside is weak or malformed: it goes back as it came.
        value.isEmpty || value.utf8.contains(UInt8(ascii: "\"")) ? value : "\"\(value)\""
    }
}

extension ETag: CustomStringConvertible {
    /// As a header has it.
    public var description: String { header }
}
