import DredgeTransfer

/// What carries a request to STS, or to another endpoint that gives credentials. Tests put a script in its place.
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
    private let durationMax: Duration
    // One call at a time; the pool's memory is allotted at the first.
    private let pool = BufferPool(byteLimit: 2 * AWSLimits.stsAnswerByteCountMax)

    /// - Parameter durationMax: of one request. A service that hangs, or sends a byte now and then, must not hold up all that waits for it.
    init(_ loop: TransferLoop, durationMax: Duration = AWSLimits.stsAttemptDurationMax) {
        self.loop = loop
        self.durationMax = durationMax
    }

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
        let response = try await perform(request, into: buffer)
        return STSAnswer(
            status: response.status, date: response["date"], requestID: response["x-amzn-requestid"],
            body: response.isSuccess ? Array(buffer.bytes) : response.errorBody)
    }

    private func perform(_ request: HTTPRequest, into buffer: OwnedBuffer) async throws(TransferError) -> HTTPResponse {
        let work = Task {
            await Result { () async throws(TransferError) in try await self.loop.perform(request, into: buffer) }
        }
        let timer = Task {
            try await Task.sleep(for: durationMax)
            work.cancel()
        }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        timer.cancel()
        if case .failure(let error) = result, error.code == .cancelled, !Task.isCancelled {
            throw TransferError(
                code: .stalled, message: "no whole answer within \(durationMax)", authority: error.authority)
        }
        return try result.get()
    }
}

extension Result where Success: Sendable {
    fileprivate init(_ body: () async throws(Failure) -> Success) async {
        do throws(Failure) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
