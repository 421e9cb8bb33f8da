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
/// takes for any key, and ends where the next one begins. A service that does not know it is found out by a trial. One
/// that says something else from one key on than from another, or lists in no order, is found out by the keys that it
/// gives, and all is listed once more, one page after the other.
///
/// When a page fails, half as many are asked for at once from there on, and slowly more again. One that is asked for
/// alone is waited for, as `OpenSource.page` does it.
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
        /// Listers that are at work, and how many may be.
        var activeCount = 0
        var activeCountMax: Int
        /// Pages that were taken and are not among those that wait to be recorded.
        var unsentCount = 0
        /// Pages that came since that was changed, and after how many one more lister may be at work.
        var pageCount = 0
        var raisePageCount = Limits.listRaisePageCountMin
        var doubtCount = 0
        var hasSlowedDown = false
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
        state = Monitor(
            State(ranges: ranges, mayRepeat: !source.service.listsInOrder, activeCountMax: listerCount), order: .any)
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
            // Guesses that nobody waits for any more may still be under way.
            group.cancelAll()
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
            while let job = try await nextJob() {
                switch job {
                case .trial(let key, let first): try await tryOut(key, first)
                case .list(let id, let range, let token, let isGuess):
                    try await list(id, range, token, isGuess: isGuess, arrivals)
                }
                state.update { $0.activeCount -= 1 }
                // Others may still wait for guesses that nobody needs any more.
                if state.read({ $0.isDone }) { arrivals.finish() }
            }
        } catch {
            // Whoever reads the pages is told.
        }
    }

    /// What to ask for next; nil: nothing more. Waits while others may leave something.
    private func nextJob() async throws(CancellationError) -> KeyRanges.Job? {
        try await state.wait { state -> KeyRanges.Job?? in
            if state.isOver || state.ranges.isFetched { return .some(nil) }
            guard state.activeCount < state.activeCountMax, let job = state.ranges.next() else { return nil }
            state.activeCount += 1
            return .some(job)
        }
    }

    /// Asks for a page behind a key of which the next one is known.
    private func tryOut(_ key: [UInt8], _ first: [UInt8]) async throws(CancellationError) {
        do throws(S3Error) {
            let page = try await source.tryPage(continuationToken: nil, startAfter: ObjectKey(key))
            // What is wrong may be chance: objects come and go.
            let isRight = page.objects.first { $0.isNamed }?.key.bytes == first
            state.update { $0.ranges.triedOut(isRight: isRight, mayPass: true) }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            state.update { $0.ranges.triedOut(isRight: false, mayPass: error.mayPass) }
        }
    }

    private func list(
        _ id: Int, _ range: KeyRange, _ token: String?, isGuess: Bool, _ arrivals: AsyncStream<Fetched>.Continuation
    ) async throws(CancellationError) {
        let asksByKey = state.read { $0.ranges.isProven } && range.after != nil
        var walk = ListingWalk(source, after: range.after, token: token, asksByKey: asksByKey)
        var isUnsure = isGuess
        while true {
            let place = try await waiting.take()
            // Others that are still under way could be why it fails.
            let insists = state.read { state in
                !isUnsure && (!state.ranges.isCut || (state.activeCountMax == 1 && state.activeCount == 1))
            }
            guard source.failure == nil, var page = try await walk.next(insists: insists) else {
                return state.update { $0.failed(id, isGuess: isUnsure, walk.failure, token: walk.nextToken) }
            }
            isUnsure = false
            let keys = page.objects.filter(\.isNamed).map(\.key.bytes)
            let isTrusted = walk.isTrusted
            var verdict = state.update { $0.fetched(id, keys, isLast: walk.isAtEnd, isTrusted: isTrusted) }
            if case .doubt(let key) = verdict {
                let first: [UInt8]?
                // Whoever waits for room holds none: of each lister, one page is beside it here.
                page.room = nil
                do throws(S3Error) {
                    let behind = try await source.tryPage(continuationToken: nil, startAfter: ObjectKey(key))
                    first = behind.objects.first { $0.isNamed }?.key.bytes
                } catch {
                    if Task.isCancelled { throw CancellationError() }
                    return state.update { $0.stayedInDoubt(id, error) }
                }
                verdict = state.update { state in
                    if let first { state.ranges.found(first, behind: key) }
                    return state.fetched(id, keys, isLast: walk.isAtEnd, isTrusted: isTrusted)
                }
            }
            switch verdict {
            case .dropped: return
            case .doubt: return state.update { $0.uncut() }
            case .taken(let keyCount, let goesOn):
                if keyCount < keys.count { page.objects.removeLast(keys.count - keyCount) }
                arrivals.yield(
                    Fetched(range: id, page: page, entries: page.objects.map(source.filter.entry), place: place))
                state.update { $0.unsentCount -= 1 }
                guard goesOn, !state.update({ $0.gaveBack(id, token: walk.nextToken) }) else { return }
            }
        }
    }
}

extension ListingPages.State {
    fileprivate mutating func fetched(
        _ id: Int, _ keys: [[UInt8]], isLast: Bool, isTrusted: Bool
    ) -> KeyRanges.Verdict {
        if !isTrusted {
            // Its pages are not in order, though they were asked for twice.
            if ranges.isCut { uncut() } else { (self.isTrusted, mayRepeat) = (false, true) }
        }
        pageCount += 1
        if pageCount >= raisePageCount, activeCountMax < Limits.listCountInFlight, hasSlowedDown {
            activeCountMax += 1
            pageCount = 0
        }
        let verdict = ranges.fetched(id, keys, isLast: isLast)
        if case .taken = verdict { unsentCount += 1 }
        return verdict
    }

    /// Whether no page comes that is wanted.
    fileprivate var isDone: Bool { (isOver || ranges.isFetched) && unsentCount == 0 }

    /// Whether the service contradicts itself could not be asked: the page is asked for again, but not for ever.
    fileprivate mutating func stayedInDoubt(_ id: Int, _ failure: S3Error) {
        doubtCount += 1
        if doubtCount > Limits.listDoubtCountMax { uncut() } else { failed(id, isGuess: false, failure, token: nil) }
    }

    fileprivate mutating func uncut() {
        ranges.uncut()
        mayRepeat = true
    }

    /// A page did not come. nil: because the source is given up.
    fileprivate mutating func failed(_ id: Int, isGuess: Bool, _ failure: S3Error?, token: String?) {
        guard let failure else { return isOver = true }
        if isGuess { ranges.guessFailed(id, mayPass: failure.mayPass) } else { ranges.giveBack(id, token: token) }
        if isGuess, !failure.mayPass { return }
        // What does not pass is for whoever asks alone to judge.
        activeCountMax = failure.mayPass ? max(1, min(activeCount, activeCountMax) / 2) : 1
        pageCount = 0
        if hasSlowedDown { raisePageCount = min(2 * raisePageCount, Limits.listRaisePageCountMax) }
        hasSlowedDown = true
    }

    /// Whether the lister of a range gave it back, because more are at work than may be.
    fileprivate mutating func gaveBack(_ id: Int, token: String?) -> Bool {
        guard activeCount > activeCountMax else { return false }
        ranges.giveBack(id, token: token)
        return true
    }
}
