import DredgeLedger
import DredgeS3

/// The ranges of keys that a listing is cut into, each of which somebody lists from its first page to its last one, and
/// where each of them is.
///
/// Whoever has nothing to list cuts the range where most is expected, at a key that `KeySpace` guesses, and lists what
/// is behind it. A guess may be wrong in any way: then one part has much and the other nothing, and the next cut is a
/// better one. A listing of few pages is never cut.
struct KeyRanges {
    /// A range that is not recorded to its end.
    private struct Open {
        let id: Int
        /// How near its keys are: in its last page, `keyCount` of them were from here to `fetched`.
        var start: [UInt8]
        var keyCount: Double
        /// Keys that came of it.
        var totalCount = 0.0
        /// Everything up to this key was fetched; nil: nothing.
        var fetched: [UInt8]?
        /// Everything up to this key was recorded; nil: nothing.
        var recorded: [UInt8]?
        var last: [UInt8]?
        /// The most that may be expected of it.
        var countMax: Double
        /// Keys that are expected to come of it.
        var expectedCount = 0.0
        var hasPage = false
        var isTaken = false
        var isFetched = false
        /// Pages that were fetched and are not recorded.
        var waitingCount = 0
    }
    /// A range to list.
    struct Job: Sendable, Hashable {
        let id: Int
        let range: KeyRange
        /// Whether it begins at a key that was guessed, rather than where pages ended.
        let isGuess: Bool
    }
    /// What is to become of a page.
    struct Verdict: Sendable, Hashable {
        /// How many of its keys are in the range.
        let keyCount: Int
        /// Whether the range goes on behind it.
        let goesOn: Bool
    }

    private var open: [Open]
    private var space: KeySpace
    private var nextID: Int
    /// Whether ranges may be cut.
    private var cuts: Bool
    private var pageCount = 0
    /// Keys of the largest page so far.
    private var pageKeyCount = 1.0
    /// Whether the service was seen to begin behind a key that it was given.
    private var isProven = false
    /// The first guess, until it is answered: the range that it begins, and where the one before it ended.
    private var trial: (id: Int, last: [UInt8]?)?
    private var failedTrialCount = 0
    private var emptyGuessCount = 0
    private var guessCount = 0

    /// Pages before the first cut: few pages come as fast from one request after the other, and cost nothing for
    /// guesses.
    static let pageCountAlone = 4
    /// What is expected of a range is at most so many times what came of it: what is behind may be empty.
    private static let trust = 8.0
    /// First guesses that may fail before the listing is not cut.
    private static let failedTrialCountMax = 3
    /// Guesses that may hit nothing: so many for each page…
    private static let emptyGuessesPerPage = 8
    /// …but no more than these, and one more for so many pages.
    private static let emptyGuessCountMax = 256
    private static let pagesPerEmptyGuess = 8

    /// - Parameters:
    ///   - left: the ranges to begin with.
    ///   - prefixByteCount: bytes that all keys begin with.
    ///   - cuts: whether there may be more of them.
    init(_ left: [KeyRange], prefixByteCount: Int, cuts: Bool) {
        open = left.enumerated().map { id, range in
            Open(
                id: id, start: range.after ?? [], keyCount: 0, fetched: range.after, recorded: range.after,
                last: range.last, countMax: 0)
        }
        nextID = left.count
        space = KeySpace(prefixByteCount: prefixByteCount)
        self.cuts = cuts
    }

    /// Whether there are, or may have been, several ranges.
    var isCut: Bool { cuts && nextID > 1 }

    /// Whether nothing is left to fetch.
    var isFetched: Bool { open.allSatisfy(\.isFetched) }

    /// What is not recorded yet.
    var left: [KeyRange] { open.map { KeyRange(after: $0.recorded, last: $0.last) } }

    // MARK: Who lists what

    /// A range to list, of those that are there or by a cut; nil: there is none for now.
    mutating func next() -> Job? {
        if let index = open.firstIndex(where: { !$0.isTaken && !$0.isFetched }) {
            open[index].isTaken = true
            return Job(
                id: open[index].id, range: KeyRange(after: open[index].fetched, last: open[index].last),
                isGuess: false)
        }
        guard cuts, isProven || trial == nil, pageCount >= Self.pageCountAlone,
            emptyGuessCount < min(Self.emptyGuessesPerPage * pageCount, Self.emptyGuessCountMax)
                + pageCount / Self.pagesPerEmptyGuess
        else { return nil }
        while let index = open.indices.max(by: { open[$0].expectedCount < open[$1].expectedCount }),
            open[index].expectedCount >= 2 * pageKeyCount
        {
            if let job = cut(index) { return job }
            // Nothing is between its bounds that could be told.
            open[index].expectedCount = 0
        }
        return nil
    }

    private mutating func expect(_ index: Int) {
        let range = open[index]
        guard !range.isFetched, let low = range.fetched, range.keyCount > 0 else {
            return open[index].expectedCount = 0
        }
        let ratio = space.ratio(from: range.start, over: low, to: range.last)
        open[index].expectedCount = min(ratio * range.keyCount, range.countMax)
    }

    /// Cuts a range in two, and gives out the second one; nil: there is no key to cut it at.
    private mutating func cut(_ index: Int) -> Job? {
        let range = open[index]
        guard let low = range.fetched else { return nil }
        guessCount += 1
        let ratio = space.ratio(from: range.start, over: low, to: range.last)
        var key: [UInt8]?
        // Where the end is far, the keys may be near, or anywhere. Of several shares of such guesses that were tried on
        // keys of numbers, dates, random digits and names, a third took the fewest requests.
        if ratio > 16, guessCount.isMultiple(of: 3) { key = space.step(from: range.start, over: low, to: range.last) }
        key = key ?? space.middle(of: low, range.last)
        guard let key else { return nil }
        var behind = Open(
            id: nextID, start: key, keyCount: 0, fetched: key, recorded: key, last: range.last, countMax: 0)
        behind.isTaken = true
        if !isProven { trial = (nextID, range.last) }
        nextID += 1
        open[index].last = key
        open.insert(behind, at: index + 1)
        // Until the next page of it tells more.
        open[index].expectedCount = 0
        return Job(id: behind.id, range: KeyRange(after: key, last: behind.last), isGuess: true)
    }

    // MARK: What came

    /// A page of a range came, with these keys in order; `isLast`: the service has no other behind it.
    /// - Returns: nil: the range is no longer one, and its pages are not wanted.
    mutating func fetched(_ id: Int, _ keys: [[UInt8]], isLast: Bool) -> Verdict? {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return nil }
        if id == trial?.id { (isProven, trial) = (true, nil) }
        pageCount += 1
        pageKeyCount = max(pageKeyCount, Double(keys.count))
        for key in [keys.first, keys.dropFirst(keys.count / 2).first, keys.last] { key.map { space.see($0) } }
        dropTrial(behind: index, at: keys.last, isLast: isLast)
        let last = open[index].last
        // Mostly all of them.
        let isWhole = keys.last.flatMap { key in last.map { !$0.lexicographicallyPrecedes(key) } } ?? true
        let keyCount = isWhole ? keys.count : keys.count { !last!.lexicographicallyPrecedes($0) }
        let goesOn = isWhole && !isLast && (keys.last.map { $0 != last } ?? true)
        if !open[index].hasPage {
            if keyCount == 0 { emptyGuessCount += 1 }
            open[index].hasPage = true
        }
        if keyCount > 0 {
            open[index].start = keys[0]
            open[index].keyCount = Double(keyCount)
        }
        open[index].totalCount += Double(keyCount)
        open[index].countMax = Self.trust * max(open[index].totalCount, Double(Self.pageCountAlone) * pageKeyCount)
        if keyCount > 0 { open[index].fetched = keys[keyCount - 1] }
        open[index].isFetched = !goesOn
        open[index].waitingCount += 1
        expect(index)
        return Verdict(keyCount: keyCount, goesOn: goesOn)
    }

    /// A page of a range was recorded, up to this key (nil: it had none).
    mutating func recorded(_ id: Int, upTo key: [UInt8]?) {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return }
        open[index].waitingCount -= 1
        if let key { open[index].recorded = key }
        if open[index].isFetched, open[index].waitingCount == 0 { open.remove(at: index) }
    }

    /// The first page behind a guess did not come. `mayPass`: that may be chance; whoever goes on asks for the page as
    /// for any other.
    /// - Returns: whether keys may come again that came before.
    mutating func guessFailed(_ id: Int, mayPass: Bool) -> Bool {
        guard id == trial?.id else {
            if !mayPass { return uncut() }
            if let index = open.firstIndex(where: { $0.id == id }) { open[index].isTaken = false }
            return false
        }
        // A service may not know what it is asked for.
        failedTrialCount += 1
        dropTrial()
        if !mayPass || failedTrialCount == Self.failedTrialCountMax { cuts = false }
        return false
    }

    /// The pages of a range, the last one of which ends with `key`, came to what the first guess was to list, before
    /// that was answered. Nobody knows whether it will be.
    private mutating func dropTrial(behind index: Int, at key: [UInt8]?, isLast: Bool) {
        guard let trial, index + 1 < open.count, open[index + 1].id == trial.id, let last = open[index].last
        else { return }
        if isLast || key.map({ !$0.lexicographicallyPrecedes(last) }) ?? false { dropTrial() }
    }

    /// The range before it goes on to where it ended.
    private mutating func dropTrial() {
        guard let trial, let index = open.firstIndex(where: { $0.id == trial.id }), index > 0 else { return }
        open[index - 1].last = trial.last
        open.remove(at: index)
        self.trial = nil
    }

    /// The service does not begin behind a key that it is given, or does not list in order: from the first key on that
    /// is not fetched, one page after the other is asked for.
    /// - Returns: whether keys may come again that came before.
    mutating func uncut() -> Bool {
        cuts = false
        guard trial == nil else {
            dropTrial()
            return false
        }
        guard let first = open.firstIndex(where: { !$0.isFetched }) else { return false }
        // What stands before it waits to be recorded.
        let rest = Open(
            id: nextID, start: [], keyCount: 0, fetched: open[first].fetched, recorded: open[first].recorded,
            last: nil, countMax: 0)
        nextID += 1
        open.replaceSubrange(first..., with: [rest])
        return true
    }

    /// Whether the range is still one.
    func has(_ id: Int) -> Bool { open.contains { $0.id == id } }
}
