import DredgeBase
import DredgeTransfer
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Calls STS: signs each attempt anew, retries what may pass, explains what won't.
struct STSClient: Sendable {
    let transport: any CredentialTransport
    let clock: ServiceClock
    var logger = Logger.silent

    /// A new session, as `call` asks for it. Nil credentials: unsigned, as calls are that bring a token instead.
    /// - Parameter isRenewal: whether there was one before, for the log.
    func session(
        _ call: STSCall, credentials: Credentials?, isRenewal: Bool = false
    ) async throws(AWSError) -> Credentials {
        let session = try await value(of: call, credentials: credentials) { (answer) throws(AWSError) in
            try AssumedSession.credentials(in: answer, call: call, now: clock.now)
        }
        logger.info(
            isRenewal ? "session renewed" : "role assumed",
            metadata: [
                "role": "\(call.hop.roleARN.printable)", "session": "\(call.sessionName.printable)",
                "expires": "\(session.expiration.map(Timestamp.iso8601) ?? "")",
            ])
        return session
    }

    /// What `read` makes of the answer. The answer's body is wiped behind it.
    func value<Value>(
        of call: STSCall, credentials: Credentials?, read: (CredentialAnswer) throws(AWSError) -> Value
    ) async throws(AWSError) -> Value {
        var attempt = 1
        var hasSignedAnew = false
        while true {
            let offset = clock.offset
            switch await self.attempt(call, credentials: credentials, read: read) {
            case .value(let value): return value
            case .failure(let error):
                // The answer that refused the signature has told the service's time.
                guard error.isAboutSignature, clock.offset != offset, !hasSignedAnew else { throw error }
                hasSignedAnew = true
            case .retry(let error, let isThrottled):
                guard attempt < AWSLimits.stsAttemptCountMax else { throw error.after(attempts: attempt) }
                logger.debug(
                    isThrottled ? "STS throttles, trying again" : "STS failed, trying again",
                    metadata: error.logged(["attempt": .stringConvertible(attempt)]))
                try await pause(afterAttempt: attempt, isThrottled: isThrottled, step: call.step)
                attempt += 1
            }
        }
    }

    private enum Outcome<Value> {
        case value(Value)
        case retry(AWSError, isThrottled: Bool)
        case failure(AWSError)
    }

    private func attempt<Value>(
        _ call: STSCall, credentials: Credentials?, read: (CredentialAnswer) throws(AWSError) -> Value
    ) async -> Outcome<Value> {
        let request = request(for: call, credentials: credentials)
        var answer: CredentialAnswer
        do throws(TransferError) {
            answer = try await send(request)
        } catch {
            let failure = STSProblem.unreachable(error, call: call)
            return error.isTransient ? .retry(failure, isThrottled: false) : .failure(failure)
        }
        defer { answer.body.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        guard (200..<300).contains(answer.status) else {
            let problem = STSProblem(
                answer, concealing: RequestSecrets(request, credentials: credentials ?? call.identity))
            let failure = problem.error(for: call, credentials: credentials, now: clock.machineTime)
            return problem.isTransient || problem.isThrottled
                ? .retry(failure, isThrottled: problem.isThrottled) : .failure(failure)
        }
        do throws(AWSError) {
            let value = try read(answer)
            credentials?.prove()
            return .value(value)
        } catch {
            return .failure(error)
        }
    }

    private func request(for call: STSCall, credentials: Credentials?) -> HTTPRequest {
        var request = HTTPRequest(
            method: .post, url: call.endpoint.url,
            headers: [("content-type", "application/x-www-form-urlencoded; charset=utf-8")], body: call.body)
        if let credentials {
            SigV4Signer(region: call.endpoint.region, service: "sts")
                .sign(&request, credentials: credentials, date: clock.now, unsignedPayload: false)
        }
        return request
    }

    private func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer {
        let sentAt = clock.machineTime
        let answer = try await transport.send(request)
        clock.observe(answer.date, sentAt: sentAt)
        return answer
    }

    /// Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog): anything from nothing to the doubled
    /// delay.
    private func pause(afterAttempt attempt: Int, isThrottled: Bool, step: String) async throws(AWSError) {
        let first = isThrottled ? AWSLimits.stsThrottleDelayMin : AWSLimits.stsRetryDelayMin
        var ceiling = first
        for _ in 1..<attempt { ceiling = min(ceiling * 2, AWSLimits.stsRetryDelayMax) }
        do {
            try await clock.sleep(.seconds(clock.random(0...min(ceiling, AWSLimits.stsRetryDelayMax))))
        } catch {
            throw AWSError.cancelled(step)
        }
    }
}

extension AWSError {
    static func cancelled(_ step: String) -> AWSError {
        AWSError(
            code: .cancelled, step: step, message: "cancelled", advice: "Nothing is wrong; start it again to go on.")
    }

    /// What a log has of it, beside `metadata`.
    fileprivate func logged(_ metadata: Logger.Metadata) -> Logger.Metadata {
        var metadata = metadata
        metadata["reason"] = "\(step): \(message)"
        if let serviceCode { metadata["code"] = "\(serviceCode)" }
        if let status { metadata["status"] = .stringConvertible(status) }
        if let requestID { metadata["request"] = "\(requestID)" }
        return metadata
    }

    fileprivate var isAboutSignature: Bool { [.clockSkewed, .wrongSecretKey, .signatureRefused].contains(code) }

    fileprivate func after(attempts: Int) -> AWSError {
        var error = self
        error.message += " (after \(attempts) attempts)"
        return error
    }
}
