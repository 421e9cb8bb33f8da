import DredgeAWS
import DredgeTransfer
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension S3Client {
    /// Sends what `exchange` asks until it is answered or there is no use in trying further.
    /// - Parameter policy: nil: the client's.
    func run<E: Exchange>(
        _ exchange: E, policy: RetryPolicy? = nil
    ) async throws(S3Error) -> (answer: E.Answer, attemptCount: Int) {
        let locator: BucketLocator
        do {
            locator = try self.locator.get()
        } catch {
            throw S3Error(
                code: .other, bucket: settings.bucket, attemptCount: 0, message: error.message, advice: error.advice)
        }
        var exchange = exchange
        var state = RetryState(
            policy: policy ?? settings.retry, attemptCountMax: locator.attemptCountMax, limits: limits)
        var lastPrice: RetryQuota.Price?
        while true {
            guard !Task.isCancelled else {
                throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount)
            }
            let target = locator.target
            let keptBefore = exchange.keptByteCount
            let offset = clock.offset
            let (result, used) = try await admittedAttempt(&exchange, at: target, attemptCount: state.attemptCount)
            let failure: AttemptFailure
            switch result {
            case .success(let answer):
                locator.succeeded(at: target)
                quota.succeeded(after: lastPrice)
                return (answer, state.attemptCount + 1)
            case .failure(let error):
                failure = error
            }
            if failure.hasAnswer { locator.answered() }
            if failure.isCancellation {
                throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount + 1)
            }
            let remedy = exchange.remedy(for: failure)
            let progressed = exchange.keptByteCount > keptBefore && !failure.isStall
            let decision = state.decide(
                remedy, progressed: progressed,
                endpointHasAnswered: locator.hasAnswered, retryAfter: failure.retryAfter,
                isClockCorrected: clock.offset != offset, jitter: clock.random(0...1))
            switch decision {
            case .retry(let delay):
                // What goes on where an answer broke off asks for nothing twice.
                if !progressed {
                    let price = remedy == .slowDown ? RetryQuota.Price.throttled : .failed
                    guard quota.pay(price) else { break }
                    lastPrice = price
                }
                repeats(failure, of: exchange.operation, attempt: state.attemptCount, remedy, delay: delay)
                do {
                    try await clock.sleep(delay)
                } catch {
                    throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount)
                }
                continue
            case .refreshCredentials:
                if let used {
                    repeats(failure, of: exchange.operation, attempt: state.attemptCount, remedy)
                    await credentials.refused(used)
                    continue
                }
            case .changeRegion(let told):
                repeats(failure, of: exchange.operation, attempt: state.attemptCount, remedy)
                if try await changeRegion(from: target, to: told, locator: locator, for: exchange.operation) {
                    continue
                }
            case .signAnew:
                repeats(failure, of: exchange.operation, attempt: state.attemptCount, remedy)
                continue
            case .giveUp:
                break
            }
            throw S3Error(
                failure, exchange.operation,
                context: .init(
                    attemptCount: state.attemptCount, target: target, limits: limits, now: clock.machineTime,
                    isSigned: used != nil, isOfSession: used?.isTemporary ?? false,
                    isProven: used?.isProven ?? false, isReadByRole: settings.isReadByRole,
                    expectedBucketOwner: settings.expectedBucketOwner, requestPayer: settings.requestPayer))
        }
    }

    private func credentials(
        for operation: Operation, attemptCount: Int
    ) async throws(S3Error) -> Credentials? {
        do {
            return try await credentials.credentials()
        } catch {
            throw S3Error.credentials(error, operation, attemptCount: attemptCount)
        }
    }

    /// One attempt with what it needs, and the credentials that signed it.
    private func admittedAttempt<E: Exchange>(
        _ exchange: inout E, at target: BucketTarget, attemptCount: Int
    ) async throws(S3Error) -> (Result<E.Answer, AttemptFailure>, Credentials?) {
        var (place, used) = try await admission(of: exchange, attemptCount: attemptCount)
        defer { withExtendedLifetime(place) {} }
        do throws(AttemptFailure) {
            return (.success(try await toldAttempt(&exchange, at: target, with: &used)), used)
        } catch {
            return (.failure(error), used)
        }
    }

    /// What an attempt needs: for a GET a place in the gate, and credentials that are good when it is signed.
    private func admission<E: Exchange>(
        of exchange: E, attemptCount: Int
    ) async throws(S3Error) -> (place: (any Admission)?, credentials: Credentials?) {
        let operation = exchange.operation
        // Before the place, so that nobody waits for a session in one.
        let used = try await credentials(for: operation, attemptCount: attemptCount)
        guard exchange.isGated, let gate else { return (nil, used) }
        if let place = gate.enterIfFree() { return (place, used) }
        let place: any Admission
        do throws(CancellationError) {
            place = try await gate.enter()
        } catch {
            throw S3Error.cancelled(operation, attemptCount: attemptCount)
        }
        // The wait may have outlasted them.
        return (place, try await credentials(for: operation, attemptCount: attemptCount))
    }

    /// One attempt, of whose end the gate is told.
    private func toldAttempt<E: Exchange>(
        _ exchange: inout E, at target: BucketTarget, with credentials: inout Credentials?
    ) async throws(AttemptFailure) -> E.Answer {
        guard let gate else { return try await attempt(&exchange, at: target, with: &credentials).answer }
        let keptBefore = exchange.keptByteCount
        do throws(AttemptFailure) {
            let (answer, response) = try await attempt(&exchange, at: target, with: &credentials)
            if exchange.isGated {
                gate.attemptEnded(
                    .answered(
                        firstByteTime: response.firstByteTime, duration: response.duration,
                        byteCount: exchange.keptByteCount - keptBefore))
            }
            return answer
        } catch {
            let outcome = error.outcome
            if let outcome, exchange.isGated || outcome == .throttled { gate.attemptEnded(outcome) }
            throw error
        }
    }

    func attempt<E: Exchange>(
        _ exchange: inout E, at target: BucketTarget, with credentials: inout Credentials?
    ) async throws(AttemptFailure) -> (answer: E.Answer, response: HTTPResponse) {
        guard case .list(let buffers) = exchange.room else {
            return try await exchangeOnce(&exchange, at: target, with: &credentials)
        }
        while true {
            do throws(AttemptFailure) {
                return try await exchangeOnce(&exchange, at: target, with: &credentials)
            } catch {
                guard buffers.failed(error) else { throw error }
            }
        }
    }

    private func body(for room: BodyRoom) async throws(AttemptFailure) -> OwnedBuffer {
        do throws(CancellationError) {
            switch room {
            case .buffer(let buffer): return buffer
            case .pool(let pool, let byteCount): return try await pool.buffer(byteCount: byteCount)
            case .list(let buffers): return try await buffers.buffer()
            }
        } catch {
            throw .cancelled
        }
    }

    private func exchangeOnce<E: Exchange>(
        _ exchange: inout E, at target: BucketTarget, with credentials: inout Credentials?
    ) async throws(AttemptFailure) -> (answer: E.Answer, response: HTTPResponse) {
        let body = try await body(for: exchange.room)
        let date = try await signingDate(renewing: &credentials)
        var request = exchange.request(at: target.endpoint)
        request.headers += headers
        request.refusesPrivateAddresses = settings.refusesPrivateAddresses
        if let credentials {
            target.signer.sign(&request, credentials: credentials, date: date, unsignedPayload: false)
        }
        do throws(AttemptFailure) {
            let answer = try await answer(to: request, of: &exchange, into: body)
            credentials?.prove()
            return answer
        } catch {
            throw error.concealing(RequestSecrets(request, credentials: credentials))
        }
    }

    /// The time to sign with, and others instead of credentials that ended while their request waited for memory or for
    /// the processor. A source that has no others may give the same: by the service's clock they may be good.
    private func signingDate(renewing credentials: inout Credentials?) async throws(AttemptFailure) -> Date {
        let now = clock.now
        guard let end = credentials?.expiration, end <= now else { return now }
        do throws(AWSError) {
            credentials = try await self.credentials.credentials()
        } catch {
            throw error.code == .cancelled ? .cancelled : .credentials(error)
        }
        return clock.now
    }

    private func answer<E: Exchange>(
        to request: HTTPRequest, of exchange: inout E, into body: OwnedBuffer
    ) async throws(AttemptFailure) -> (answer: E.Answer, response: HTTPResponse) {
        let sentAt = clock.machineTime
        let response: HTTPResponse
        do {
            response = try await transfer.perform(request, into: body)
            // What a cache on the way kept is of another time (RFC 9111, section 5.1).
            if response["age"] == nil { clock.observe(response["date"], sentAt: sentAt) }
        } catch {
            try exchange.salvage(head: error.head)
            throw .transfer(error)
        }
        guard response.isSuccess else {
            throw .service(ServiceFault(response, isHead: request.method == .head, limits: limits))
        }
        return (try exchange.accept(response, body), response)
    }
}

extension AttemptFailure {
    fileprivate var hasAnswer: Bool {
        switch self {
        case .cancelled, .credentials: false
        case .transfer(let error): error.head != nil
        default: true
        }
    }

    /// What the gate is told of it; nil: nothing.
    fileprivate var outcome: AttemptOutcome? {
        if isCancellation { return nil }
        switch (self, remedy) {
        case (.credentials, _): return nil
        case (_, .slowDown): return .throttled
        case (.service(let fault), let remedy) where remedy != .wait && fault.status < 500:
            return .answered(firstByteTime: fault.firstByteTime, duration: fault.duration, byteCount: 0)
        default: return .failed
        }
    }

    /// Whether it brought bytes too slowly, or none.
    fileprivate var isStall: Bool {
        if case .transfer(let error) = self { error.code == .stalled } else { false }
    }

    fileprivate var isCancellation: Bool {
        switch self {
        case .cancelled: true
        case .transfer(let error): error.code == .cancelled || error.code == .shutDown
        default: false
        }
    }

    fileprivate var retryAfter: Duration? {
        guard case .service(let fault) = self else { return nil }
        return fault.retryAfter
    }
}
