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
        /// The raw value of an `ObjectState`, or `removed`: the object is gone, with what was stored of it.
        package var state: String
        /// Why it was skipped or failed; empty: it was neither.
        package var reason: String
        /// Chunks that are stored.
        package var chunkCount: Int
        /// Their tokens.
        package var tokenCount: Int
        /// Of the stored content; nil: nothing is stored.
        package var digest: [UInt8]?

        static let removed = "removed"

        /// Of an object with this outcome, what an earlier job has stored of it stays.
        static func keepsContent(_ state: ObjectState, _ reason: String) -> Bool {
            switch state {
            case .failed, .changed, .vanished: true
            case .skipped: SkipReason(rawValue: reason).keepsContent
            case .pending, .indexed, .unchanged: false
            }
        }
    }

    /// What an earlier job has made of an object.
    package struct Previous: Sendable, Hashable {
        /// Bytes of the object, as that job had listed it.
        package var size: UInt64
        /// What became of it. Its reason is not in a manifest.
        package var result: Result
    }

    /// Which kind of line.
    enum Kind {
        case manifest, result

        /// The first line of such a file.
        var header: String {
            switch self {
            case .manifest: ObjectRow.manifestHeader
            case .result: ObjectRow.resultHeader
            }
        }
    }

    /// The source's name.
    package var source: String
    /// The object as it was listed.
    package var object: ListedObject
    /// nil: in a manifest.
    package var result: Result?
    /// In a manifest; nil: no earlier job that this one goes on from has the object.
    package var previous: Previous?

    private static let manifestHeader = """
        source,key,size,etag,last_modified_ms,storage_class,previous_size,previous_state,previous_chunks,\
        previous_tokens,previous_digest\n
        """
    private static let resultHeader =
        "source,key,size,etag,last_modified_ms,storage_class,state,reason,chunks,tokens,digest\n"
    private static let fieldCount = 11

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
        next()
        func add(_ first: String, _ second: String, _ result: Result) {
            line += Array("\(first),\(second),\(result.chunkCount),\(result.tokenCount),".utf8)
            if let digest = result.digest { line += Array(Hexadecimal.string(digest).utf8) }
        }
        if let result {
            add(URIEncoding.path(result.state.utf8), URIEncoding.path(result.reason.utf8), result)
        } else if let previous {
            add("\(previous.size)", URIEncoding.path(previous.result.state.utf8), previous.result)
        } else {
            line += Array(",,,,".utf8)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// The row of a line without its end; nil: it is none.
    init?(_ line: ArraySlice<UInt8>, _ kind: Kind) {
        let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == Self.fieldCount else { return nil }
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
        if kind == .manifest, fields[6].isEmpty { return }
        guard let first = text(6), let second = text(7), let chunks = text(8).flatMap({ Int($0) }),
            let tokens = text(9).flatMap({ Int($0) }), chunks >= 0, tokens >= 0, let digest = text(10)
        else { return nil }
        let decoded = digest.isEmpty ? nil : Hexadecimal.bytes(digest)
        guard digest.isEmpty || decoded?.count == SHA256.byteCount else { return nil }
        let (state, reason) = kind == .result ? (first, second) : (second, "")
        guard state == Result.removed || ObjectState(rawValue: state) != nil else { return nil }
        let result = Result(state: state, reason: reason, chunkCount: chunks, tokenCount: tokens, digest: decoded)
        switch kind {
        case .result: self.result = result
        case .manifest:
            guard let size = UInt64(first), size <= S3Limits.objectByteCountMax else { return nil }
            previous = Previous(size: size, result: result)
        }
    }

    /// Milliseconds since 1970.
    static func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1_000).rounded()) }

    package init(source: String, object: ListedObject, result: Result? = nil, previous: Previous? = nil) {
        self.source = source
        self.object = object
        self.result = result
        self.previous = previous
    }
}
