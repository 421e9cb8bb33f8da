public import DredgeAWS
public import DredgeTransfer
package import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One bucket: lists it, reads ranges of its objects, and writes objects.
///
/// Every request is retried as the AWS SDKs do in their `standard` mode, each attempt signed anew with what
/// `credentials` gives then. The bucket's region is found out and corrected from the service's answers, once, for all
/// requests.
///
/// Safe to use from any number of tasks. Between two attempts a task sleeps, it never blocks its thread; a cancelled
/// task gets `S3Error.Code.cancelled` at once, wherever it waits.
public final class S3Client: Sendable {
    let settings: S3ClientSettings
    let limits: S3Limits
    let credentials: any CredentialSource
    let transfer: TransferLoop
    let clock: ServiceClock
    /// Is told what is tried again, and where the bucket turns out to be.
    let logger: Logger
    /// Where the attempts of GETs get a place; nil: as many as there are may be in flight.
    let gate: (any AttemptGate)?
    /// What every request says.
    let headers: [(name: String, value: String)]
    let quota: RetryQuota
    let locator: Result<BucketLocator, EndpointProblem>
    /// Bodies of listings, apart from the memory for objects, so that neither can wait for the other.
    let listBuffers: ListBuffers
    /// HEAD has no body, and answers to writes are short; the transfer loop wants a buffer all the same.
    let headPool: BufferPool

    /// A client of `settings.bucket`. Sends nothing; settings that can't work are told by the first request.
    /// - Parameters:
    ///   - environment: where what the settings leave open of region and endpoint is looked up, also in the profile
    ///     that it names.
    ///   - gate: where each attempt of a GET gets a place, and which is told how attempts end. nil: the transfer loop's
    ///     connections alone bound them.
    ///   - onClockCorrection: called when the machine's clock was found to be so many seconds ahead of the service's
    ///     (below zero: behind),
    ///     and requests are signed in the service's time from then on.
    public convenience init(
        settings: S3ClientSettings, credentials: any CredentialSource, transfer: TransferLoop,
        environment: [String: String], gate: (any AttemptGate)? = nil,
        onClockCorrection: @escaping @Sendable (_ secondsAhead: Double) -> Void = { _ in }
    ) {
        self.init(
            settings: settings, credentials: credentials, transfer: transfer, environment: environment, limits: .init(),
            clock: ServiceClock(onCorrection: onClockCorrection), gate: gate)
    }

    package init(
        settings: S3ClientSettings, credentials: any CredentialSource, transfer: TransferLoop,
        environment: [String: String], limits: S3Limits, clock: ServiceClock = .init(), gate: (any AttemptGate)? = nil,
        listRoom: (any ListRoom)? = nil, logger: Logger = .silent
    ) {
        limits.check()
        settings.retry.check()
        self.limits = limits
        self.credentials = credentials
        self.transfer = transfer
        self.clock = clock
        self.logger = logger
        self.gate = gate
        self.settings = settings
        headers = Self.headers(settings)
        quota = RetryQuota(tokenCount: settings.retry.quotaTokenCount)
        locator = Result { () throws(EndpointProblem) in
            try settings.check()
            return try BucketLocator(settings: settings, environment: environment)
        }
        listBuffers = ListBuffers(limits, room: listRoom)
        headPool = BufferPool(byteLimit: Self.headBufferByteCount * limits.headCountInFlightMax)
    }

    /// The region that the bucket turned out to be in, as far as answers have told by now.
    public var region: String {
        (try? locator.get().target.region) ?? "us-east-1"
    }

    /// Where requests go by now, host and port; nil: the settings name nothing that can work.
    package var authority: String? { (try? locator.get())?.target.endpoint.authority }

    private static func headers(_ settings: S3ClientSettings) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let owner = settings.expectedBucketOwner { headers.append(("x-amz-expected-bucket-owner", owner)) }
        if settings.requestPayer { headers.append(("x-amz-request-payer", "requester")) }
        return headers
    }
}
