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
        var readCount = 0
        var deniedCount = 0
        var firstDenial: S3Error?
        var failure: RunError?
    }
    private let state = Mutex(State())

    init(
        _ source: Source, runID: String, base: BaseCredentials, environment: [String: String], transfer: TransferLoop,
        onThrottle: @escaping @Sendable () -> Void
    ) throws(RunError) {
        self.source = source
        filter = try SourceFilter(source)
        credentials =
            switch source.auth {
            case .assumeRole(let hops):
                CredentialSources.assumeRole(
                    hops, base: base, defaultSessionName: "dredge-\(runID)", region: source.region,
                    stsEndpointURL: source.stsEndpointURL, environment: environment, transfer: transfer)
            case .accessKey(let credentials): CredentialSources.base(.fixed(credentials), environment: environment)
            case .ambient: CredentialSources.base(base, environment: environment)
            case .anonymous: CredentialSources.anonymous()
            }
        client = S3Client(
            settings: S3ClientSettings(
                bucket: source.bucket, region: source.region, endpointURL: source.endpointURL,
                pathStyle: source.pathStyle),
            credentials: credentials, transfer: transfer, environment: environment, onThrottle: onThrottle)
    }

    /// Wipes the session's credentials (I8). Nothing can be asked of the client afterwards.
    func close() { credentials.close() }

    /// What ended the source; its objects that are still pending stay so.
    var failure: RunError? { state.withLock { $0.failure } }

    /// The first failure stays.
    func giveUp(_ error: RunError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }

    func objectRead() { state.withLock { $0.readCount += 1 } }

    /// An object was refused. After many refusals and not one object read, it is the source that is refused.
    func objectDenied(_ error: S3Error) {
        let isHopeless = state.withLock { state in
            state.deniedCount += 1
            if state.firstDenial == nil { state.firstDenial = error }
            return state.readCount == 0 && state.deniedCount >= Limits.deniedCountMax
        }
        if isHopeless { giveUpAsDenied() }
    }

    /// Everything has been tried. When all of it was refused, the permission is missing, not an object.
    func ended(unchangedCount: Int) {
        let allDenied = state.withLock { $0.readCount == 0 && $0.deniedCount > 0 }
        if allDenied, unchangedCount == 0 { giveUpAsDenied() }
    }

    private func giveUpAsDenied() {
        guard let denial = state.withLock({ $0.firstDenial }) else { return }
        var error = RunError(
            denial, source: source.name, step: "read objects of s3://\(source.bucket)/\(source.prefix)")
        error.message =
            "The bucket can be listed, but every object that was tried is refused. The first: \(error.message)"
        giveUp(error)
    }
}
