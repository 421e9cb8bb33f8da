import DredgeBase
import DredgeS3
import DredgeTransfer
import Synchronization
import Testing
import SimulatedWorld
import TestServers

@testable import Dredge

/// What is believed of a listing, and what is not.
@Suite struct ListingWalkTests {
    /// A listing whose pages a closure makes of token and `start-after`, with the number of the request from 0.
    final class PageService: ObjectService {
        typealias Answer = (keys: [String], token: String?)
        /// An entry that doesn't tell its key.
        static let unnamed = "(unnamed)"
        let answer: @Sendable (Int, String?, ObjectKey?) -> Answer
        private let count = Mutex(0)
        let listsInOrder: Bool
        var requestCount: Int { count.withLock { $0 } }

        /// Why a request fails; nil: it does not.
        private let fault: @Sendable (Int, String?, ObjectKey?) -> S3Error.Code?

        init(
            _ answer: @escaping @Sendable (Int, String?, ObjectKey?) -> Answer,
            fault: @escaping @Sendable (Int, String?, ObjectKey?) -> S3Error.Code? = { _, _, _ in nil },
            listsInOrder: Bool = true
        ) {
            self.listsInOrder = listsInOrder
            self.answer = answer
            self.fault = fault
        }

        func list(
            prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
        ) async throws(S3Error) -> ListPage {
            let number = count.withLock { count in
                count += 1
                return count - 1
            }
            if let code = fault(number, token, startAfter) {
                throw S3Error(code: code, bucket: "bucket", key: nil, message: "a fault of the test", advice: "None.")
            }
            await Task.yield()
            let (keys, next) = answer(number, token, startAfter)
            let objects = keys.map { key in
                var object = ListedObject(key: ObjectKey(key), size: 1, eTag: ETag("e"))
                if key == Self.unnamed { object.flaw = .init(code: .listedKey, message: "it has no key") }
                return object
            }
            return ListPage(objects: objects, continuationToken: next)
        }

        func probe() async throws(S3Error) {}
        func verify() async throws(RunError) {}
        func close() {}
        func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
            fatalError("not asked")
        }
        func get(
            _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
        ) async throws(S3Error) -> ObjectHead { fatalError("not asked") }
    }

    static func source(
        _ service: PageService, bucket: String = "bucket", warn: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> OpenSource {
        let source = Source(bucket: bucket, auth: .anonymous)
        return OpenSource(
            source, filter: try SourceFilter(source), service: service, gate: RequestGate(Capacity(1), limitMax: 1),
            world: FakeWorld(buckets: [:], seed: 0, faultPercentage: 0), counters: SourceCounters(name: bucket),
            patience: .zero, warn: warn,
            onWait: { _ in })
    }

    /// All keys, and whether they are to be believed.
    private func walk(
        _ service: PageService, bucket: String = "bucket", after key: String? = nil
    ) async throws -> (keys: [String], isTrusted: Bool) {
        var walk = ListingWalk(try Self.source(service, bucket: bucket), after: key.map { Array($0.utf8) })
        var keys: [String] = []
        while let page = try await walk.next() { keys += page.objects.map(\.key.description) }
        #expect(try await walk.next() == nil)
        return (keys, walk.isTrusted)
    }

    /// Three pages.
    private static func page(_ token: String?) -> PageService.Answer {
        switch token {
        case nil: (["a", "b"], "1")
        case "1": (["c", "d"], "2")
        default: (["e"], nil)
        }
    }

    @Test func `pages in order are read once and trusted`() async throws {
        let service = PageService { _, token, _ in Self.page(token) }
        let result = try await walk(service)
        #expect(result.keys == ["a", "b", "c", "d", "e"] && result.isTrusted)
        #expect(service.requestCount == 3)
    }

    @Test(
        arguments: [
            (["a", "b"], "2"), (["c", "c"], "2"), (["d", "c"], "2"), (["b", "c"], "2"), (["c"], "1"),
        ] as [([String], String)])
    func `a page that breaks the order once is read again, and the listing is trusted`(
        keys: [String], token: String
    ) async throws {
        let service = PageService { number, asked, _ in number == 1 ? (keys, token) : Self.page(asked) }
        let result = try await walk(service)
        #expect(result.keys == ["a", "b", "c", "d", "e"] && result.isTrusted)
        #expect(service.requestCount == 4)
    }

    @Test func `one that breaks it twice is gone on with, and nothing behind it is trusted any more`() async throws {
        let service = PageService { _, token, _ in token == "1" ? (["a", "b"], "2") : Self.page(token) }
        let result = try await walk(service)
        #expect(result.keys == ["a", "b", "a", "b", "e"] && !result.isTrusted)
        #expect(service.requestCount == 4)
    }

    @Test func `keys are compared as bytes`() async throws {
        // In UTF-16, the second would come first.
        let service = PageService { _, _, _ in (["\u{FF5E}", "\u{10000}"], nil) }
        #expect(try await walk(service).isTrusted)
        let other = PageService { _, _, _ in (["\u{10000}", "\u{FF5E}"], nil) }
        #expect(try await !walk(other).isTrusted)
    }

    @Test func `a listing that goes on behind a key must not come back before it`() async throws {
        let service = PageService { _, token, after in
            token == nil ? (after == ObjectKey("b") ? ["c", "d"] : ["?"], "2") : Self.page(token)
        }
        let result = try await walk(service, after: "b")
        #expect(result.keys == ["c", "d", "e"] && result.isTrusted)
        // A service that does not know start-after begins anew.
        let deaf = PageService { _, token, _ in Self.page(token) }
        #expect(try await !walk(deaf, after: "b").isTrusted)
    }

    @Test func `a service that lists in no order is trusted all the same`() async throws {
        let service = PageService(
            { _, token, _ in token == nil ? (["b", "a"], "1") : (["d", "c"], nil) }, listsInOrder: false)
        let result = try await walk(service)
        #expect(result.keys == ["b", "a", "d", "c"] && result.isTrusted)
    }

    @Test(arguments: ["bucket--use1-az4--x-s3", "point--use1-az4--xa-s3"])
    func `a directory bucket lists in no order`(bucket: String) {
        #expect(Source(bucket: bucket, auth: .anonymous).isInDirectoryBucket)
        #expect(!Source(bucket: "bucket", auth: .anonymous).isInDirectoryBucket)
    }

    @Test(arguments: [1, 2, 3, 7, 100], [0, 1, 5, 40])
    func `tokens that go in a circle end the listing`(length: Int, start: Int) async throws {
        let service = PageService { _, token, _ in
            let place = token.flatMap(Int.init) ?? 0
            return ([String(10_000 + place)], String(place < start + length ? place + 1 : start + 1))
        }
        let source = try Self.source(service)
        var walk = ListingWalk(source)
        while try await walk.next() != nil {}
        #expect(source.failure?.code == .service && source.failure?.message.contains("circle") == true)
        #expect(service.requestCount <= 3 * (start + length) + 8, "\(service.requestCount) requests")
    }

    @Test(
        arguments: [
            (["a", "b"], "brought no new key", Limits.fruitlessPageCountMax), ([], "had no key", 1_000),
        ] as [([String], String, Int)])
    func `pages that bring nothing new, with a new token each, are told of once, and end the listing`(
        keys: [String], words: String, countMax: Int
    ) async throws {
        let service = PageService { number, _, _ in (keys, String(number)) }
        let warnings = Mutex<[String]>([])
        let source = try Self.source(service) { warning in warnings.withLock { $0.append(warning) } }
        var walk = ListingWalk(source)
        while try await walk.next() != nil {}
        #expect(source.failure?.code == .service && source.failure?.message.contains(words) == true)
        #expect((countMax..<countMax + 5).contains(service.requestCount))
        let told = warnings.withLock { $0 }
        #expect(told.count == 1 && told[0].contains("50 pages in a row \(words)") && told[0].contains("\(countMax)"))
    }

    @Test func `an entry without a key leaves the order as it is, but the listing is not trusted`() async throws {
        let unnamed = PageService.unnamed
        let service = PageService { _, token, _ in
            token == nil ? (["b", unnamed, "c", unnamed], "1") : (["d"], nil)
        }
        let (keys, isTrusted) = try await walk(service)
        #expect(keys == ["b", unnamed, "c", unnamed, "d"] && !isTrusted)
        #expect(service.requestCount == 2)
    }

    @Test func `a page of which no entry can be used is told of once`() async throws {
        let told = Mutex<[String]>([])
        let service = PageService { number, _, _ in ([PageService.unnamed], number < 3 ? "\(number)" : nil) }
        var walk = ListingWalk(try Self.source(service) { text in told.withLock { $0.append(text) } })
        while try await walk.next() != nil {}
        let texts = told.withLock { $0 }
        #expect(texts.count == 1 && texts[0].contains("none of the 1 entries of a page can be used"))
    }

    @Test func `some hundred empty pages between two keys are no end`() async throws {
        let service = PageService { number, _, _ in
            number < 900 ? (number == 0 ? ["a"] : [], String(number)) : (["b"], nil)
        }
        let result = try await walk(service)
        #expect(result.keys == ["a", "b"] && result.isTrusted)
    }

    @Test func `of many different tokens none closes a circle`() {
        var cycle = TokenCycle()
        #expect(!(0..<10_000).contains { cycle.closes(with: String($0)) })
    }
}
