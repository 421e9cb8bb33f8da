import DredgeLedger
import DredgeS3
import DredgeTransfer
import Synchronization

/// A source that is being read, and how it fares.
final class OpenSource: Sendable {
    let source: Source
    let filter: SourceFilter
    let service: any ObjectService
    /// Bounds the GETs in flight of its bucket.
    let gate: RequestGate
    /// What became of its objects.
    let counters: SourceCounters
    /// Tells, in a sentence, what somebody should know of the source.
    let warn: @Sendable (String) -> Void
    private let health: SourceHealth
    private let patience: Duration

    private struct State {
        var hasRead = false
        var firstRefusal: S3Error?
        var failure: RunError?
    }
    private let state = Mutex(State())

    init(
        _ source: Source, filter: SourceFilter, service: any ObjectService, gate: RequestGate, world: any World,
        counters: SourceCounters, patience: Duration, warn: @escaping @Sendable (String) -> Void,
        onWait: @escaping @Sendable (SourceWait?) -> Void,
        storedKey: @escaping @Sendable () async -> ObjectKey? = { nil }
    ) {
        self.source = source
        self.filter = filter
        self.service = service
        self.gate = gate
        self.counters = counters
        self.patience = patience
        self.warn = warn
        health = SourceHealth(
            service, of: source.name, in: world, patience: patience, onWait: onWait, storedKey: storedKey)
    }

    /// What listings and errors call it.
    var url: String { "s3://\(source.bucket)/\(source.prefix)" }

    /// Gives the source up where it asks for external IDs that protect, and one doesn't. Before anything else is asked
    /// of it.
    func verify() async {
        do throws(RunError) {
            try await service.verify()
        } catch {
            // A run that is stopped here has found out nothing.
            if !Task.isCancelled { giveUp(error) }
        }
    }

    /// Gives up the session. Nothing can be asked of the service afterwards.
    func close() { service.close() }

    /// What ended the source; its objects that are still pending stay so.
    var failure: RunError? { state.withLock { $0.failure } }

    /// The first failure stays.
    func giveUp(_ error: RunError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }

    // MARK: How it fares

    /// What a failed request means: for the object, or for the source, which is waited for, or given up.
    enum Verdict { case object, again, givenUp }

    /// Returns when a read may begin, or the source was given up.
    func admission() async throws(CancellationError) { try await health.admission() }

    /// Waits while the source fails as a whole: hold nothing.
    func judge(_ error: S3Error) async throws(CancellationError) -> Verdict {
        switch try await health.judge(error) {
        case .object:
            if error.isRefusal { objectRefused(error) }
            return .object
        case .again:
            return .again
        case .source(let error, let wait):
            let step = error.key == nil ? "list \(url)" : "read \(url)"
            var failure = RunError(error, source: source.name, step: step)
            if let wait { failure.explain(wait, patience: patience) }
            giveUp(failure)
            return .givenUp
        }
    }

    /// The next page of the listing. Waits while the source fails as a whole; a page that fails although the source is
    /// well is asked for a few times. nil: the source is given up.
    func page(
        continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(CancellationError) -> ListPage? {
        var roundCount = 0
        while true {
            let failure: S3Error
            do throws(S3Error) {
                return try await tryPage(continuationToken: token, startAfter: startAfter)
            } catch {
                failure = error
            }
            // Though the task is not cancelled: the engine was shut down.
            if failure.code == .cancelled, Task.isCancelled { throw CancellationError() }
            roundCount += 1
            if failure.code != .cancelled {
                switch try await judge(failure) {
                case .givenUp: return nil
                case .again where roundCount < Limits.listRoundCount: continue
                case .object where failure.mayPass && roundCount < Limits.listRoundCount:
                    try await health.pause(roundCount)
                    continue
                case .again, .object: break
                }
            }
            giveUp(RunError(failure, source: source.name, step: "list \(url)"))
            return nil
        }
    }

    /// The same, asked for once. A failure is told, and is none of the source's.
    func tryPage(continuationToken token: String?, startAfter: ObjectKey?) async throws(S3Error) -> ListPage {
        let page = try await service.list(
            prefix: ObjectKey(source.prefix), continuationToken: token, startAfter: startAfter)
        health.listed()
        counters.pages.add(1)
        return page
    }

    /// A part of an object came.
    func partRead(_ key: ObjectKey) {
        state.withLock { $0.hasRead = true }
        health.read(key)
    }

    /// An object was read at its first visit, or was not.
    func objectVisited(isRead: Bool) { health.visited(isRead: isRead) }

    private func objectRefused(_ error: S3Error) {
        state.withLock { state in
            if state.firstRefusal == nil { state.firstRefusal = error }
        }
    }

    /// Everything has been tried. Where objects were refused and nothing of the source could ever be read, it is the
    /// permission that is missing, not an object. `hasContent`: whether the ledger holds anything of the source.
    ///
    /// Not concluded before the end: keys come in order, and the first thousands may be the ones that are refused.
    func ended(hasContent: Bool) async {
        guard !hasContent, !service.hasStoredContent,
            let refusal = state.withLock({ $0.hasRead ? nil : $0.firstRefusal }),
            await !isWitnessRead()
        else { return }
        var error = RunError(refusal, source: source.name, step: "read objects of \(url)")
        error.message =
            "The bucket can be listed, but every object that was tried is refused. The first: \(error.message)"
        giveUp(error)
    }

    /// Whether an object can be read that is none of those to be read.
    private func isWitnessRead() async -> Bool {
        guard let byte = BufferPool(byteLimit: 1 << 16).bufferIfFree(byteCount: 1) else { return false }
        for key in service.witnesses
        where (try? await service.get(key, range: 0..<1, ifMatch: ETag(""), into: byte)) != nil {
            return true
        }
        return false
    }
}

extension S3Error {
    /// The service won't give the object, though it gives the listing.
    fileprivate var isRefusal: Bool {
        switch code {
        case .accessDenied, .noSuchBucket, .wrongRegion, .invalidCredentials, .signatureRefused, .expiredCredentials,
            .clockSkewed, .requesterPays, .credentials:
            true
        default: false
        }
    }
}
