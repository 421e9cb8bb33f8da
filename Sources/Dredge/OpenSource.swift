import DredgeAWS
import DredgeS3
import DredgeTransfer
import Synchronization

/// A source of a run: its client, and how it fares.
final class OpenSource: Sendable {
    let source: Source
    let filter: SourceFilter
    let client: S3Client
    private let credentials: any CredentialSource

    private struct State {
        var hasRead = false
        var firstDenial: S3Error?
        var failure: RunError?
    }
    private let state = Mutex(State())

    init(
        _ source: Source, runID: String, base: BaseSource, environment: [String: String], transfer: TransferLoop,
        listPool: BufferPool, onThrottle: @escaping @Sendable () -> Void
    ) throws(RunError) {
        self.source = source
        filter = try SourceFilter(source)
        credentials =
            switch source.auth {
            case .assumeRole(let hops):
                CredentialSources.assumeRole(
                    hops, base: base, defaultSessionName: "dredge-\(runID)", region: source.region,
                    stsEndpointURL: source.stsEndpointURL, environment: environment, transfer: transfer)
            case .accessKey(let credentials): CredentialSources.fixed(credentials)
            case .ambient: base
            case .anonymous: CredentialSources.anonymous()
            }
        client = S3Client(
            settings: S3ClientSettings(
                bucket: source.bucket, region: source.region, endpointURL: source.endpointURL,
                pathStyle: source.pathStyle),
            credentials: credentials, transfer: transfer, environment: environment, listPool: listPool,
            onThrottle: onThrottle)
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
