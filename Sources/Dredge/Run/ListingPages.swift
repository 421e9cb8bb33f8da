import DredgeBase
import DredgeLedger
import DredgeS3

/// A page of a source's listing. It holds the memory that it takes of what all listings share.
struct ListedPage: Sendable {
    fileprivate let fetched: ListingPages.Fetched
    /// What of the listing is still to come behind the pages that were given so far, this one included; nil: that can't
    /// be told, because the service does not list in order.
    let left: [KeyRange]?
    /// Whether a key may have come before in another page.
    let mayRepeat: Bool

    var objects: [ListedObject] { fetched.page.objects }
    /// The objects as a ledger takes them, in the same order.
    var entries: [ListingEntry] { fetched.entries }
}

/// The pages of a source's listing, in any order, each key once as far as the service can be believed.
///
/// A service takes a tenth of a second or more for a page and names the next one in it. So a listing of many pages is
/// cut into ranges of keys (`KeyRanges`), which are listed side by side: a range begins with `start-after`, which S3
/// takes for any key, and ends where the next one begins. A service that does not know it, or lists in no order, is
/// found out by the keys that it gives, and is asked for one page after the other from there on.
struct ListingPages: Sendable {
    /// A page that waits to be recorded.
    fileprivate struct Fetched: Sendable {
        let range: Int
        let page: ListPage
        let entries: [ListingEntry]
        /// Of all pages that wait.
        let place: Place
    }
    fileprivate struct State {
        var ranges: KeyRanges
        var isTrusted = true
        var mayRepeat = false
        var isOver = false
    }
    private let source: OpenSource
    private let state: Monitor<State>
    private let waiting: CapacityAccount
    private let listerCount: Int

    /// - Parameters:
    ///   - left: what is to be listed.
    ///   - isSerial: whether one page is to be asked for after the other.
    init(_ source: OpenSource, left: [KeyRange] = [KeyRange()], isSerial: Bool = false) {
        self.source = source
        let hasRanges = source.hasRanges
        listerCount = hasRanges && !isSerial ? Limits.listCountInFlight : 1
        let ranges = KeyRanges(
            hasRanges ? left : [KeyRange()], prefixByteCount: source.source.prefix.utf8.count, cuts: listerCount > 1)
        state = Monitor(State(ranges: ranges, mayRepeat: !source.service.listsInOrder), order: .any)
        waiting = Capacity(Limits.listedPageCount).makeAccount()
    }

    /// Gives all pages to `body`, one after the other, until there are no more or the source is given up.
    /// - Returns: whether nothing can have been left out.
    func read(_ body: (ListedPage) async throws -> Void) async throws -> Bool {
        // As many as may wait at the most (`waiting`).
        let (pages, arrivals) = AsyncStream<Fetched>.makeStream()
        try await withThrowingTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { listers in
                    for _ in 0..<listerCount { listers.addTask { await list(into: arrivals) } }
                }
                arrivals.finish()
            }
            for await fetched in pages { try await body(recorded(fetched)) }
            try Task.checkCancellation()
        }
        return state.read { $0.isTrusted }
    }

    /// The page as if it were recorded already: whoever gets it does that next.
    private func recorded(_ fetched: Fetched) -> ListedPage {
        state.update { state in
            state.ranges.recorded(fetched.range, upTo: fetched.page.objects.last { $0.isNamed }?.key.bytes)
            return ListedPage(
                fetched: fetched,
                left: source.service.listsInOrder && state.isTrusted ? state.ranges.left : nil,
                mayRepeat: state.mayRepeat)
        }
    }

    // MARK: The listers

    /// Lists one range after the other, until there are no more.
    private func list(into arrivals: AsyncStream<Fetched>.Continuation) async {
        do throws(CancellationError) {
            while let job = try await nextJob() { try await list(job, into: arrivals) }
        } catch {
            // Whoever reads the pages is told.
        }
    }

    /// The next range to list; nil: there are no more. Waits while others may leave one.
    private func nextJob() async throws(CancellationError) -> KeyRanges.Job? {
        try await state.wait { state -> KeyRanges.Job?? in
            if state.isOver || state.ranges.isFetched { return .some(nil) }
            return state.ranges.next().map { .some($0) }
        }
    }

    private func list(
        _ job: KeyRanges.Job, into arrivals: AsyncStream<Fetched>.Continuation
    ) async throws(CancellationError) {
        var walk = ListingWalk(source, after: job.range.after, isGuess: job.isGuess)
        while true {
            let place = try await waiting.take()
            guard source.failure == nil, var page = try await walk.next() else { return ended(job, walk) }
            let keys = page.objects.filter(\.isNamed).map(\.key.bytes)
            let verdict = state.update { state -> KeyRanges.Verdict? in
                if !walk.isTrusted { state.distrust(job.id) }
                return state.ranges.fetched(job.id, keys, isLast: walk.isAtEnd)
            }
            guard let verdict else { return }
            if verdict.keyCount < keys.count { page.objects.removeLast(keys.count - verdict.keyCount) }
            arrivals.yield(
                Fetched(range: job.id, page: page, entries: page.objects.map(source.filter.entry), place: place))
            guard verdict.goesOn else { return }
        }
    }

    /// No page came.
    private func ended(_ job: KeyRanges.Job, _ walk: ListingWalk) {
        state.update { state in
            guard let failure = walk.guessFailure else { return state.isOver = true }
            let repeats = state.ranges.guessFailed(job.id, mayPass: failure.mayPass)
            state.mayRepeat = state.mayRepeat || repeats
        }
    }
}

extension ListingPages.State {
    /// A range's pages are not in order, though they were asked for twice.
    fileprivate mutating func distrust(_ id: Int) {
        if ranges.isCut, ranges.uncut() { mayRepeat = true }
        guard ranges.has(id) else { return }
        isTrusted = false
        mayRepeat = true
    }
}
