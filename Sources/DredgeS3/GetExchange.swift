import DredgeBase
import DredgeTransfer

/// A ranged GET that goes on at the byte where the last answer broke.
///
/// Every request that asks for bytes carries `Range`, also for a whole object: the answer is then a 206 whose
/// `Content-Range` proves which bytes came and how large the object is. Only an empty range goes without, since S3 has
/// no range in an empty object.
struct GetExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let body: OwnedBuffer
    let isGated = true
    private let key: ObjectKey
    private let range: Range<UInt64>
    /// The version that all bytes must be of: as asked, else as the first answer said.
    private var eTag: ETag?
    /// What the first answer told of the version.
    private var version: ObjectVersion?
    /// Bytes in the buffer that belong to somebody else.
    private let byteCountBefore: Int
    /// Bytes of the range that arrived and are sure.
    private(set) var keptByteCount = 0

    init(bucket: String, key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag?, body: OwnedBuffer) {
        operation = Operation(action: .get, bucket: bucket, key: key, range: range)
        self.body = body
        room = .buffer(body)
        self.key = key
        self.range = range
        self.eTag = eTag.flatMap { $0.isEmpty ? nil : $0 }
        byteCountBefore = body.count
    }

    /// The bytes that are still missing.
    private var missing: Range<UInt64> {
        range.lowerBound + UInt64(keptByteCount)..<range.upperBound
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        var headers: [(name: String, value: String)] = []
        if !missing.isEmpty {
            // HTTP's range includes its last byte, ours ends before its upper bound.
            headers.append(("Range", "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)"))
        }
        if let eTag { headers.append(("If-Match", eTag.header)) }
        return HTTPRequest(method: .get, url: endpoint.url(key: key), headers: headers)
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ObjectHead {
        let version = try check(response)
        let arrived = body.count - byteCountBefore - keptByteCount
        guard arrived <= missing.count else {
            throw reject(response, .malformedAnswer, "the service sent more than the \(missing.count) bytes asked for")
        }
        keptByteCount += arrived
        guard missing.isEmpty else { throw .shortBody }
        var head = ObjectHead(
            eTag: version.eTag ?? eTag, versionID: version.versionID, contentEncoding: response["content-encoding"],
            size: version.size)
        head.lastModified = version.lastModified
        return head
    }

    mutating func salvage(head: HTTPResponse?) throws(AttemptFailure) {
        let arrived = body.count - byteCountBefore - keptByteCount
        guard arrived > 0 else { return }
        guard let head, head.isSuccess else {
            discard()
            return
        }
        _ = try check(head)
        guard arrived <= missing.count else {
            throw reject(head, .malformedAnswer, "the service sent more than the \(missing.count) bytes asked for")
        }
        keptByteCount += arrived
    }

    /// Whether the head is that of the bytes asked for. Wrong bytes must never pass as right ones, so everything it
    /// says is held against what was asked.
    /// - Returns: the version that it says.
    private mutating func check(_ head: HTTPResponse) throws(AttemptFailure) -> ObjectVersion {
        let said = head["etag"] ?? ""
        guard ETag.canBe(said) else {
            throw reject(
                head, .malformedAnswer, "the service sent what is no ETag: \(printable(said.utf8, scalarCountMax: 80))")
        }
        let answered = said.isEmpty ? nil : ETag(said)
        if let eTag, let answered, eTag != answered {
            throw reject(
                head, .preconditionFailed,
                "asked for version \(printable(eTag.header.utf8, scalarCountMax: 80)), the service sent "
                    + "\(printable(answered.header.utf8, scalarCountMax: 80))"
            )
        }
        let size: UInt64
        // rclone's server answers a range with 200 and the right Content-Range, which says all that a 206 would.
        let isPartial = head.status == 206 || head["content-range"] != nil
        switch head.status {
        case _ where isPartial:
            guard let text = head["content-range"], let (sent, total) = Self.contentRange(text) else {
                throw reject(head, .malformedAnswer, "a partial answer without a Content-Range that can be read")
            }
            guard sent.lowerBound == missing.lowerBound, sent.upperBound <= missing.upperBound else {
                throw reject(
                    head, .malformedAnswer, "asked for \(Self.text(missing)), the service sent \(Self.text(sent))")
            }
            guard sent.upperBound == missing.upperBound else {
                throw reject(
                    head, .invalidRange, "asked for \(Self.text(missing)), but the object has only \(total) bytes")
            }
            size = total
        case 200:
            // Some services answer 200 when the range is the whole object. Then, and only then, the bytes are the right
            // ones.
            guard missing.lowerBound == 0, let length = head.contentLength ?? (missing.isEmpty ? 0 : nil) else {
                throw reject(
                    head, .malformedAnswer, "asked for \(Self.text(missing)), the service sent the whole object")
            }
            // An object has an ETag or a date; an error document under a 200, or a proxy's page, has neither, whatever
            // its length.
            let isObject = answered != nil || head["last-modified"] != nil
            guard isObject, length == missing.upperBound else {
                throw reject(
                    head, isObject && length < missing.upperBound ? .invalidRange : .malformedAnswer,
                    "asked for \(Self.text(missing)), the service sent "
                        + (isObject ? "the whole object" : "something else") + " of \(length) bytes")
            }
            size = length
        default:
            throw reject(head, .malformedAnswer, "status \(head.status) is no answer to a GET")
        }
        if let length = head.contentLength, length != UInt64(missing.count) {
            throw reject(
                head, .malformedAnswer, "asked for \(missing.count) bytes, the service announced \(length)")
        }
        // From here on, all attempts must give the same version, also when the caller did not name one.
        let now = ObjectVersion(
            eTag: answered, versionID: head["x-amz-version-id"],
            lastModified: answered == nil ? head["last-modified"].flatMap(Timestamp.http) : nil, size: size)
        if let version, !version.isSame(as: now) {
            throw reject(head, .preconditionFailed, "the object was written again between two answers")
        }
        if version == nil { version = now }
        if eTag == nil { eTag = answered }
        return now
    }

    private func reject(_ head: HTTPResponse, _ code: S3Error.Code, _ message: String) -> AttemptFailure {
        discard()
        return .unusable(code, message, status: head.status, requestID: head.requestID)
    }

    /// Forgets what this attempt brought.
    private func discard() {
        body.truncate(to: byteCountBefore + keptByteCount)
    }

    private static func text(_ range: Range<UInt64>) -> String {
        "bytes \(range.lowerBound)..<\(range.upperBound)"
    }

    /// `bytes 0-99/1000` (RFC 9110, 14.4): the half-open range and the whole size. nil for anything else, also for an
    /// unknown size (`*`).
    static func contentRange(_ text: String) -> (range: Range<UInt64>, size: UInt64)? {
        // Without arrays of parts: this comes with each answer.
        var rest = text.utf8[...]
        func number(before end: UInt8?) -> UInt64? {
            let digits = rest.prefix { $0 != end }
            rest = rest[digits.endIndex...].dropFirst()
            return Self.number(Substring(digits))
        }
        let unit = rest.prefix { $0 != UInt8(ascii: " ") }
        guard unit.elementsEqual("bytes".utf8, by: { $0 | 0x20 == $1 }) else { return nil }
        rest = rest[unit.endIndex...].drop { $0 == UInt8(ascii: " ") }
        guard let first = number(before: UInt8(ascii: "-")), let last = number(before: UInt8(ascii: "/")),
            let size = number(before: nil), first <= last, last < size
        else { return nil }
        return (first..<last + 1, size)
    }

    /// Digits alone: Swift would take a sign before them.
    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
    }
}
