import DredgeLedger
import DredgeS3
import Synchronization

/// A source that is being read, and how it fares.
final class OpenSource: Sendable {
    let source: Source
    let filter: SourceFilter
    let service: any ObjectService
    /// Bounds the GETs in flight of its bucket.
    let gate: RequestGate

    private struct State {
        var hasRead = false
        var firstDenial: S3Error?
        var failure: RunError?
    }
    private let state = Mutex(State())

    init(_ source: Source, filter: SourceFilter, service: any ObjectService, gate: RequestGate) {
        self.source = source
        self.filter = filter
        self.service = service
        self.gate = gate
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

    /// Bytes of an object came.
    func objectRead() { state.withLock { $0.hasRead = true } }

    /// An object was refused.
    func objectDenied(_ error: S3Error) {
        state.withLock { state in
            if state.firstDenial == nil { state.firstDenial = error }
        }
    }

    /// Everything has been tried. Where objects were refused and nothing of the source could ever be read, it is the
    /// permission that is missing, not an object. `hasContent`: whether the ledger holds anything of the source.
    ///
    /// Not concluded before the end: keys come in order, and the first thousands may be the ones that are refused.
    func ended(hasContent: Bool) {
        guard !hasContent, let denial = state.withLock({ $0.hasRead ? nil : $0.firstDenial }) else { return }
        var error = RunError(
            denial, source: source.name, step: "read objects of \(url)")
        error.message =
            "The bucket can be listed, but every object that was tried is refused. The first: \(error.message)"
        giveUp(error)
    }
}
