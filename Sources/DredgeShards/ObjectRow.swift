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
        append(to: &line)
        return line
    }

    /// Appends the line, with its line end.
    func append(to output: inout [UInt8]) {
        func next() { output.append(UInt8(ascii: ",")) }
        object.key.bytes.withUnsafeBytes { key in
            Self.withValue(of: object.eTag) { eTag in
                var storageClass = object.storageClass ?? ""
                storageClass.withUTF8 {
                    Self.append(
                        source: source, key: key, size: object.size, eTag: eTag,
                        milliseconds: object.lastModified.map(Self.milliseconds),
                        storageClass: UnsafeRawBufferPointer($0), to: &output)
                }
            }
        }
        func end(with result: Result) {
            next()
            output += Array("\(result.chunkCount),\(result.tokenCount),".utf8)
            if let digest = result.digest { digest.withUnsafeBytes { Hexadecimal.append($0, to: &output) } }
            output.append(UInt8(ascii: "\n"))
        }
        next()
        if let result {
            Self.appendEncoded(result.state, to: &output)
            next()
            Self.appendEncoded(result.reason, to: &output)
            end(with: result)
        } else if let previous {
            Self.append(previous.size, to: &output)
            next()
            Self.appendEncoded(previous.result.state, to: &output)
            end(with: previous.result)
        } else {
            output.removeLast()
            Self.appendNoPrevious(to: &output)
        }
    }

    /// Appends the end of the line of an object that no earlier job has.
    static func appendNoPrevious(to output: inout [UInt8]) { output += Array(",,,,,\n".utf8) }

    /// Appends the fields of a listed object.
    static func append(
        source: String, key: UnsafeRawBufferPointer, size: UInt64, eTag: UnsafeRawBufferPointer, milliseconds: Int64?,
        storageClass: UnsafeRawBufferPointer, to output: inout [UInt8]
    ) {
        func next() { output.append(UInt8(ascii: ",")) }
        appendEncoded(source, to: &output)
        next()
        appendEncoded(key, to: &output)
        next()
        append(size, to: &output)
        next()
        appendEncoded(eTag, to: &output)
        next()
        if let milliseconds {
            if milliseconds < 0 { output.append(UInt8(ascii: "-")) }
            append(milliseconds.magnitude, to: &output)
        }
        next()
        appendEncoded(storageClass, to: &output)
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

    // MARK: What is written and read for each of very many objects

    /// Appends bytes as `URIEncoding.path` encodes them, those that stay as they are together.
    static func appendEncoded(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        if allStay(bytes) { return output.append(contentsOf: bytes) }
        var begin = 0
        for index in bytes.indices where !allStay(UnsafeRawBufferPointer(rebasing: bytes[index...index])) {
            let byte = bytes[index]
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[begin..<index]))
            output.append(UInt8(ascii: "%"))
            output.append(upperDigit(byte >> 4))
            output.append(upperDigit(byte & 15))
            begin = index + 1
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[begin...]))
    }

    /// Whether all bytes are letters, digits, or among `-./_~`. Without a way out of the loop and without branches in
    /// it: so the compiler takes many bytes at once.
    private static func allStay(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var strange: UInt8 = 0
        for byte in bytes {
            let letter: UInt8 = (byte | 0x20) &- UInt8(ascii: "a") < 26 ? 0 : 1
            // From `-` to `9`.
            let digit: UInt8 = byte &- UInt8(ascii: "-") < 13 ? 0 : 1
            let underscore: UInt8 = byte == UInt8(ascii: "_") ? 0 : 1
            let tilde: UInt8 = byte == UInt8(ascii: "~") ? 0 : 1
            strange |= letter & digit & underscore & tilde
        }
        return strange == 0
    }

    private static func appendEncoded(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { appendEncoded(UnsafeRawBufferPointer($0), to: &output) }
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// Appends a number's digits.
    static func append(_ number: UInt64, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var (rest, begin) = (number, digits.count)
            repeat {
                begin -= 1
                digits[begin] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: digits[begin...]))
        }
    }

    /// Appends what `eTag.value` has.
    static func append(_ eTag: ETag, to output: inout [UInt8]) {
        withValue(of: eTag) { output.append(contentsOf: $0) }
    }

    /// The bytes of `eTag.value`, without a string for them.
    private static func withValue(of eTag: ETag, _ body: (UnsafeRawBufferPointer) -> Void) {
        var header = eTag.header
        header.withUTF8 { header in
            let quote = UInt8(ascii: "\"")
            let isQuoted = header.first == quote && header.last == quote
            let value = isQuoted ? header.dropFirst().dropLast() : header[...]
            body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: value)))
        }
    }

    /// The ETag of which these are the bytes of `value`.
    static func eTag(_ bytes: UnsafeRawBufferPointer) -> ETag {
        let quote = UInt8(ascii: "\"")
        guard let begin = bytes.baseAddress, !bytes.isEmpty, memchr(begin, Int32(quote), bytes.count) == nil else {
            return ETag(String(decoding: bytes, as: UTF8.self))
        }
        // With the quotes that it keeps, so that it is not copied to get them.
        return ETag(
            String(unsafeUninitializedCapacity: bytes.count + 2) { text in
                text[0] = quote
                memcpy(text.baseAddress! + 1, begin, bytes.count)
                text[bytes.count + 1] = quote
                return bytes.count + 2
            })
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
