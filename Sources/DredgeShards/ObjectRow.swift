import DredgeAWS
import DredgeBase
import DredgeLedger
package import DredgeS3
import Foundation

/// A line of a manifest, which says what a worker is to read, or of a result, which says what became of it: comma
/// separated fields, each percent-encoded, so that nothing is quoted.
package struct ObjectRow: Sendable {
    /// What became of an object.
    package struct Result: Sendable, Hashable {
        /// The raw value of an `ObjectState`.
        package var state: String
        /// Why it was skipped or failed; empty: it was neither.
        package var reason: String
        /// Chunks that are stored.
        package var chunkCount: Int
        /// Their tokens.
        package var tokenCount: Int
        /// Of the stored content; nil: nothing is stored.
        package var digest: [UInt8]?
    }
    /// The source's name.
    package var source: String
    /// The object as it was listed.
    package var object: ListedObject
    /// nil: in a manifest.
    package var result: Result?

    /// The first line of a manifest.
    static let manifestHeader = "source,key,size,etag,last_modified_ms,storage_class\n"
    /// The first line of a result.
    static let resultHeader =
        "source,key,size,etag,last_modified_ms,storage_class,state,reason,chunks,tokens,digest\n"

    /// The line, with its line end.
    var line: [UInt8] {
        var line: [UInt8] = []
        func add(_ bytes: some Sequence<UInt8>) { line += Array(URIEncoding.path(bytes).utf8) }
        func next() { line.append(UInt8(ascii: ",")) }
        add(source.utf8)
        next()
        add(object.key.bytes)
        next()
        line += Array(String(object.size).utf8)
        next()
        add(object.eTag.value.utf8)
        next()
        if let date = object.lastModified { line += Array(String(Self.milliseconds(date)).utf8) }
        next()
        add((object.storageClass ?? "").utf8)
        if let result {
            next()
            add(result.state.utf8)
            next()
            add(result.reason.utf8)
            next()
            line += Array("\(result.chunkCount),\(result.tokenCount),".utf8)
            if let digest = result.digest { line += Array(Hexadecimal.string(digest).utf8) }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// The row of a line without its end; nil: it is none.
    init?(_ line: ArraySlice<UInt8>, hasResult: Bool) {
        let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == (hasResult ? 11 : 6) else { return nil }
        func bytes(_ index: Int) -> [UInt8]? { fields[index].withUnsafeBytes { URIEncoding.decode($0) } }
        func text(_ index: Int) -> String? { bytes(index).flatMap { String(validating: $0, as: UTF8.self) } }
        guard let source = text(0), let key = bytes(1), (1...S3Limits.keyByteCountMax).contains(key.count),
            let size = text(2).flatMap({ UInt64($0) }), size <= S3Limits.objectByteCountMax, let eTag = text(3),
            ETag.canBe(eTag), let milliseconds = text(4), let storageClass = text(5)
        else { return nil }
        let lastModified = Int64(milliseconds).map { Date(timeIntervalSince1970: Double($0) / 1_000) }
        guard milliseconds.isEmpty || lastModified != nil else { return nil }
        self.source = source
        object = ListedObject(
            key: ObjectKey(key), size: size, eTag: ETag(eTag), lastModified: lastModified,
            storageClass: storageClass.isEmpty ? nil : storageClass)
        guard hasResult else { return }
        guard let state = text(6), ObjectState(rawValue: state) != nil, let reason = text(7),
            let chunks = text(8).flatMap({ Int($0) }), let tokens = text(9).flatMap({ Int($0) }), chunks >= 0,
            tokens >= 0, let digest = text(10)
        else { return nil }
        let decoded = digest.isEmpty ? nil : Hexadecimal.bytes(digest)
        guard digest.isEmpty || decoded?.count == SHA256.byteCount else { return nil }
        result = Result(state: state, reason: reason, chunkCount: chunks, tokenCount: tokens, digest: decoded)
    }

    /// Milliseconds since 1970.
    static func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1_000).rounded()) }

    package init(source: String, object: ListedObject, result: Result? = nil) {
        self.source = source
        self.object = object
        self.result = result
    }
}
