import DredgeLedger
import DredgeS3

/// The ranges of keys that a listing is cut into, each of which somebody lists from its first page to its last one, and
/// where each of them is.
///
/// Whoever has nothing to list cuts the range where most is expected, at a key that `KeySpace` guesses, and lists what
/// is behind it. A guess may be wrong in any way: then one part has much and the other nothing, and the next cut is a
/// better one. A listing of few pages is never cut.
///
/// What a service says behind a guessed key is held against what it says before it: a range ends only at a page that
/// goes past its end, and the first key there must be the first one of the range behind. A range of which no page has
/// come when the one in front of it gets there is given up, and the one in front goes on.
struct KeyRanges {
    /// A range that is not recorded to its end, or that the range in front of it has not met.
    private struct Open {
        let id: Int
        /// Where the range begins: behind this key.
        let after: [UInt8]?
        /// How near its keys are: in its last page, `keyCount` of them were from here to `fetched`.
        var start: [UInt8]
        var keyCount = 0.0
        /// Keys that came of it.
        var totalCount = 0.0
        /// Everything up to this key was fetched; nil: nothing.
        var fetched: [UInt8]?
        /// Everything up to this key was recorded; nil: nothing.
        var recorded: [UInt8]?
        var last: [UInt8]?
        /// The most that may be expected of it.
        var countMax = 0.0
        /// Keys that are expected to come of it.
        var expectedCount = 0.0
        /// The first key that the service has behind `after`, wherever the range ends; nil: it has none.
        var firstKey: [UInt8]?
        /// Whether it begins at a guess.
        let isGuess: Bool
        var hasPage = false
        /// Leads behind `fetched`, where somebody gave the range back.
        var token: String?
        var isTaken = false
        var isFetched = false
        /// Pages that were fetched and are not recorded.
        var waitingCount = 0

        init(id: Int, _ range: KeyRange, isGuess: Bool) {
            self.id = id
            self.isGuess = isGuess
            after = range.after
            start = range.after ?? []
            fetched = range.after
            recorded = range.after
            last = range.last
        }

        var isDone: Bool { isFetched && waitingCount == 0 }
    }
    /// Something to ask for.
    enum Job: Sendable, Hashable {
        /// The pages of a range. `isGuess`: no page of it has come, and nothing depends on the first one.
        /// `token`: another way to ask for its next page; nil: there is none.
        case list(id: Int, KeyRange, token: String?, isGuess: Bool)
        /// A page behind `after`, of which it is known that it begins with `first`.
        case trial(after: [UInt8], first: [UInt8])
    }
    /// What is to become of a page.
    enum Verdict: Sendable, Hashable {
        /// So many of its keys are in the range, which goes on behind it or not.
        case taken(keyCount: Int, goesOn: Bool)
        /// The range is no longer one: the page is not wanted.
        case dropped
        /// It contradicts what came behind this key before: what is there now is to be asked for (`found`), and the
        /// page to be given once more.
        case doubt(behind: [UInt8])
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
    private(set) var isProven = false
    /// A key, and the one that comes next.
    private var neighbours: (key: [UInt8], next: [UInt8])?
    private var isInTrial = false
    private var failedTrialCount = 0
    private var failedGuessCount = 0
    private var emptyGuessCount = 0
    private var guessCount = 0

    /// Pages before the first cut: few pages come as fast from one request after the other, and cost nothing for
    /// guesses.
    static let pageCountAlone = 4
    /// What is expected of a range is at most so many times what came of it: what is behind may be empty.
    private static let trust = 8.0
    /// Trials that may fail before the listing is not cut.
    private static let failedTrialCountMax = 3
    /// Guesses that may fail before it is not cut any more.
    private static let failedGuessCountMax = 32
    /// Guesses that may hit nothing: so many for each page…
    private static let emptyGuessesPerPage = 8
    /// …but no more than these, and one more for so many pages.
    private static let emptyGuessCountMax = 256
    private static let pagesPerEmptyGuess = 8

    /// - Parameters:
    ///   - left: the ranges to begin with, in order.
    ///   - prefixByteCount: bytes that all keys begin with.
    ///   - cuts: whether there may be more of them.
    init(_ left: [KeyRange], prefixByteCount: Int, cuts: Bool) {
        open = left.enumerated().map { Open(id: $0, $1, isGuess: false) }
        nextID = left.count
        space = KeySpace(prefixByteCount: prefixByteCount)
        self.cuts = cuts
    }

    /// Whether there are, or may have been, several ranges.
    var isCut: Bool { nextID > 1 && !isUncut }
    private var isUncut = false

    /// Whether nothing is left to fetch.
    var isFetched: Bool { open.allSatisfy(\.isFetched) }

    /// What is not recorded yet. A range that begins at a guess is one only when a page of it came: until then it
    /// belongs to the one in front, so that whoever goes on begins at no guess.
    var left: [KeyRange] {
        var left: [KeyRange] = []
        for range in open where !range.isDone {
            if range.isGuess, !range.hasPage, let front = left.last, front.last == range.after {
                left[left.count - 1].last = range.last
            } else {
                left.append(KeyRange(after: range.recorded, last: range.last))
            }
        }
        return left
    }

    // MARK: Who lists what

    /// Something to ask for; nil: there is nothing for now.
    mutating func next() -> Job? {
        if let index = open.firstIndex(where: { !$0.isTaken && !$0.isFetched }) {
            open[index].isTaken = true
            return .list(
                id: open[index].id, KeyRange(after: open[index].fetched, last: open[index].last),
                token: open[index].token, isGuess: false)
        }
        guard cuts, pageCount >= Self.pageCountAlone else { return nil }
        guard isProven else { return trial() }
        guard
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

    /// Some services do not know `start-after`, others only keys that there are.
    private mutating func trial() -> Job? {
        guard !isInTrial, let (key, next) = neighbours else { return nil }
        isInTrial = true
        let between = key + [UInt8(ascii: "!")]
        return .trial(after: between.lexicographicallyPrecedes(next) ? between : key, first: next)
    }

    /// How a trial ended.
    mutating func triedOut(isRight: Bool, mayPass: Bool = false) {
        isInTrial = false
        isProven = isRight
        if isRight { return }
        failedTrialCount += 1
        if !mayPass || failedTrialCount == Self.failedTrialCountMax { cuts = false }
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
        var behind = Open(id: nextID, KeyRange(after: key, last: range.last), isGuess: true)
        behind.isTaken = true
        nextID += 1
        open[index].last = key
        open.insert(behind, at: index + 1)
        // Until the next page of it tells more.
        open[index].expectedCount = 0
        return .list(id: behind.id, KeyRange(after: key, last: behind.last), token: nil, isGuess: true)
    }

    // MARK: What came

    /// A page of a range came, with these keys in order; `isLast`: the service has no other behind it.
    mutating func fetched(_ id: Int, _ keys: [[UInt8]], isLast: Bool) -> Verdict {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return .dropped }
        pageCount += 1
        pageKeyCount = max(pageKeyCount, Double(keys.count))
        for key in [keys.first, keys.dropFirst(keys.count / 2).first, keys.last] { key.map { space.see($0) } }
        if let key = open[index].fetched, let next = keys.first, key != open[index].after { neighbours = (key, next) }
        let isFirst = !open[index].hasPage
        if isFirst {
            open[index].hasPage = true
            open[index].firstKey = keys.first
        }
        guard meetsNext(index, keys, isLast: isLast) else { return .doubt(behind: open[index].last ?? []) }

        let last = open[index].last
        // Mostly all of them.
        let isWhole = keys.last.flatMap { key in last.map { !$0.lexicographicallyPrecedes(key) } } ?? true
        let keyCount = isWhole ? keys.count : keys.count { !last!.lexicographicallyPrecedes($0) }
        let goesOn = isWhole && !isLast
        if isFirst, open[index].isGuess, keyCount == 0 { emptyGuessCount += 1 }
        if keyCount > 0 {
            open[index].start = keys[0]
            open[index].keyCount = Double(keyCount)
            open[index].fetched = keys[keyCount - 1]
        }
        open[index].totalCount += Double(keyCount)
        open[index].countMax = Self.trust * max(open[index].totalCount, Double(Self.pageCountAlone) * pageKeyCount)
        open[index].isFetched = !goesOn
        open[index].waitingCount += 1
        expect(index)
        return .taken(keyCount: keyCount, goesOn: goesOn)
    }

    /// Holds a page that goes to the end of its range, or past it, against the first page of the next one. Ranges of
    /// which no page has come go over to this one.
    /// - Returns: whether both say the same.
    private mutating func meetsNext(_ index: Int, _ keys: [[UInt8]], isLast: Bool) -> Bool {
        while let end = open[index].last, index + 1 < open.count, open[index + 1].after == end {
            let first = keys.first { end.lexicographicallyPrecedes($0) }
            guard first != nil || isLast else { return true }
            if open[index + 1].hasPage { return open[index + 1].firstKey == first }
            giveUp(index + 1)
        }
        return true
    }

    /// The first key that the service has behind another one now, as objects may have come and gone.
    mutating func found(_ first: [UInt8], behind key: [UInt8]) {
        if let index = open.firstIndex(where: { $0.after == key }) { open[index].firstKey = first }
    }

    /// The range in front goes on to where this one ends.
    private mutating func giveUp(_ index: Int) {
        open[index - 1].last = open[index].last
        open.remove(at: index)
    }

    /// A page of a range was recorded, up to this key (nil: it had none).
    mutating func recorded(_ id: Int, upTo key: [UInt8]?) {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return }
        open[index].waitingCount -= 1
        if let key { open[index].recorded = key }
        // One that the range in front has not met stays.
        while let index = open.indices.first(where: { open[$0].isDone && !isBehindAnother($0) }) {
            open.remove(at: index)
        }
    }

    private func isBehindAnother(_ index: Int) -> Bool {
        index > 0 && open[index].isGuess && open[index - 1].last == open[index].after && !open[index - 1].isFetched
    }

    /// The first page behind a guess did not come. `mayPass`: that may be chance.
    mutating func guessFailed(_ id: Int, mayPass: Bool) {
        guard let index = open.firstIndex(where: { $0.id == id }), index > 0,
            open[index - 1].last == open[index].after
        else { return giveBack(id, token: nil) }
        giveUp(index)
        expect(index - 1)
        failedGuessCount += mayPass ? 1 : Self.failedGuessCountMax / 4
        if failedGuessCount >= Self.failedGuessCountMax { cuts = false }
    }

    /// Somebody else goes on with a range.
    mutating func giveBack(_ id: Int, token: String?) {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return }
        open[index].isTaken = false
        open[index].token = token
    }

    /// The service does not list alike from one key on and from another, or not in order: all is listed once more, one
    /// page after the other.
    mutating func uncut() {
        cuts = false
        isUncut = true
        open = [Open(id: nextID, KeyRange(), isGuess: false)]
        nextID += 1
    }
}
