import DredgeBase
import DredgeLedger
import DredgeS3
import Logging

/// The first stage: a source's listing goes into the ledger, page by page.
struct Listing: Sendable {
    let run: RunContext
    let source: OpenSource
    let state: OpenListing
    let signal: ListingSignal

    /// Lists to the end, or until the source fails or the run does.
    /// - Returns: what became of stored documents that the listing left over; nil: it did not come to its end.
    func record() async -> RemovalOutcome? {
        defer {
            signal.end()
            run.counters.listingEnded()
        }
        if source.failure != nil { return nil }
        do {
            let isTrusted = state.isComplete ? true : try await recordPages()
            guard source.failure == nil else { return nil }
            source.counters.listingEnded()
            run.logger.info("listing complete", metadata: ["source": "\(source.source.name)"])
            return try await run.ledger.completeListing(
                of: state.source, in: run.id, isTrusted: isTrusted, rule: source.source.removal)
        } catch let error as StoreError {
            run.failure.report(RunError(error))
        } catch {
            // Cancelled: the run is being stopped.
        }
        return nil
    }

    /// Whether the listing can be trusted.
    private func recordPages() async throws -> Bool {
        try await ListingPages(source, left: state.left).read { page in
            let recorded = try await run.ledger.record(page.entries, of: state.source, in: run.id, left: page.left)
            source.counters.listed.add(recorded.objectCount)
            source.counters.done.add(recorded.objectCount - recorded.pendingCount)
            source.counters.planned.add(recorded.pendingCount)
            source.counters.plannedBytes.add(recorded.pendingByteCount)
            for (object, entry) in zip(page.objects, page.entries) where entry.failReason != nil { note(object) }
            signal.pageRecorded()
        }
    }

    /// An entry of the listing that can't be used.
    private func note(_ object: ListedObject) {
        source.counters.failed.add(1)
        let reason = object.flaw.map { "\($0.code.words): \($0.message)" } ?? ""
        run.failures.add(source.source, object.key, reason: reason, requestID: nil)
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
