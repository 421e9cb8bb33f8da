import DredgeLedger
import DredgeS3
import Synchronization
import Testing

@testable import Dredge

/// Listings of many pages, which are cut into ranges.
@Suite struct ListingPagesTests {
    private typealias PageService = ListingWalkTests.PageService

    /// In order; pages have ten of them.
    private static let keys = (0..<3_000).map { number in
        let digits = String(number * 7)
        return "data/" + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// A page of `keys`. A token is the number of keys before the page.
    private static func page(_ token: String?, after key: ObjectKey?) -> PageService.Answer {
        let start = token.flatMap(Int.init) ?? key.flatMap { key in keys.firstIndex { ObjectKey($0) > key } } ?? 0
        let isBehind = token == nil && key.map { $0 >= ObjectKey(keys.last!) } ?? false
        let end = min(keys.count, start + 10)
        return isBehind ? ([], nil) : (Array(keys[start..<end]), end < keys.count ? String(end) : nil)
    }

    /// What came.
    private struct Listed {
        var keys: [String] = []
        var left: [[KeyRange]?] = []
        var isTrusted = false
        var mayRepeat = false
        var failure: RunError?
    }

    private func list(_ service: PageService, left: [KeyRange] = [KeyRange()], upTo count: Int = .max) async throws
        -> Listed
    {
        struct Stop: Error {}
        var listed = Listed()
        let source = try ListingWalkTests.source(service)
        do {
            listed.isTrusted = try await ListingPages(source, left: left).read { page in
                listed.keys += page.objects.map(\.key.description)
                #expect(page.entries.map(\.key) == page.objects.map(\.key.bytes))
                listed.left.append(page.left)
                listed.mayRepeat = listed.mayRepeat || page.mayRepeat
                if listed.keys.count >= count { throw Stop() }
            }
        } catch is Stop {}
        listed.failure = source.failure
        return listed
    }

    @Test func `a long listing is cut, and gives every key once`() async throws {
        let service = PageService { _, token, after in Self.page(token, after: after) }
        let listed = try await list(service)
        #expect(listed.keys.sorted() == Self.keys && listed.keys != Self.keys)
        #expect(listed.isTrusted && !listed.mayRepeat && listed.failure == nil)
        #expect(listed.left.last == .some([]))
        #expect(service.requestCount < 600, "\(service.requestCount) requests for 300 pages")
    }

    @Test func `one of few pages is not cut`() async throws {
        let count = KeyRanges.pageCountAlone * 10
        let service = PageService { _, token, after in
            let (keys, next) = Self.page(token, after: after)
            return (keys, next == String(count) ? nil : next)
        }
        #expect(try await list(service).keys == Array(Self.keys.prefix(count)))
        #expect(service.requestCount == KeyRanges.pageCountAlone)
    }

    @Test(arguments: [50, 200, 900, 2_990])
    func `a listing that was cut off goes on with what was left of it`(count: Int) async throws {
        let service = PageService { _, token, after in Self.page(token, after: after) }
        let first = try await list(service, upTo: count)
        let left = try #require(first.left.last ?? nil)
        let second = try await list(service, left: left)
        #expect((first.keys + second.keys).sorted() == Self.keys)
        #expect(second.isTrusted && second.left.last == .some([]))
    }

    @Test func `a service that does not begin behind a key is asked for one page after the other`() async throws {
        let service = PageService { _, token, _ in Self.page(token, after: nil) }
        let listed = try await list(service)
        #expect(listed.keys == Self.keys && listed.isTrusted && !listed.mayRepeat)
        // Three trials.
        #expect(service.requestCount <= 300 + 3)
    }

    @Test(arguments: [S3Error.Code.other, .accessDenied, .serviceFailure, .malformedAnswer])
    func `nor is one that refuses to`(code: S3Error.Code) async throws {
        let service = PageService({ _, token, after in Self.page(token, after: after) }) { _, _, after in
            after == nil ? nil : code
        }
        let listed = try await list(service)
        #expect(listed.keys == Self.keys && listed.isTrusted && listed.failure == nil)
    }

    @Test func `a guess that fails for a moment is asked for again`() async throws {
        let failed = Mutex<Set<String>>([])
        let service = PageService({ _, token, after in Self.page(token, after: after) }) { _, _, after in
            guard let after else { return nil }
            return failed.withLock { $0.insert(after.description).inserted } ? .throttled : nil
        }
        let listed = try await list(service)
        #expect(listed.keys.sorted() == Self.keys && listed.isTrusted && listed.failure == nil)
    }

    @Test(arguments: [40, 100, 250])
    func `one that breaks the order later is listed to its end, and every key comes`(number: Int) async throws {
        // From one request on, pages that begin behind a key have the first keys again.
        let service = PageService { request, token, after in
            token == nil && request >= number ? Self.page(nil, after: nil) : Self.page(token, after: after)
        }
        let listed = try await list(service)
        #expect(Set(listed.keys) == Set(Self.keys))
        #expect(listed.mayRepeat || listed.keys.count == Self.keys.count)
    }

    /// Ways in which a service answers differently from a key on than from a token.
    enum Lie: String, CaseIterable {
        /// Only a key that there is can be begun behind; else nothing is there.
        case knowsOwnKeysOnly
        /// Nothing is behind any key, but for the first twenty that it is asked for.
        case emptyLater
        /// A page behind a key is the last one.
        case onePage
        /// Some keys behind the one that is asked for are left out.
        case leavesOut
    }

    @Test(arguments: Lie.allCases)
    func `a service that lists otherwise from a key on loses no key`(lie: Lie) async throws {
        let asked = Mutex(0)
        let service = PageService { _, token, after in
            var answer = Self.page(token, after: after)
            guard token == nil, let after else { return answer }
            let number = asked.withLock { count in
                count += 1
                return count
            }
            switch lie {
            case .knowsOwnKeysOnly: if !Self.keys.contains(after.description) { answer = ([], nil) }
            case .emptyLater: if number > 20 { answer = ([], nil) }
            case .onePage: answer.token = nil
            case .leavesOut: if number > 3 { answer.keys.removeFirst(min(2, answer.keys.count)) }
            }
            return answer
        }
        let listed = try await list(service)
        #expect(Set(listed.keys) == Set(Self.keys) && listed.failure == nil)
        #expect(listed.mayRepeat || listed.keys.count == Self.keys.count)
    }

    @Test func `objects that come and go at the end of a range are no lie`() async throws {
        // Each time that it is asked for, the bucket has one key more, and the one before no more.
        let service = PageService { number, token, after in
            var answer = Self.page(token, after: after)
            let last = answer.keys.last ?? "data/"
            if token != nil || after != nil { answer.keys.append(last + "-\(number)") }
            return answer
        }
        let listed = try await list(service)
        #expect(Set(listed.keys).isSuperset(of: Self.keys) && listed.failure == nil)
    }

    @Test func `a service that takes one request at a time is listed to its end`() async throws {
        let inFlight = Mutex(0)
        let service = PageService(
            { _, token, after in
                inFlight.withLock { $0 -= 1 }
                return Self.page(token, after: after)
            },
            fault: { _, _, _ in
                inFlight.withLock { count in
                    if count >= 1 { return .throttled }
                    count += 1
                    return nil
                }
            })
        let listed = try await list(service)
        #expect(listed.keys.sorted() == Self.keys && listed.isTrusted && listed.failure == nil)
    }

    @Test func `guesses that always fail are given up, and no resumed run begins at one`() async throws {
        let isKey = Set(Self.keys)
        let service = PageService({ _, token, after in Self.page(token, after: after) }) { _, token, after in
            guard token == nil, let after, !after.description.hasSuffix("!") else { return nil }
            return isKey.contains(after.description) ? nil : .serviceFailure
        }
        let listed = try await list(service)
        #expect(Set(listed.keys) == isKey && listed.keys.count == isKey.count && listed.failure == nil)
        for left in listed.left {
            #expect(
                left?.allSatisfy { $0.after.map { isKey.contains(String(decoding: $0, as: UTF8.self)) } ?? true }
                    == true)
        }
    }

    @Test func `a source that is given up ends all ranges`() async throws {
        let service = PageService({ _, token, after in Self.page(token, after: after) }) { number, _, _ in
            number >= 100 ? .noSuchBucket : nil
        }
        let listed = try await list(service)
        #expect(listed.failure?.code != nil && listed.keys.count < Self.keys.count)
        #expect(Set(listed.keys).count == listed.keys.count)
    }
}
