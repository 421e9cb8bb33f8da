import DredgeTransfer

/// What carries a request to STS. Tests put a script in its place.
protocol STSTransport: Sendable {
    func send(_ request: HTTPRequest) async throws(TransferError) -> STSAnswer
}

/// What came back. `body` may hold secrets; who reads it wipes it.
struct STSAnswer: Sendable {
    var status: Int
    /// The `Date` header.
    var date: String?
    var requestID: String?
    var body: [UInt8]
}

/// The transfer loop as a transport.
final class LoopTransport: STSTransport {
    private let loop: TransferLoop
    // One call at a time; the pool's memory is allotted at the first.
    private let pool = BufferPool(byteLimit: 2 * AWSLimits.stsAnswerByteCountMax)

    init(_ loop: TransferLoop) { self.loop = loop }

    func send(_ request: HTTPRequest) async throws(TransferError) -> STSAnswer {
        let authority = RequestURL(request.url).host
        let buffer: OwnedBuffer
        do {
            buffer = try await pool.buffer(byteCount: AWSLimits.stsAnswerByteCountMax)
        } catch {
            throw TransferError(code: .cancelled, message: "cancelled", authority: authority)
        }
        // The buffer goes back to a pool, so that the session in it must not stay there.
        defer { SecretBytes.wipe(UnsafeMutableRawBufferPointer(mutating: buffer.bytes)) }
        let response = try await loop.perform(request, into: buffer)
        return STSAnswer(
            status: response.status, date: response["date"], requestID: response["x-amzn-requestid"],
            body: response.isSuccess ? Array(buffer.bytes) : response.errorBody)
    }
}
