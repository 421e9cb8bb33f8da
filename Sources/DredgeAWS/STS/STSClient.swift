import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Calls STS: signs each attempt anew, retries what may pass, explains what won't.
struct STSClient: Sendable {
    let transport: any STSTransport
    let time: TimeSource

    /// A new session for the role of `call`, which `credentials` sign.
    func assumeRole(_ call: STSCall, credentials: Credentials) async throws(AWSError) -> Credentials {
        var attempt = 1
        while true {
            switch await self.attempt(call, credentials: credentials) {
            case .session(let session): return session
            case .failure(let error): throw error
            case .retry(let error, let isThrottled):
                guard attempt < AWSLimits.stsAttemptCountMax else { throw error.after(attempts: attempt) }
                try await pause(afterAttempt: attempt, isThrottled: isThrottled, step: call.step)
                attempt += 1
            }
        }
    }

    private enum Outcome {
        case session(Credentials)
        case retry(AWSError, isThrottled: Bool)
        case failure(AWSError)
    }

    private func attempt(_ call: STSCall, credentials: Credentials) async -> Outcome {
        var answer: STSAnswer
        do throws(TransferError) {
            answer = try await send(call, credentials: credentials)
        } catch {
            let failure = STSProblem.unreachable(error, call: call)
            return error.isTransient ? .retry(failure, isThrottled: false) : .failure(failure)
        }
        defer { answer.body.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        guard (200..<300).contains(answer.status) else {
            let problem = STSProblem(answer)
            let failure = problem.error(for: call, credentials: credentials, now: time.now())
            return problem.isTransient || problem.isThrottled
                ? .retry(failure, isThrottled: problem.isThrottled) : .failure(failure)
        }
        do throws(AWSError) {
            return .session(try AssumedSession.credentials(in: answer, call: call, now: time.now()))
        } catch {
            return .failure(error)
        }
    }

    private func send(_ call: STSCall, credentials: Credentials) async throws(TransferError) -> STSAnswer {
        var request = HTTPRequest(
            method: .post, url: call.endpoint.url,
            headers: [("content-type", "application/x-www-form-urlencoded; charset=utf-8")], body: call.body)
        if call.identity != nil { return try await transport.send(request) }
        SigV4Signer(region: call.endpoint.region, service: "sts")
            .sign(&request, credentials: credentials, date: time.now(), unsignedPayload: false)
        return try await transport.send(request)
    }

    /// The same with the token of a web identity, without a signature.
    func assumeRole(webIdentity call: STSCall) async throws(AWSError) -> Credentials {
        guard let identity = call.identity else { preconditionFailure("a call without an identity needs a signature") }
        return try await assumeRole(call, credentials: identity)
    }

    /// Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog): anything from nothing to the doubled delay.
    private func pause(afterAttempt attempt: Int, isThrottled: Bool, step: String) async throws(AWSError) {
        let first = isThrottled ? AWSLimits.stsThrottleDelayMin : AWSLimits.stsRetryDelayMin
        var ceiling = first
        for _ in 1..<attempt { ceiling = min(ceiling * 2, AWSLimits.stsRetryDelayMax) }
        do {
            try await time.sleep(.seconds(time.random(0...min(ceiling, AWSLimits.stsRetryDelayMax))))
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

    fileprivate func after(attempts: Int) -> AWSError {
        var error = self
        error.message += " (after \(attempts) attempts)"
        return error
    }
}
