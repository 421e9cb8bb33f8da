import DredgeBase
import DredgeLedger
import DredgeS3

/// The first stage: a source's listing goes into the ledger, page by page.
struct Listing: Sendable {
    let run: RunContext
    let source: OpenSource
    let state: OpenListing
    let signal: ListingSignal

    /// Lists to the end, or until the source fails or the run does.
    /// - Returns: how many stored objects were not in the listing and are gone.
    func record() async -> Int {
        defer {
            signal.end()
            run.counters.listingEnded()
        }
        if state.isComplete || source.failure != nil { return 0 }
        do {
            try await recordPages()
            return source.failure == nil ? try await run.ledger.completeListing(of: state.source, in: run.id) : 0
        } catch let error as StoreError {
            run.failure.report(RunError(error))
        } catch {
            // Cancelled: the run is being stopped.
        }
        return 0
    }

    private func recordPages() async throws {
        var token: String?
        // A resumed listing goes on behind the last key that was recorded; the service's own tokens may have expired.
        var startAfter = state.lastKey.map { ObjectKey($0) }
        repeat {
            guard let page = try await source.page(continuationToken: token, startAfter: startAfter) else { return }
            startAfter = nil
            let entries = page.objects.map(source.filter.entry)
            let recorded = try await run.ledger.record(entries, of: state.source, in: run.id)
            run.counters.listed.add(entries.count)
            run.counters.done.add(entries.count - recorded.pendingCount)
            run.counters.plannedBytes.add(recorded.pendingByteCount)
            signal.pageRecorded()
            token = page.continuationToken
        } while token != nil && source.failure == nil
    }
}

/// Tells who feeds on a source's listing that more has been listed, or that nothing more will be.
final class ListingSignal: Sendable {
    /// What has been recorded.
    struct State: Sendable, Equatable {
        var pageCount = 0
        var isComplete = false
    }
    private let state = Monitor(State(), order: .any)

    /// How far the listing is now.
    var now: State { state.read { $0 } }

    func pageRecorded() { state.update { $0.pageCount += 1 } }

    func end() { state.update { $0.isComplete = true } }

    /// Returns once the listing is further than `seen`.
    func changed(since seen: State) async throws(CancellationError) {
        try await state.wait { $0 == seen ? nil : () }
    }
}
