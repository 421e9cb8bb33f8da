internal import DredgeBase
public import DredgeLedger
internal import Foundation
internal import GRDB

extension ChunkStore {
    /// All chunks, or those of the objects that `objects(…)` would give, as JSON Lines (https://jsonlines.org): one
    /// object a line, in order of (bucket, key bytes, source, ordinal).
    ///
    /// Names of a line, in this order: `source`, `bucket`, `prefix` (the source's), `key`, `etag` (without quotes),
    /// `version_id` (null: none), `last_modified` (null: not known of this version), `chunk_id`, `ordinal`,
    /// `byte_offset`, `byte_length`, `tokens`, `text`. Only where the source has an endpoint other than AWS's,
    /// `endpoint_url` stands behind `prefix`. In `key` and `text`, each maximal part that is not valid UTF-8 is U+FFFD;
    /// only then, `key_base64` stands behind `key`, and `base64` behind `text`, with the exact bytes. The article on
    /// the store's format says what each is.
    ///
    /// `write` gets whole lines, many at a time, on a thread of the reader's; what it throws ends the export. Objects
    /// of which nothing is stored give no line.
    public func exportLines(
        prefix: [UInt8] = [], state: ObjectState? = nil, bucket: String? = nil, source: String? = nil,
        sinceRun: RunID? = nil, _ write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let (path, settings) = (path, settings)
        let filter = ObjectFilter(
            prefix: prefix, state: state, bucket: bucket, source: source, sinceRun: sinceRun, hasContent: true)
        let failure: (any Error)? = try await readSnapshot { db in
            let content = ContentReader(path: path)
            var cursor = try ObjectCursor.byBucket(db, filter)
            var lines = ChunkLineWriter(settings: settings)
            while let object = try cursor.next(db) {
                lines.begin(
                    source: object.source, bucket: object.bucket, prefix: object.prefix,
                    endpointURL: object.endpointURL, key: object.key, eTag: object.content?.eTag ?? object.eTag,
                    versionID: object.content?.versionID, lastModified: object.contentLastModified)
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

/// Writes chunks as the lines of `ChunkStore.exportLines`.
///
/// By hand: names in a fixed order, and nothing allocated for each of millions of chunks.
public struct ChunkLineWriter {
    private(set) var bytes: [UInt8] = []
    /// What all lines of an object begin with.
    private var head: [UInt8] = []
    private var ids: ChunkIDs?
    private let strings = JSONStrings()
    private let settings: [UInt8]

    /// - Parameter settings: those of the store or the catalog that the chunks are of.
    public init(settings: [String: String]) { self.settings = StoredSettings(settings).hashInput }

    /// The chunk's line, its line break included.
    public mutating func line(_ chunk: StoredChunk) -> [UInt8] {
        begin(
            source: chunk.source, bucket: chunk.bucket, prefix: chunk.prefix, endpointURL: chunk.endpointURL,
            key: chunk.key, eTag: chunk.eTag, versionID: chunk.versionID, lastModified: chunk.lastModified)
        chunk.text.withUnsafeBytes {
            append(ordinal: chunk.ordinal, byteOffset: chunk.byteOffset, tokenCount: chunk.tokenCount, $0)
        }
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    mutating func take() -> [UInt8] {
        defer {
            bytes = []
            bytes.reserveCapacity(StoreLimits.exportByteCount * 2)
        }
        return bytes
    }

    mutating func begin(
        source: String, bucket: String, prefix: String, endpointURL: String?, key keyBytes: [UInt8], eTag: ETag,
        versionID: String?, lastModified: Date?
    ) {
        ids = ChunkIDs(endpointURL: endpointURL, bucket: bucket, key: keyBytes, eTag: eTag, settings: settings)
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
        strings.append(eTag.value, to: &head)
        head += Array(",\"version_id\":".utf8)
        if let versionID {
            strings.append(versionID, to: &head)
        } else {
            head += Array("null".utf8)
        }
        head += Array(",\"last_modified\":\(lastModified.map { "\"\(Timestamp.iso8601($0))\"" } ?? "null")".utf8)
    }

    mutating func append(ordinal: Int, byteOffset: UInt64, tokenCount: Int, _ chunk: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: head)
        bytes.append(",\"chunk_id\":\"")
        ids?.append(ordinal, to: &bytes)
        bytes.append("\"")
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
