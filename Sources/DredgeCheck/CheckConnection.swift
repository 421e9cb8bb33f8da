import Dredge
import DredgeAWS
import DredgeIAM
import DredgeS3
import DredgeTransfer
import Logging

/// A source as a check opens it: its roles, STS and S3. Only here does the check make what a run would share.
struct CheckConnection: Sendable {
    /// With the blanks around its external IDs left out.
    let source: Source
    /// The roles on the way; empty where none is assumed.
    let hops: [RoleHop]
    /// Those of them whose external ID had blanks around it.
    let trimmedHops: [RoleHop]
    /// With the profile of the base credentials.
    let environment: [String: String]
    /// One call of STS at a time.
    let inquiry: STSInquiry
    let notes = CheckNotes()
    /// S3's time, as its answers to all clients show it.
    let clock = ServiceClock()
    private let transfer: TransferLoop
    private let base: BaseSource
    private let logger: Logger

    /// Sends nothing yet. Throws a `RunError` when this machine gives no thread.
    init(
        _ source: Source, base: BaseCredentials, environment: [String: String], logger: Logger = .silent
    ) throws(RunError) {
        var logger = logger
        logger[metadataKey: "source"] = "\(source.name)"
        self.logger = logger
        var source = source
        trimmedHops = source.trimExternalIDs()
        self.source = source
        var limits = TransferLimits(environment: environment)
        limits.connectionCountMax = CheckLimits.connectionCountMax
        limits.connectTimeout = CheckLimits.connectTimeout
        limits.progressTimeout = CheckLimits.progressTimeout
        transfer = try TransferLoop.start(limits)
        self.base =
            switch source.auth {
            case .accessKey(let credentials): CredentialSources.fixed(credentials)
            case .callback(let callback): CredentialSources.calling(callback)
            case .assumeRole, .ambient, .anonymous:
                CredentialSources.base(base, environment: environment, transfer: transfer, logger: logger)
            }
        self.environment = base.environment(environment)
        let runName = "check-\(RunName.make())"
        hops = source.hops(runName: runName)
        inquiry = STSInquiry(
            hops,
            access: source.stsAccess(
                runName: runName, base: self.base, environment: self.environment, transfer: transfer,
                logger: logger, onWarning: { [notes] in notes.add($0) }), narrowing: source.scope.narrowing)
    }

    /// A client of the source's bucket.
    /// - Parameter credentials: what signs; nil: nothing does.
    func client(_ variation: ClientVariation, signing credentials: Credentials?) -> S3Client {
        let signing: any CredentialSource =
            credentials.map { CredentialSources.fixed($0) } ?? CredentialSources.anonymous()
        var settings = source.clientSettings
        if !variation.asksOwner { settings.expectedBucketOwner = nil }
        if let requestPayer = variation.requestPayer { settings.requestPayer = requestPayer }
        settings.retry.attemptCountMax = CheckLimits.attemptCountMax
        return S3Client(
            settings: settings, credentials: signing, transfer: transfer, environment: environment,
            limits: S3Limits(), clock: clock, logger: logger)
    }

    /// Wipes the base credentials. Nothing can be asked afterwards.
    func close() async {
        base.close()
        await transfer.shutDown()
    }
}

extension Source {
    /// Takes blanks from around external IDs, and returns the hops that had some.
    fileprivate mutating func trimExternalIDs() -> [RoleHop] {
        guard case .assumeRole(var hops) = auth else { return [] }
        var trimmed: [RoleHop] = []
        for index in hops.indices {
            guard let id = hops[index].externalID else { continue }
            let bare = String(id.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
            guard bare.count < id.count else { continue }
            hops[index].externalID = bare
            trimmed.append(hops[index])
        }
        auth = .assumeRole(hops)
        return trimmed
    }
}
