import DredgeAWS
import DredgeBase
import DredgeTransfer

/// CreateMultipartUpload (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>): the ID of
/// a new upload.
struct CreateUploadExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let limits: S3Limits

    init(bucket: String, key: ObjectKey, limits: S3Limits, room: BodyRoom) {
        operation = Operation(action: .createUpload, bucket: bucket, key: key)
        self.room = room
        self.key = key
        self.limits = limits
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        HTTPRequest(method: .post, url: endpoint.url(key: key, query: [("uploads", [])]))
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> String {
        let result = try UploadAnswer.read(body, of: response, limits: limits)
        guard let id = result["UploadId"]?.text, !id.isEmpty, id.utf8.count <= S3Limits.uploadIDByteCountMax else {
            throw .unusable(
                .malformedAnswer, "the service began an upload without an ID", status: response.status,
                requestID: response.requestID)
        }
        return id
    }
}

/// UploadPart (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>): the part's ETag.
struct UploadPartExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let uploadID: String
    private let number: Int
    private let bytes: [UInt8]

    /// - Parameter number: from 1.
    init(bucket: String, key: ObjectKey, uploadID: String, number: Int, bytes: [UInt8], room: BodyRoom) {
        operation = Operation(action: .uploadPart(number: number), bucket: bucket, key: key)
        self.room = room
        self.key = key
        self.uploadID = uploadID
        self.number = number
        self.bytes = bytes
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        let query = [
            (name: "partNumber", value: Array(String(number).utf8)), (name: "uploadId", value: Array(uploadID.utf8)),
        ]
        return HTTPRequest(method: .put, url: endpoint.url(key: key, query: query), body: bytes)
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ETag {
        try response.writtenETag()
    }
}

/// CompleteMultipartUpload (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>): the
/// object's ETag.
///
/// S3 may begin its answer with 200 while it is still putting the parts together, keep it alive with blanks, and end
/// it with an error.
struct CompleteUploadExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let uploadID: String
    private let document: [UInt8]
    private let condition: WriteCondition
    private let limits: S3Limits

    /// - Parameter parts: the ETags of parts 1 to the last.
    init(
        bucket: String, key: ObjectKey, uploadID: String, parts: [ETag], condition: WriteCondition, limits: S3Limits,
        room: BodyRoom
    ) {
        operation = Operation(action: .completeUpload(condition), bucket: bucket, key: key)
        self.room = room
        self.key = key
        self.uploadID = uploadID
        self.condition = condition
        self.limits = limits
        var text = #"<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#
        for (index, eTag) in parts.enumerated() {
            text += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(Self.escaped(eTag.header))</ETag></Part>"
        }
        document = Array((text + "</CompleteMultipartUpload>").utf8)
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        var request = HTTPRequest(
            method: .post, url: endpoint.url(key: key, query: [("uploadId", Array(uploadID.utf8))]),
            headers: condition.headers + [("Content-Type", "application/xml")], body: document)
        request.isHeldToFloor = false
        request.timeout = S3Limits.completionDurationMax
        return request
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ETag {
        let result = try UploadAnswer.read(body, of: response, limits: limits)
        let said = result["ETag"]?.text ?? ""
        guard !ETag(said).isEmpty, ETag.canBe(said) else {
            throw .unusable(
                .malformedAnswer, "the service completed the upload without an ETag", status: response.status,
                requestID: response.requestID)
        }
        return ETag(said)
    }

    /// What needs a new upload, or can't be helped, is not asked for again.
    func remedy(for failure: AttemptFailure) -> Remedy {
        guard case .service(let fault) = failure else { return failure.remedy }
        return fault.asksForNewUpload || fault.code == "PreconditionFailed" ? .none : fault.remedy
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

/// AbortMultipartUpload (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>): its parts go.
struct AbortUploadExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let uploadID: String

    init(bucket: String, key: ObjectKey, uploadID: String, room: BodyRoom) {
        operation = Operation(action: .abortUpload, bucket: bucket, key: key)
        self.room = room
        self.key = key
        self.uploadID = uploadID
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        var request = HTTPRequest(
            method: .delete, url: endpoint.url(key: key, query: [("uploadId", Array(uploadID.utf8))]))
        request.timeout = S3Limits.abortDurationMax
        return request
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) {}
}

/// The documents that S3 answers uploads with.
private enum UploadAnswer {
    /// The document in `body`. Throws the error that it holds instead. Not all services name its root as S3 does.
    static func read(
        _ body: OwnedBuffer, of response: HTTPResponse, limits: S3Limits
    ) throws(AttemptFailure) -> XMLElement {
        // Blanks that keep an answer alive may come before it, where XML has none.
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        let bytes = UnsafeRawBufferPointer(rebasing: body.bytes.drop(while: isBlank))
        let document: XMLElement
        do throws(XMLError) {
            document = try XMLReader.tree(of: bytes)
        } catch {
            throw .unusable(
                .malformedAnswer, "the answer is not XML that can be read: \(error)", status: response.status,
                requestID: response.requestID)
        }
        if document.name == "Error" {
            let fields = Dictionary(
                document.children.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
            throw .service(ServiceFault(response, fields: fields, limits: limits))
        }
        return document
    }
}
