import DredgeAWS
import DredgeTransfer

/// One page of ListObjectsV2 (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
struct ListExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let prefix: ObjectKey
    private let continuationToken: String?
    private let startAfter: ObjectKey?
    private let limits: S3Limits

    init(
        bucket: String, prefix: ObjectKey, continuationToken: String?, startAfter: ObjectKey?, limits: S3Limits,
        room: BodyRoom
    ) {
        operation = Operation(action: .list(prefix: prefix), bucket: bucket)
        self.room = room
        self.prefix = prefix
        self.continuationToken = continuationToken
        self.startAfter = startAfter
        self.limits = limits
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        // In the order that SigV4 wants.
        var query: [(name: String, value: [UInt8])] = []
        if let continuationToken { query.append(("continuation-token", Array(continuationToken.utf8))) }
        // XML 1.0 has no way to write some characters that keys may hold.
        query.append(("encoding-type", Array("url".utf8)))
        query.append(("list-type", Array("2".utf8)))
        query.append(("max-keys", Array(String(limits.listKeyCountMax).utf8)))
        if !prefix.bytes.isEmpty { query.append(("prefix", prefix.bytes)) }
        if let startAfter, continuationToken == nil { query.append(("start-after", startAfter.bytes)) }
        return HTTPRequest(method: .get, url: endpoint.url(key: ObjectKey([]), query: query))
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ListPage {
        if let length = response.contentLength, UInt64(body.count) < length {
            throw .shortBody
        }
        var page: ListPage
        if let ordinary = ListPage(ordinary: body.bytes, prefix: prefix) {
            page = ordinary
        } else {
            page = try read(body, response)
        }
        page.room = body.lease
        if case .list(let buffers) = room { buffers.received(body.count) }
        return page
    }

    /// Whatever the answer is.
    private func read(_ body: OwnedBuffer, _ response: HTTPResponse) throws(AttemptFailure) -> ListPage {
        let answer: ListAnswer
        do {
            answer = try ListAnswer(reading: body.bytes, limits: limits)
        } catch {
            throw malformed("the listing is not XML that can be read: \(error)", response)
        }
        // S3 may report an error after it has begun to answer with 200.
        if answer.rootName == "Error" {
            throw .service(ServiceFault(response, fields: answer.errorFields, limits: limits))
        }
        do {
            return try answer.page(prefix: prefix)
        } catch {
            throw malformed(error.message, response)
        }
    }

    private func malformed(_ message: String, _ response: HTTPResponse) -> AttemptFailure {
        .unusable(.malformedAnswer, message, status: response.status, requestID: response.requestID)
    }
}
