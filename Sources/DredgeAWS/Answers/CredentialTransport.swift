import DredgeTransfer

/// What carries a request to STS, or to another endpoint that gives credentials. Tests put a script in its place.
protocol CredentialTransport: Sendable {
    func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer
}

/// What came back. `body` may hold secrets; who reads it wipes it.
struct CredentialAnswer: Sendable {
    var status: Int
    /// The `Date` header.
    var date: String?
    var requestID: String?
    var body: [UInt8]
}

/// The transfer loop as a transport.
final class LoopTransport: CredentialTransport {
    private let loop: TransferLoop
    private let durationMax: Duration
    // One call at a time; the pool's memory is allotted at the first.
    private let pool = BufferPool(byteLimit: 2 * AWSLimits.stsAnswerByteCountMax)

    /// - Parameter durationMax: of a request that sets no bound itself. A service that hangs, or sends a byte now and
    ///   then, must not hold up all that waits for it.
    init(_ loop: TransferLoop, durationMax: Duration = AWSLimits.stsAttemptDurationMax) {
        self.loop = loop
        self.durationMax = durationMax
    }

    func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer {
        var request = request
        request.timeout = request.timeout ?? durationMax
        let buffer: OwnedBuffer
        do {
            buffer = try await pool.buffer(byteCount: AWSLimits.stsAnswerByteCountMax)
        } catch {
            throw TransferError(code: .cancelled, message: "cancelled", authority: RequestURL(request.url).host)
        }
        // The buffer goes back to a pool, so that the session in it must not stay there.
        defer { SecretBytes.wipe(UnsafeMutableRawBufferPointer(mutating: buffer.bytes)) }
        let response = try await loop.perform(request, into: buffer)
        return CredentialAnswer(
            status: response.status, date: response["date"], requestID: response["x-amzn-requestid"],
            body: response.isSuccess ? Array(buffer.bytes) : response.errorBody)
    }
}
