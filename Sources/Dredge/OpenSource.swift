import DredgeAWS
import DredgeS3
import DredgeTransfer
import Logging
import Synchronization

/// A source of a run: its client, and how it fares.
final class OpenSource: Sendable {
    let source: Source
    let filter: SourceFilter
    let client: S3Client
    private let credentials: any CredentialSource
    private let externalIDs: ExternalIDRequirement?

    private struct State {
        var hasRead = false
        var firstDenial: S3Error?
        var failure: RunError?
    }
    private let state = Mutex(State())

    init(
        _ source: Source, runID: String, base: BaseSource, environment: [String: String], transfer: TransferLoop,
        listPool: BufferPool, logger: Logger, onThrottle: @escaping @Sendable () -> Void
    ) throws(RunError) {
        self.source = source
        filter = try SourceFilter(source)
        let warn: @Sendable (String) -> Void = { logger.warning("\($0)", metadata: ["source": "\(source.name)"]) }
        let hops = source.hops(runID: runID)
        let access = source.stsAccess(
            runID: runID, base: base, environment: environment, transfer: transfer, onWarning: warn)
        credentials =
            switch source.auth {
            case .assumeRole: CredentialSources.assumeRole(hops, access: access, scope: source.scope)
            case .accessKey(let credentials): CredentialSources.fixed(credentials)
            case .ambient: base
            case .anonymous: CredentialSources.anonymous()
            }
        externalIDs = source.requireExternalID ? ExternalIDRequirement(source, hops: hops, access: access) : nil
        client = S3Client(
            settings: source.clientSettings, credentials: credentials, transfer: transfer, environment: environment,
            listPool: listPool, onThrottle: onThrottle,
            onClockCorrection: { warn(ServiceClock.warning(of: "S3", ahead: $0)) })
    }

    /// Gives the source up where it asks for external IDs that protect, and one doesn't. Before anything else is asked of it.
    func verifyExternalIDs() async {
        do throws(RunError) {
            try await externalIDs?.verify()
        } catch {
            // A run that is stopped here has found out nothing.
            if !Task.isCancelled { giveUp(error) }
        }
    }

    /// Wipes the session's credentials (I8). Nothing can be asked of the client afterwards. The base credentials are the run's.
    func close() {
        if case .ambient = source.auth { return }
        credentials.close()
    }

    /// What ended the source; its objects that are still pending stay so.
    var failure: RunError? { state.withLock { $0.failure } }

    /// The first failure stays.
    func giveUp(_ error: RunError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }

    /// Bytes of an object came.
    func objectRead() { state.withLock { $0.hasRead = true } }

    /// An object was refused.
    func objectDenied(_ error: S3Error) {
        state.withLock { state in
            if state.firstDenial == nil { state.firstDenial = error }
        }
    }

    /// Everything has been tried. Where objects were refused and nothing of the source could ever be read, it is the permission that is
    /// missing, not an object. `hasContent`: whether the store holds anything of the source.
    ///
    /// Not concluded before the end: keys come in order, and the first thousands may be the ones that are refused.
    func ended(hasContent: Bool) {
        guard !hasContent, let denial = state.withLock({ $0.hasRead ? nil : $0.firstDenial }) else { return }
        var error = RunError(
            denial, source: source.name, step: "read objects of s3://\(source.bucket)/\(source.prefix)")
        error.message =
            "The bucket can be listed, but every object that was tried is refused. The first: \(error.message)"
        giveUp(error)
    }
}
