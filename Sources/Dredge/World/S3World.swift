package import DredgeAWS
import DredgeBase
import DredgeIAM
package import DredgeS3
package import DredgeTransfer
import Logging

package import Foundation

/// The real world: S3 and STS over one transfer loop.
package struct S3World: World {
    /// Carries all requests.
    package let transfer: TransferLoop
    /// Signs where a source does not bring its own credentials. Looked up once for all runs.
    package let base: BaseSource
    /// What AWS's variables are read from, with the profile that `base` names.
    package let environment: [String: String]
    private let time: TimeSource
    private let logger: Logger
    private let sessions = SessionCache()
    private let listings = ListingMemory()

    /// Starts the transfer loop. Throws when this machine has no thread or descriptor for it.
    /// - Parameters:
    ///   - transfer: how long an answer may take, and through which proxies it comes; nil: the defaults, and those of
    ///     `environment`. The number of connections follows `limits`.
    ///   - time: for all waits but those for sessions.
    init(
        limits: Limits, base: BaseCredentials, environment: [String: String], sessionName: String, logger: Logger,
        transfer: TransferLimits? = nil, time: TimeSource = .system
    ) throws(RunError) {
        self.time = time
        var transferLimits = transfer ?? TransferLimits(environment: environment)
        transferLimits.connectionCountMax = limits.requestCount + Limits.controlRequestCount
        self.transfer = try TransferLoop.start(transferLimits)
        self.base = CredentialSources.base(
            base, environment: environment, transfer: self.transfer, defaultSessionName: sessionName,
            onWarning: { logger.warning("\($0)") }, logger: logger)
        self.environment = base.environment(environment)
        self.logger = logger
    }

    package var executor: (any TaskExecutor)? { transfer.executor }
    package var transferSeconds: Double { transfer.processorSeconds }
    package var sessionSecondsLeft: Double? { sessions.secondsLeft }
    package func now() -> ContinuousClock.Instant { .now }
    package func date() -> Date { time.now() }
    package func sleep(_ duration: Duration) async throws(CancellationError) {
        do { try await time.sleep(duration) } catch { throw CancellationError() }
    }
    package func random() -> UInt64 { .random(in: .min ... .max) }

    package func open(
        _ source: Source, for run: String, gate: any AttemptGate
    ) throws(RunError) -> any ObjectService {
        S3Source(
            source, run: run, base: base, sessions: sessions, environment: environment, transfer: transfer,
            time: time, logger: logger, gate: gate, listRoom: listings.makeRoom())
    }

    package func shutDown() async {
        await transfer.shutDown()
        base.close()
    }
}

/// A source's bucket in S3.
struct S3Source: ObjectService {
    private let client: S3Client
    private let prefix: ObjectKey
    private let credentials: any CredentialSource
    private let externalIDs: ExternalIDRequirement?
    private let ownsCredentials: Bool
    private let asksForChecksums: Bool
    private let isInDirectoryBucket: Bool

    init(
        _ source: Source, run: String, base: BaseSource, sessions: SessionCache, environment: [String: String],
        transfer: TransferLoop, time: TimeSource, logger: Logger, gate: any AttemptGate, listRoom: any ListRoom
    ) {
        var logger = logger
        logger[metadataKey: "run"] = "\(run)"
        logger[metadataKey: "source"] = "\(source.name)"
        let warn: @Sendable (String) -> Void = { [logger] in logger.warning("\($0)") }
        let hops = source.hops(runName: run)
        let access = source.stsAccess(
            runName: run, base: base, environment: environment, transfer: transfer, logger: logger,
            onWarning: warn)
        credentials =
            switch source.auth {
            case .assumeRole:
                CredentialSources.assumeRole(
                    hops, access: access, narrowing: source.scope.narrowing, sessions: sessions)
            case .accessKey(let credentials): CredentialSources.fixed(credentials)
            case .callback(let callback): CredentialSources.calling(callback)
            case .ambient: base
            case .anonymous: CredentialSources.anonymous()
            }
        if case .ambient = source.auth { ownsCredentials = false } else { ownsCredentials = true }
        externalIDs = source.requireExternalID ? ExternalIDRequirement(source, hops: hops, access: access) : nil
        prefix = ObjectKey(source.prefix)
        asksForChecksums = source.verifiesChecksums
        isInDirectoryBucket = source.isInDirectoryBucket
        var limits = S3Limits()
        limits.listCountInFlightMax = Limits.listCountInFlight
        client = S3Client(
            settings: source.clientSettings, credentials: credentials, transfer: transfer, environment: environment,
            limits: limits, clock: ServiceClock(time) { warn(ServiceClock.warning(of: "S3", ahead: $0)) },
            gate: gate, listRoom: listRoom, logger: logger)
        logger.info(
            "source opened",
            metadata: [
                "bucket": "\(source.bucket)", "prefix": "\(source.prefix)", "region": "\(client.region)",
                "endpoint": "\(client.authority ?? "")",
            ])
    }

    /// Directory buckets list in no order ("Differences for directory buckets", Amazon S3 User Guide).
    var listsInOrder: Bool { !isInDirectoryBucket }

    func verify() async throws(RunError) { try await externalIDs?.verify() }

    func list(
        prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(S3Error) -> ListPage {
        try await client.listPage(prefix: prefix, continuationToken: token, startAfter: startAfter)
    }

    func get(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead {
        try await client.getObject(key, range: range, ifMatch: eTag, into: buffer)
    }

    func openRequests() async -> OpenRequests? { await client.openRequests() }

    func probe() async throws(S3Error) { try await client.probe(prefix: prefix) }

    func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
        let facts = try await client.headObject(key, asksForChecksum: asksForChecksums)
        return (facts.object, facts.checksum)
    }

    func close() { if ownsCredentials { credentials.close() } }
}
