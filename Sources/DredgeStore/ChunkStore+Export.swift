internal import DredgeBase
public import DredgeLedger
internal import Foundation
internal import GRDB

extension ChunkStore {
    /// All chunks, or those of the objects that `objects(…)` would give, as JSON Lines (https://jsonlines.org): one
    /// object a line, in order of (bucket, key bytes, source, ordinal).
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
        prefix: [UInt8] = [], state: ObjectState? = nil, bucket: String? = nil, source: String? = nil,
        sinceRun: RunID? = nil, _ write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let path = path
        let filter = ObjectFilter(
            prefix: prefix, state: state, bucket: bucket, source: source, sinceRun: sinceRun, hasContent: true)
        let failure: (any Error)? = try await readSnapshot { db in
            let content = ContentReader(path: path)
            var cursor = try ObjectCursor.byBucket(db, filter)
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

/// Writes lines of JSON by hand: names in a fixed order, and nothing allocated for each of millions of chunks.
private struct JSONLineWriter {
    private(set) var bytes: [UInt8] = []
    /// What all lines of an object begin with.
    private var head: [UInt8] = []
    private let strings = JSONStrings()

    mutating func take() -> [UInt8] {
        defer {
            bytes = []
            bytes.reserveCapacity(StoreLimits.exportByteCount * 2)
        }
        return bytes
    }

    mutating func begin(
        source: String, bucket: String, prefix: String, endpointURL: String?, key keyBytes: [UInt8], eTag: ETag,
        versionID: String?
    ) {
        head = Array("{\"source\":".utf8)
        strings.append(source, to: &head)
        head += Array(",\"bucket\":".utf8)
        strings.append(bucket, to: &head)
        head += Array(",\"prefix\":".utf8)
        strings.append(prefix, to: &head)
        if let endpointURL {
            head += Array(",\"endpoint_url\":".utf8)
            strings.append(endpointURL, to: &head)
        }
        head += Array(",\"key\":".utf8)
        let key = String(decoding: keyBytes, as: UTF8.self)
        strings.append(key, to: &head)
        if !key.utf8.elementsEqual(keyBytes) {
            head += Array(",\"key_base64\":\"\(Data(keyBytes).base64EncodedString())\"".utf8)
        }
        head += Array(",\"etag\":".utf8)
        strings.append(eTag.header, to: &head)
        head += Array(",\"version_id\":".utf8)
        if let versionID {
            strings.append(versionID, to: &head)
        } else {
            head += Array("null".utf8)
        }
    }

    mutating func append(ordinal: Int, byteOffset: UInt64, tokenCount: Int, _ chunk: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: head)
        bytes.append(",\"ordinal\":", UInt64(ordinal))
        bytes.append(",\"byte_offset\":", byteOffset)
        bytes.append(",\"byte_length\":", UInt64(chunk.count))
        bytes.append(",\"tokens\":", UInt64(tokenCount))
        bytes.append(",\"text\":")
        let start = bytes.count
        if !strings.append(chunk, to: &bytes), String(validating: chunk, as: UTF8.self) == nil {
            bytes.removeSubrange(start...)
            strings.append(String(decoding: chunk, as: UTF8.self), to: &bytes)
            bytes += Array(",\"base64\":\"\(Data(chunk).base64EncodedString())\"".utf8)
        }
        bytes.append("}\n")
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A name and a number, in decimal.
    fileprivate mutating func append(_ name: StaticString, _ number: UInt64) {
        append(name)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, first) = (number, digits.count)
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }
}
