import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The beginning of an object of which nothing is known: what bytes there are, up to a number, and how large it is.
struct ObjectOpening {
    /// Bytes from the start: all, or as many as were asked for.
    var body: OwnedBuffer
    /// Of the whole object.
    var size: UInt64
    var eTag: ETag
    /// The service's clock.
    var date: Date?
}

/// A ranged GET from the start of an object, whatever its size.
///
/// S3 has no range in an empty object, and answers 416: then it takes another request, without one, for its ETag.
struct OpeningExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    let isGated = true
    private let key: ObjectKey
    private let byteCountMax: Int
    private let asksForRange: Bool
    /// Of the answer that was accepted.
    private(set) var keptByteCount = 0

    /// - Parameter byteCountMax: at least 1; the buffers of `pool` have to have as many.
    init(bucket: String, key: ObjectKey, byteCountMax: Int, asksForRange: Bool, pool: BufferPool) {
        operation = Operation(action: .get, bucket: bucket, key: key)
        room = .pool(pool, byteCount: byteCountMax)
        self.key = key
        self.byteCountMax = byteCountMax
        self.asksForRange = asksForRange
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        HTTPRequest(
            method: .get, url: endpoint.url(key: key),
            headers: asksForRange ? [("Range", "bytes=0-\(byteCountMax - 1)")] : [])
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ObjectOpening {
        let said = response["etag"] ?? ""
        guard !ETag(said).isEmpty, ETag.canBe(said) else {
            throw malformed(response, "the service sent no ETag: \"\(printable(said.utf8, scalarCountMax: 80))\"")
        }
        let size: UInt64
        if let text = response["content-range"] {
            guard let (sent, total) = GetExchange.contentRange(text), sent.lowerBound == 0,
                sent.upperBound == min(total, UInt64(byteCountMax))
            else {
                throw malformed(response, "asked for the first \(byteCountMax) bytes, the service sent others")
            }
            guard UInt64(body.count) == sent.upperBound else { throw .shortBody }
            size = total
        } else {
            // Some services answer 200 when the range is the whole object.
            guard response.status == 200 else {
                throw malformed(response, "status \(response.status) without a Content-Range is no answer to a GET")
            }
            size = response.contentLength ?? UInt64(body.count)
            guard UInt64(body.count) == size else { throw .shortBody }
        }
        keptByteCount = body.count
        return ObjectOpening(body: body, size: size, eTag: ETag(said), date: response["date"].flatMap(Timestamp.http))
    }

    /// A service that ignores the range sends more than there is room for, each time.
    mutating func salvage(head: HTTPResponse?) throws(AttemptFailure) {
        guard let head, head.status == 200, head["content-range"] == nil, let length = head.contentLength,
            length > UInt64(byteCountMax)
        else { return }
        throw .unusable(
            .other,
            "the service sent all \(length) bytes of the object, though the first \(byteCountMax) were asked for",
            status: head.status, requestID: head.requestID)
    }

    private func malformed(_ response: HTTPResponse, _ message: String) -> AttemptFailure {
        .unusable(.malformedAnswer, message, status: response.status, requestID: response.requestID)
    }
}
