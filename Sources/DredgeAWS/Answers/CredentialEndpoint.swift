import DredgeTransfer

/// Asks an endpoint that gives credentials, again where that may help.
struct CredentialEndpoint: Sendable {
    let http: any CredentialTransport
    let time: TimeSource

    init(_ context: ProviderContext) {
        http = context.http
        time = context.time
    }

    /// The answer to `request`, whatever its status. Who gets it wipes its body.
    /// - Parameters:
    ///   - retriesSilence: whether to ask again where no answer came.
    ///   - attemptCountMax: the first one included.
    func answer(
        to request: HTTPRequest, retriesSilence: Bool = true, attemptCountMax: Int = AWSLimits.endpointAttemptCountMax
    ) async throws(TransferError) -> CredentialAnswer {
        var attempt = 1
        while true {
            do throws(TransferError) {
                var answer = try await http.send(request)
                guard answer.status == 429 || answer.status >= 500, attempt < attemptCountMax else {
                    return answer
                }
                answer.wipe()
            } catch {
                guard retriesSilence, error.isTransient, attempt < attemptCountMax else {
                    throw error
                }
            }
            attempt += 1
            do {
                try await time.sleep(.seconds(time.random(0...AWSLimits.endpointRetryDelayMax)))
            } catch {
                throw TransferError(code: .cancelled, message: "cancelled", authority: RequestURL(request.url).host)
            }
        }
    }
}

extension CredentialAnswer {
    /// Overwrites the body.
    mutating func wipe() { body.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
}

extension AWSError {
    /// No answer from an endpoint that gives credentials.
    static func noAnswer(_ error: TransferError, from what: String, advice: String) -> AWSError {
        if error.code == .cancelled { return .cancelled(AWSError.providerStep) }
        var failure = AWSError.provider(
            .unreachable, "\(what): no answer from \(error.authority): \(error.message)", advice: advice)
        failure.transferCode = error.code
        return failure
    }
}
