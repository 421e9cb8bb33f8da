/// The name that S3 gives to one content of an object (RFC 9110, section 8.8.3).
///
/// Some services quote it in a header and not in a listing. Two are equal when what stands between the quotes is. A
/// weak one, `W/"…"`, which S3 never sends, stays as it is and equals no strong one.
public struct ETag: Sendable, Hashable {
    /// As a header has it, with quotes; empty: the service named none. Kept in this form because nearly every service
    /// sends it so: nothing is copied on its way.
    public let header: String

    /// As a header, a listing or a store has it, with quotes or without.
    public init(_ text: String) {
        let quote = UInt8(ascii: "\"")
        let bytes = text.utf8
        if bytes.count >= 2, bytes.first == quote, bytes.last == quote {
            header = bytes.count == 2 ? "" : text
        } else {
            // One with a quote inside is weak or malformed: it goes back as it came.
            header = bytes.isEmpty || bytes.contains(quote) ? text : "\"\(text)\""
        }
    }

    /// Whether the service named none: then nothing tells one content from another.
    public var isEmpty: Bool { header.isEmpty }

    /// Without quotes.
    public var value: String {
        let quote = UInt8(ascii: "\"")
        return header.utf8.first == quote && header.utf8.last == quote ? String(header.dropFirst().dropLast()) : header
    }
}

extension ETag: CustomStringConvertible {
    /// As a header has it.
    public var description: String { header }
}
