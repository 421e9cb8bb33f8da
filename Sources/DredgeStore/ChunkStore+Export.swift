internal import DredgeBase
internal import Foundation
internal import GRDB

extension ChunkStore {
    /// All chunks, or those of one source, as JSON Lines (https://jsonlines.org): one object a line, in order of
    /// (bucket, key bytes, source, ordinal).
    ///
    /// Names of a line, in this order: `source`, `bucket`, `prefix` (the source's), `key`, `etag` (as S3 gives it, with
    /// its quotes), `version_id` (null: none), `ordinal`, `byte_offset`, `byte_length`, `tokens`, `text`. Only where
    /// the source has an endpoint other than AWS's, `endpoint_url` stands behind `prefix`. In `key` and `text`, each
    /// maximal part that is not valid UTF-8 is U+FFFD; only then, `key_base64` stands behind `key`, and `base64` behind
    /// `text`, with the exact bytes.
    ///
    /// `write` gets whole lines, many at a time, on a thread of the reader's; what it throws ends the export. Objects
    /// of which nothing is stored give no line.
    public func exportLines(
        source: String? = nil, _ write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let path = path
        let failure: (any Error)? = try await readSnapshot { db in
            let content = ContentReader(path: path)
            var cursor = try ObjectCursor.byBucket(db, ObjectFilter(source: source, hasContent: true))
            var lines = JSONLineWriter()
            while let object = try cursor.next(db) {
                lines.begin(
                    source: object.source, bucket: object.bucket, prefix: object.prefix,
                    endpointURL: object.endpointURL, key: object.key, eTag: object.content?.eTag ?? object.eTag,
                    versionID: object.content?.versionID)
                for span in try content.spans(db, of: object.id) {
                    try content.forEachChunk(db, of: object.id, in: span) { entry, text in
                        lines.append(
                            ordinal: entry.ordinal, byteOffset: entry.byteOffset, tokenCount: entry.tokenCount, text)
                    }
                    // The caller's own error goes back to it as it is.
                    if lines.bytes.count >= StoreLimits.exportByteCount {
                        do { try write(lines.take()) } catch { return error }
                    }
                }
            }
            do { if !lines.bytes.isEmpty { try write(lines.take()) } } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }
}

extension StoredChunk {
    /// The chunk as a line of `ChunkStore.exportLines`, its line break included.
    public var exportLine: [UInt8] {
        var lines = JSONLineWriter()
        lines.begin(
            source: source, bucket: bucket, prefix: prefix, endpointURL: endpointURL, key: key, eTag: eTag,
            versionID: versionID)
        text.withUnsafeBytes { lines.append(ordinal: ordinal, byteOffset: byteOffset, tokenCount: tokenCount, $0) }
        return lines.take()
    }
}

/// Writes lines of JSON by hand: names in a fixed order, and no value boxed for each of millions of chunks.
private struct JSONLineWriter {
    private(set) var bytes: [UInt8] = []
    /// What all lines of an object begin with.
    private var head: [UInt8] = []

    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    mutating func begin(
        source: String, bucket: String, prefix: String, endpointURL: String?, key keyBytes: [UInt8], eTag: ETag,
        versionID: String?
    ) {
        head = Array("{\"source\":".utf8)
        Self.appendString(source, to: &head)
        head += Array(",\"bucket\":".utf8)
        Self.appendString(bucket, to: &head)
        head += Array(",\"prefix\":".utf8)
        Self.appendString(prefix, to: &head)
        if let endpointURL {
            head += Array(",\"endpoint_url\":".utf8)
            Self.appendString(endpointURL, to: &head)
        }
        head += Array(",\"key\":".utf8)
        let key = String(decoding: keyBytes, as: UTF8.self)
        Self.appendString(key, to: &head)
        if !key.utf8.elementsEqual(keyBytes) {
            head += Array(",\"key_base64\":\"\(Data(keyBytes).base64EncodedString())\"".utf8)
        }
        head += Array(",\"etag\":".utf8)
        Self.appendString(eTag.header, to: &head)
        head += Array(",\"version_id\":".utf8)
        if let versionID {
            Self.appendString(versionID, to: &head)
        } else {
            head += Array("null".utf8)
        }
    }

    mutating func append(ordinal: Int, byteOffset: UInt64, tokenCount: Int, _ chunk: UnsafeRawBufferPointer) {
        bytes += head
        bytes += Array(
            ",\"ordinal\":\(ordinal),\"byte_offset\":\(byteOffset),\"byte_length\":\(chunk.count)".utf8
        )
        bytes += Array(",\"tokens\":\(tokenCount),\"text\":".utf8)
        if String(validating: chunk, as: UTF8.self) != nil {
            Self.appendString(chunk, to: &bytes)
        } else {
            Self.appendString(String(decoding: chunk, as: UTF8.self), to: &bytes)
            bytes += Array(",\"base64\":\"\(Data(chunk).base64EncodedString())\"".utf8)
        }
        bytes += Array("}\n".utf8)
    }

    private static func appendString(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { appendString(UnsafeRawBufferPointer($0), to: &bytes) }
    }

    /// A JSON string (RFC 8259, section 7): quotes, backslashes and control characters escaped, everything else as it
    /// is, run by run.
    private static func appendString(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for (index, byte) in text.enumerated()
        where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(contentsOf: text[start..<index])
            start = index + 1
            switch byte {
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            case UInt8(ascii: "\t"): bytes += Array("\\t".utf8)
            case UInt8(ascii: "\r"): bytes += Array("\\r".utf8)
            case 0..<0x20: bytes += Array("\\u00".utf8) + Array(Hexadecimal.string([byte]).utf8)
            default: bytes += [UInt8(ascii: "\\"), byte]
            }
        }
        bytes.append(contentsOf: text[start...])
        bytes.append(UInt8(ascii: "\""))
    }
}
