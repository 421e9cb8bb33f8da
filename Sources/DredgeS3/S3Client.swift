public import DredgeAWS
public import DredgeBase
public import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One bucket: lists it and reads ranges of its objects.
///
/// Every request is retried as the AWS SDKs do in their `standard` mode, each attempt signed anew with what `credentials` gives
/// then. The bucket's region is found out and corrected from the service's answers, once, for all requests.
///
/// Safe to use from any number of tasks. Between two attempts a task sleeps, it never blocks its thread; a cancelled task gets
/// `S3Error.Code.cancelled` at once, wherever it waits.
public final class S3Client: Sendable {
    private let settings: S3ClientSettings
    private let limits: S3Limits
    private let credentials: any CredentialSource
    private let transfer: TransferLoop
    private let clock: ServiceClock
    private let onThrottle: @Sendable () -> Void
    /// What every request says.
    private let headers: [(name: String, value: String)]
    private let locator: Result<BucketLocator, EndpointProblem>
    /// Bodies of listings, apart from the memory for objects, so that neither can wait for the other.
    private let listPool: BufferPool
    /// HEAD has no body; the transfer loop wants a buffer all the same.
    private let headPool: BufferPool

    /// A client of `settings.bucket`. Sends nothing; settings that can't work are told by the first request.
    /// - Parameters:
    ///   - listPool: memory for the answers of listings; clients that share one wait for each other. nil: one of its own.
    ///   - environment: where what the settings leave open of region and endpoint is looked up, also in the profile that it names.
    ///   - onThrottle: called for each 503 SlowDown (and its kin) that is retried.
    ///   - onClockCorrection: called when the machine's clock was found to be so many seconds ahead of the service's (below zero: behind),
    ///     and requests are signed in the service's time from then on.
    public convenience init(
        settings: S3ClientSettings, credentials: any CredentialSource, transfer: TransferLoop,
        environment: [String: String], listPool: BufferPool? = nil, onThrottle: @escaping @Sendable () -> Void = {},
        onClockCorrection: @escaping @Sendable (_ secondsAhead: Double) -> Void = { _ in }
    ) {
        self.init(
            settings: settings, credentials: credentials, transfer: transfer, environment: environment, limits: .init(),
            clock: ServiceClock(onCorrection: onClockCorrection), listPool: listPool, onThrottle: onThrottle)
    }

    /// Memory for the listings of many clients, of which `count` are read at a time.
    public static func makeListPool(count: Int) -> BufferPool {
        BufferPool(byteLimit: S3Limits().listAnswerByteCountMax * count)
    }

    package init(
        settings: S3ClientSettings, credentials: any CredentialSource, transfer: TransferLoop,
        environment: [String: String], limits: S3Limits, clock: ServiceClock = .init(),
        listPool: BufferPool? = nil, onThrottle: @escaping @Sendable () -> Void = {}
    ) {
        self.limits = limits
        self.credentials = credentials
        self.transfer = transfer
        self.clock = clock
        self.onThrottle = onThrottle
        self.settings = settings
        headers = Self.headers(settings)
        locator = Result { () throws(EndpointProblem) in
            try settings.check()
            return try BucketLocator(settings: settings, environment: environment)
        }
        self.listPool =
            listPool ?? BufferPool(byteLimit: limits.listAnswerByteCountMax * limits.listCountInFlightMax)
        headPool = BufferPool(byteLimit: Self.headBufferByteCount * limits.headCountInFlightMax)
    }

    /// The region that the bucket turned out to be in, as far as answers have told by now.
    public var region: String {
        (try? locator.get().target.region) ?? "us-east-1"
    }

    /// A page of at most `keyCountMax` objects in key order, 1,000 at the most. `startAfter` begins behind a key; a token goes on from a
    /// page.
    ///
    /// An answer takes at most `S3Limits.listAnswerByteCountMax` bytes while it is read, and one page is read at a time.
    public func listPage(
        prefix: ObjectKey, continuationToken: String? = nil, startAfter: ObjectKey? = nil, keyCountMax: Int? = nil
    ) async throws(S3Error) -> ListPage {
        let operation = Operation(action: .list(prefix: prefix), bucket: settings.bucket)
        let body = try await buffer(limits.listAnswerByteCountMax, from: listPool, for: operation)
        var limits = limits
        if let keyCountMax { limits.listKeyCountMax = min(keyCountMax, limits.listKeyCountMax) }
        return try await run(
            ListExchange(
                bucket: settings.bucket, prefix: prefix, continuationToken: continuationToken, startAfter: startAfter,
                limits: limits, body: body)
        ).answer
    }

    /// Appends the bytes `range` of the version `eTag` to `body`, which has room for all of them. Retries, and resumes at the
    /// byte where an answer broke, at the same version.
    ///
    /// Either all bytes of the range are there, of one version, or an error is thrown; `body` then holds an unspecified part.
    /// - Parameters:
    ///   - range: in bytes from the start of the object, not past its end. May be empty only at 0, for an empty object.
    ///   - eTag: sent as `If-Match`. nil: whatever version is there, one version for all attempts.
    public func getObject(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag?, into body: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead {
        precondition(!range.isEmpty || range.lowerBound == 0, "an empty range is for empty objects")
        precondition(range.count <= body.capacity - body.count, "the buffer has no room for the range")
        var (head, attemptCount) = try await run(
            GetExchange(bucket: settings.bucket, key: key, range: range, ifMatch: eTag, body: body))
        head.attemptCount = attemptCount
        return head
    }

    /// The object as it is now, with how it is encrypted and whether it is in an archive.
    public func headObject(_ key: ObjectKey) async throws(S3Error) -> ObjectFacts {
        let operation = Operation(action: .head, bucket: settings.bucket, key: key)
        let body = try await buffer(Self.headBufferByteCount, from: headPool, for: operation)
        return try await run(HeadExchange(bucket: settings.bucket, key: key, body: body)).answer
    }

    /// What the bucket tells of itself to who may list it. Whoever may not gets an error that names its region all the same.
    public func headBucket() async throws(S3Error) -> BucketFacts {
        let operation = Operation(action: .headBucket, bucket: settings.bucket)
        let body = try await buffer(Self.headBufferByteCount, from: headPool, for: operation)
        return try await run(HeadBucketExchange(bucket: settings.bucket, body: body)).answer
    }

    private static let headBufferByteCount = 16 << 10

    private func buffer(
        _ byteCount: Int, from pool: BufferPool, for operation: Operation
    ) async throws(S3Error) -> OwnedBuffer {
        do {
            return try await pool.buffer(byteCount: byteCount)
        } catch {
            throw S3Error.cancelled(operation, attemptCount: 0)
        }
    }
}

extension S3Client {
    /// Sends what `exchange` asks until it is answered or there is no use in trying further.
    private func run<E: Exchange>(_ exchange: E) async throws(S3Error) -> (answer: E.Answer, attemptCount: Int) {
        let locator: BucketLocator
        do {
            locator = try self.locator.get()
        } catch {
            throw S3Error(
                code: .other, bucket: settings.bucket, attemptCount: 0, message: error.message, advice: error.advice)
        }
        var exchange = exchange
        var state = RetryState(policy: settings.retry, limits: limits)
        while true {
            guard !Task.isCancelled else {
                throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount)
            }
            let target = locator.target
            let used = try await credentials(for: exchange.operation, attemptCount: state.attemptCount)
            let keptBefore = exchange.keptByteCount
            let offset = clock.offset
            let failure: AttemptFailure
            do throws(AttemptFailure) {
                let answer = try await attempt(&exchange, at: target, with: used)
                locator.answered()
                return (answer, state.attemptCount + 1)
            } catch {
                failure = error
            }
            if failure.hasAnswer { locator.answered() }
            if failure.isCancellation {
                throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount + 1)
            }
            let remedy = failure.remedy
            let decision = state.decide(
                remedy, progressed: exchange.keptByteCount > keptBefore,
                endpointHasAnswered: locator.hasAnswered, retryAfter: failure.retryAfter,
                isClockCorrected: clock.offset != offset, jitter: clock.random(0...1))
            switch decision {
            case .retry(let delay):
                if remedy == .slowDown { onThrottle() }
                do {
                    try await clock.sleep(delay)
                } catch {
                    throw S3Error.cancelled(exchange.operation, attemptCount: state.attemptCount)
                }
                continue
            case .refreshCredentials:
                if let used {
                    await credentials.refused(used)
                    continue
                }
            case .changeRegion(let told):
                if try await changeRegion(from: target, to: told, locator: locator, for: exchange.operation) {
                    continue
                }
            case .signAnew:
                continue
            case .giveUp:
                break
            }
            throw S3Error(
                failure, exchange.operation,
                context: .init(
                    attemptCount: state.attemptCount, target: target, limits: limits, now: clock.machineTime,
                    isSigned: used != nil, expectedBucketOwner: settings.expectedBucketOwner,
                    requestPayer: settings.requestPayer)
            ).concealing(used)
        }
    }

    private static func headers(_ settings: S3ClientSettings) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let owner = settings.expectedBucketOwner { headers.append(("x-amz-expected-bucket-owner", owner)) }
        if settings.requestPayer { headers.append(("x-amz-request-payer", "requester")) }
        return headers
    }

    private func credentials(
        for operation: Operation, attemptCount: Int
    ) async throws(S3Error) -> Credentials? {
        do {
            return try await credentials.credentials()
        } catch {
            guard error.code != .cancelled else { throw S3Error.cancelled(operation, attemptCount: attemptCount) }
            throw S3Error(
                code: .credentials, bucket: settings.bucket, key: operation.key, range: operation.range,
                attemptCount: attemptCount, status: error.status, serviceCode: error.serviceCode,
                requestID: error.requestID, message: "no credentials: \(error.step): \(error.message)",
                advice: error.advice, cause: error)
        }
    }

    private func attempt<E: Exchange>(
        _ exchange: inout E, at target: BucketTarget, with credentials: Credentials?
    ) async throws(AttemptFailure) -> E.Answer {
        var request = exchange.request(at: target.endpoint)
        request.headers += headers
        if let credentials {
            target.signer.sign(&request, credentials: credentials, date: clock.now, unsignedPayload: false)
        }
        let sentAt = clock.machineTime
        let response: HTTPResponse
        do {
            response = try await transfer.perform(request, into: exchange.body)
            // What a cache on the way kept is of another time (RFC 9111, section 5.1).
            if response["age"] == nil { clock.observe(response["date"], sentAt: sentAt) }
        } catch {
            try exchange.salvage(head: error.head)
            throw .transfer(error)
        }
        guard response.isSuccess else {
            throw .service(ServiceFault(response, limits: limits))
        }
        return try exchange.accept(response)
    }

    /// Makes the bucket's region what an answer says it is.
    /// - Returns: whether there is a region now that was not tried yet.
    private func changeRegion(
        from target: BucketTarget, to told: String?, locator: BucketLocator, for operation: Operation
    ) async throws(S3Error) -> Bool {
        // Another request may have found it out meanwhile.
        if locator.target.region != target.region { return true }
        if let told, told != target.region {
            return locator.move(to: told)
        }
        guard told == nil else { return false }
        if case .headBucket = operation.action { return false }
        let found: String?
        do throws(CancellationError) {
            found = try await locator.discovery.value { await self.bucketRegion(at: target) }
        } catch {
            throw S3Error.cancelled(operation, attemptCount: 1)
        }
        guard let found, found != target.region else { return locator.target.region != target.region }
        return locator.move(to: found)
    }

    /// The region that HeadBucket names, whether it is allowed or not. nil: it names none.
    private func bucketRegion(at target: BucketTarget) async -> String? {
        guard let body = try? await headPool.buffer(byteCount: Self.headBufferByteCount) else { return nil }
        let used: Credentials?
        do throws(AWSError) { used = try await credentials.credentials() } catch { return nil }
        var exchange = HeadBucketExchange(bucket: settings.bucket, body: body)
        do throws(AttemptFailure) {
            return try await attempt(&exchange, at: target, with: used).region
        } catch {
            guard case .service(let fault) = error else { return nil }
            return fault.region
        }
    }
}

extension AttemptFailure {
    fileprivate var hasAnswer: Bool {
        if case .transfer(let error) = self { error.head != nil } else { true }
    }

    fileprivate var isCancellation: Bool {
        guard case .transfer(let error) = self else { return false }
        return error.code == .cancelled || error.code == .shutDown
    }

    fileprivate var retryAfter: Duration? {
        guard case .service(let fault) = self else { return nil }
        return fault.retryAfterSeconds.map { .seconds($0) }
    }
}
