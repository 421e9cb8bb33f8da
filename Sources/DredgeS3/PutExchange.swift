package import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// What S3 says of an object that was written.
package struct PutAnswer: Sendable, Hashable {
    /// The name of what was written.
    package var eTag: ETag
    /// The service's clock; nil: it did not tell.
    package var date: Date?
}

/// PUT of a whole object (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
///
/// The signature covers the digest of the bytes, which S3 holds against what arrives.
struct PutExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let bytes: [UInt8]
    private let condition: WriteCondition

    init(bucket: String, key: ObjectKey, bytes: [UInt8], condition: WriteCondition, room: BodyRoom) {
        operation = Operation(action: .put(condition), bucket: bucket, key: key)
        self.room = room
        self.key = key
        self.bytes = bytes
        self.condition = condition
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        HTTPRequest(method: .put, url: endpoint.url(key: key), headers: condition.headers, body: bytes)
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> PutAnswer {
        PutAnswer(eTag: try response.writtenETag(), date: response["date"].flatMap(Timestamp.http))
    }
}

extension HTTPResponse {
    /// The ETag of what was written. Throws where there is none: then it was not S3 that answered.
    func writtenETag() throws(AttemptFailure) -> ETag {
        let said = self["etag"] ?? ""
        guard !ETag(said).isEmpty, ETag.canBe(said) else {
            throw .unusable(
                .malformedAnswer,
                "the service did not say which ETag was written: \"\(printable(said.utf8, scalarCountMax: 80))\"",
                status: status, requestID: requestID)
        }
        return ETag(said)
    }
}
