internal import CJSONStrings

/// Writes strings of JSON, with memory that it keeps.
final class JSONStrings {
    private let escaped = UnsafeMutablePointer<UInt8>.allocate(
        capacity: JSONStrings.pieceByteCount * Int(CJ_ESCAPE_MAX) + Int(CJ_ESCAPE_SLACK))
    /// A long text is escaped piece by piece.
    private static let pieceByteCount = 16 << 10

    deinit { escaped.deallocate() }

    func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        _ = text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &bytes) }
    }

    /// Appends `text`, with its quotes. False where it has other bytes than ASCII, so that it may not be UTF-8.
    func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) -> Bool {
        bytes.append(UInt8(ascii: "\""))
        var isASCII = true
        for start in stride(from: 0, to: text.count, by: Self.pieceByteCount) {
            let piece = UnsafeRawBufferPointer(rebasing: text[start..<min(start + Self.pieceByteCount, text.count)])
            var isPieceASCII = true
            let count = cj_escape(
                piece.baseAddress?.assumingMemoryBound(to: UInt8.self), piece.count, escaped, &isPieceASCII)
            isASCII = isASCII && isPieceASCII
            bytes.append(contentsOf: UnsafeBufferPointer(start: escaped, count: count))
        }
        bytes.append(UInt8(ascii: "\""))
        return isASCII
    }
}
