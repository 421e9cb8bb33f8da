import DredgeBase
import DredgeTransfer

/// One thing that is asked of S3, over all its attempts: makes each attempt's request and judges its answer.
protocol Exchange {
    associatedtype Answer
    /// What is asked, for errors.
    var operation: Operation { get }
    /// Where the body goes.
    var room: BodyRoom { get }
    /// The request of the next attempt, unsigned.
    func request(at endpoint: Endpoint) -> HTTPRequest
    /// Judges a 2xx answer whose `body` arrived whole, as far as the transport can tell.
    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> Answer
    /// The answer broke. Keeps the bytes that are sure to be what was asked, drops the others.
    /// - Parameter head: the head of the broken answer, nil when there was none.
    mutating func salvage(head: HTTPResponse?) throws(AttemptFailure)
    /// Bytes that are kept over all attempts.
    var keptByteCount: Int { get }
    /// Whether each attempt needs a place in the client's gate.
    var isGated: Bool { get }
    /// What can be done about an attempt that failed.
    func remedy(for failure: AttemptFailure) -> Remedy
}

extension Exchange {
    var isGated: Bool { false }
    /// What is read as a whole or not at all keeps nothing.
    var keptByteCount: Int { 0 }
    mutating func salvage(head: HTTPResponse?) throws(AttemptFailure) {}
    func remedy(for failure: AttemptFailure) -> Remedy { failure.remedy }
}

/// Where the body of an attempt's answer goes.
enum BodyRoom {
    /// The caller's, for all attempts.
    case buffer(OwnedBuffer)
    /// A buffer of the pool for each attempt: whoever waits for the next one holds none.
    case pool(BufferPool, byteCount: Int)
    /// The same for a page of a listing.
    case list(ListBuffers)
}

/// What is asked of S3, in the words of an error.
struct Operation: Sendable {
    enum Action: Sendable {
        case list(prefix: ObjectKey)
        case get
        case head
        case headBucket
        case put(WriteCondition)
        case createUpload
        case uploadPart(number: Int)
        case completeUpload(WriteCondition)
        case abortUpload
    }
    var action: Action
    var bucket: String
    var key: ObjectKey?
    var range: Range<UInt64>?
}

extension ETag {
    /// Whether a text can be one: it goes back to the service in a header.
    package static func canBe(_ text: String) -> Bool {
        text.utf8.count <= S3Limits.eTagByteCountMax && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

extension HTTPResponse {
    /// The request ID, short enough and clean enough to be shown.
    var requestID: String? {
        self["x-amz-request-id"].map { printable($0.utf8, scalarCountMax: 128) }
    }

    /// Content-Length, when it is there and a number.
    var contentLength: UInt64? {
        self["content-length"].flatMap { UInt64($0) }
    }
}
