import DredgeS3

/// The pages of a listing from one key on, one after the other, and whether they can be believed.
///
/// S3 lists keys in ascending byte order, and each page names the next one. A service, or a cache before it, that
/// repeats a page instead has left another out, and what is in that one looks deleted. So a page that breaks the order
/// is read once more, and if it breaks it again, the listing goes on but is not trusted: nothing may be removed because
/// of it. Nor is it trusted where an entry doesn't tell its key.
struct ListingWalk {
    private let source: OpenSource
    private let hasOrder: Bool
    private var token: String?
    private var startAfter: ObjectKey?
    /// No key that comes may be this one or one before it; nil: any may come.
    private var lastKey: ObjectKey?
    private var highestKey: ObjectKey?
    /// Pages in a row that brought no key above all before.
    private var fruitlessCount = 0
    /// Pages in a row that had no key at all.
    private var emptyCount = 0
    private var hasTold = false
    private var hasToldUnusable = false
    private var cycle = TokenCycle()
    /// Whether no page comes behind the one that was given last.
    private(set) var isAtEnd = false
    /// Whether each page is asked for by the last key of the one before, as long as that has any, not by its token.
    private let asksByKey: Bool
    /// The token of the last page, which said that there is more, where the next one is asked for by key.
    private var keptToken: String?
    /// The token that leads to the next page; nil: there is none.
    var nextToken: String? { token ?? keptToken }
    /// Why a page did not come that was not insisted on.
    private(set) var failure: S3Error?
    /// Objects that the filters let through and that may still come; nil: any number.
    private var countLeft: Int?
    /// Whether nothing can have been left out or repeated so far.
    private(set) var isTrusted = true

    /// - Parameters:
    ///   - key: where the walk begins: behind it; nil: with the first key.
    ///   - asksByKey: whether each page is asked for by the last key of the one before. Then the last page is one
    ///     without keys, whatever those before say.
    ///   - token: another way to the same place: for a walk by keys where the other one fails, else the only one.
    init(_ source: OpenSource, after key: [UInt8]? = nil, token: String? = nil, asksByKey: Bool = false) {
        self.source = source
        self.asksByKey = asksByKey
        hasOrder = source.service.listsInOrder
        countLeft = source.source.objectCountMax
        // The service's own tokens may have expired.
        lastKey = key.map { ObjectKey($0) }
        (startAfter, self.token) = token == nil || asksByKey ? (lastKey, nil) : (nil, token)
        keptToken = asksByKey ? token : nil
    }

    /// The next page, with its objects as far as they may come; nil: there is none, or it failed and was not insisted
    /// on (`failure`), or the source is given up, as where the pages go in a circle, or bring nothing new for too long.
    /// Its memory is taken of what all listings share for as long as `room` of the page is held.
    /// - Parameter insists: whether a page that fails is waited for, and ends the source when it does not come.
    mutating func next(insists: Bool = true) async throws(CancellationError) -> ListPage? {
        if isAtEnd { return nil }
        guard var page = try await list(insists: insists) else { return nil }
        if page.objects.isEmpty, page.continuationToken == nil, let keptToken {
            // Behind the last key there is nothing, and yet there was to be more. Whoever waits for room holds none.
            page = ListPage(objects: [], continuationToken: nil)
            (token, startAfter) = (keptToken, nil)
            guard let again = try await list(insists: insists) else { return nil }
            page = again
        }
        if isTrusted, !follows(page) {
            // Whoever waits for room holds none.
            page = ListPage(objects: [], continuationToken: nil)
            guard let again = try await list(insists: insists) else { return nil }
            page = again
            isTrusted = follows(page)
        }
        if !asksByKey, let next = page.continuationToken, cycle.closes(with: next) {
            source.giveUp(
                endless("goes in a circle: the service gave a continuation token again, so it would never end"))
            return nil
        }
        note(page)
        if page.objects.contains(where: { !$0.isNamed }) { isTrusted = false }
        tellUnusable(page)
        if fruitlessCount > Limits.fruitlessPageCountMax || emptyCount > Limits.emptyPageCountMax {
            source.giveUp(endless("goes on and on: \(fruitless)"))
            return nil
        }
        if fruitlessCount >= Limits.fruitlessPageCountTold, !hasTold {
            hasTold = true
            let countMax = emptyCount == fruitlessCount ? Limits.emptyPageCountMax : Limits.fruitlessPageCountMax
            source.warn("listing \(source.url): \(fruitless); after \(countMax) of them the source is given up")
        }
        lastKey = page.objects.last { $0.isNamed }?.key ?? lastKey
        (token, startAfter) = (page.continuationToken, nil)
        isAtEnd = token == nil
        keptToken = asksByKey ? token : nil
        if asksByKey, let key = page.objects.last(where: \.isNamed)?.key {
            (token, startAfter) = (nil, key)
            isAtEnd = false
        }
        cut(&page.objects)
        return page
    }

    /// What may still come of a page.
    private mutating func cut(_ objects: inout [ListedObject]) {
        if source.source.isOneObject {
            let key = Array(source.source.prefix.utf8)
            let found = objects.filter { $0.isNamed && $0.key.bytes == key }
            // A key comes before all those that it begins.
            if hasOrder || !found.isEmpty { isAtEnd = true }
            objects = found
            return
        }
        guard var left = countLeft else { return }
        for (index, object) in objects.enumerated() where object.isNamed && source.filter.includes(object.key.bytes) {
            left -= 1
            if left <= 0 {
                isAtEnd = true
                objects.removeSubrange((index + 1)...)
                return
            }
        }
        countLeft = left
    }

    private mutating func list(insists: Bool) async throws(CancellationError) -> ListPage? {
        failure = nil
        if startAfter != nil, keptToken != nil {
            if let page = try await ask() { return page }
            (token, startAfter) = (keptToken, nil)
        }
        if insists { return try await source.page(continuationToken: token, startAfter: startAfter) }
        return try await ask()
    }

    /// Asks once.
    private mutating func ask() async throws(CancellationError) -> ListPage? {
        do throws(S3Error) {
            return try await source.tryPage(continuationToken: token, startAfter: startAfter)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            failure = error
            return nil
        }
    }

    /// Whether the page goes on where the one before ended, and leads on to another one.
    private func follows(_ page: ListPage) -> Bool {
        if let next = page.continuationToken, next == token { return false }
        guard hasOrder else { return true }
        var last = lastKey
        for object in page.objects where object.isNamed {
            if let last, object.key <= last { return false }
            last = object.key
        }
        return true
    }

    /// What the last pages were like.
    private var fruitless: String {
        emptyCount >= Limits.fruitlessPageCountTold
            ? "\(emptyCount) pages in a row had no key, as where S3 lists over delete markers"
            : "\(fruitlessCount) pages in a row brought no new key"
    }

    private mutating func note(_ page: ListPage) {
        emptyCount = page.objects.isEmpty ? emptyCount + 1 : 0
        // Without order, the keys tell nothing.
        if !hasOrder, !page.objects.isEmpty { return fruitlessCount = 0 }
        let highest = page.objects.lazy.filter(\.isNamed).map(\.key).max()
        if let highest, highestKey.map({ $0 < highest }) ?? true {
            highestKey = highest
            fruitlessCount = 0
        } else {
            fruitlessCount += 1
        }
    }

    /// One odd entry is one object's failure; a page of nothing else may be the service's.
    private mutating func tellUnusable(_ page: ListPage) {
        guard !hasToldUnusable, let first = page.objects.first?.flaw, page.objects.allSatisfy({ $0.flaw != nil })
        else { return }
        hasToldUnusable = true
        source.warn(
            "listing \(source.url): none of the \(page.objects.count) entries of a page can be used: the first: "
                + first.message)
    }

    private func endless(_ what: String) -> RunError {
        RunError(
            code: .service, source: source.source.name, step: "list \(source.url)", message: "The listing \(what).",
            advice: "Run again. If it stays so, tell who runs the service, or a cache in front of it.")
    }
}

extension OpenSource {
    /// Whether its listing can be cut into ranges, and gone on with behind a key: not where the listing has an end of
    /// its own, because what came before would have to be counted.
    var hasRanges: Bool { service.listsInOrder && source.objectCountMax == nil && !source.isOneObject }
}

extension Source {
    /// Whether the bucket is one whose listing has no order: a directory bucket, or an access point of one. Their names
    /// end so ("Directory bucket naming rules", Amazon S3 User Guide).
    var isInDirectoryBucket: Bool { bucket.hasSuffix("--x-s3") || bucket.hasSuffix("--xa-s3") }
}

/// Finds out when a sequence of tokens begins to repeat itself, keeping one of them (Brent's algorithm): after at most
/// three times as many as there are different ones.
struct TokenCycle {
    private var kept: String?
    private var stepCount = 0
    private var stepCountMax = 1

    /// Whether `token` has come before.
    mutating func closes(with token: String) -> Bool {
        if token == kept { return true }
        stepCount += 1
        if stepCount == stepCountMax {
            kept = token
            stepCount = 0
            stepCountMax *= 2
        }
        return false
    }
}
