import DredgeLedger
import TestServers
import Testing

@testable import Dredge

/// How a listing is cut into ranges.
@Suite struct KeyRangesTests {
    /// Sorted keys of a bucket, by what they look like.
    enum Keys: String, CaseIterable {
        case numbers, hexadecimal, dates, customers, one, mixed

        func make(_ count: Int, _ generator: inout SeededGenerator) -> [[UInt8]] {
            func padded(_ number: Int, _ width: Int) -> String {
                let text = String(number)
                return String(repeating: "0", count: max(0, width - text.count)) + text
            }
            func hex() -> String { padded(Int(generator.next() >> 32), 10) + String(generator.next(), radix: 16) }
            let texts: [String] = (0..<count).map { index in
                switch self {
                case .numbers: return "data/2024/part-" + padded(index, 8) + ".txt"
                case .hexadecimal: return String(generator.next() | 1 << 63, radix: 16)
                case .dates:
                    let day = index * 1000 / count
                    let date = "20\(20 + day / 336)/" + padded(day % 336 / 28 + 1, 2) + "/" + padded(day % 28 + 1, 2)
                    return "logs/\(date)/host-\(["a", "b", "c"][index % 3])-" + padded(index, 8) + ".log.gz"
                case .customers:
                    // Half of all objects are of one of them.
                    let customer = index < count / 2 ? 7 : Int(generator.next() % 400)
                    return "customers/" + padded(customer * 7919 % 100_000, 6) + "/documents/\(hex()).pdf"
                case .one: return String(repeating: "deep/", count: 60) + padded(index, 9)
                case .mixed: return index % 2 == 0 ? "ä/\(hex())" : "Zz/\(index)-\(hex())"
                }
            }
            return texts.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        }
    }

    /// Lists `keys` by so many listers, who get a page each in every round.
    private func list(
        _ keys: [[UInt8]], listerCount: Int, pageKeyCount: Int, _ generator: inout SeededGenerator
    ) throws -> (listed: [[UInt8]], roundCount: Int, requestCount: Int) {
        var ranges = KeyRanges([KeyRange()], prefixByteCount: 0, cuts: true)
        var jobs: [(id: Int, next: Int)] = []
        var listed: [[UInt8]] = []
        var (roundCount, requestCount) = (0, 0)
        func index(behind key: [UInt8]?) -> Int {
            guard let key else { return 0 }
            var (low, high) = (0, keys.count)
            while low < high {
                let middle = (low + high) / 2
                if key.lexicographicallyPrecedes(keys[middle]) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        while true {
            while jobs.count < listerCount, let job = ranges.next() {
                switch job {
                case .trial(let key, let first):
                    requestCount += 1
                    #expect(keys[index(behind: key)] == first)
                    ranges.triedOut(isRight: true)
                case .list(let id, let range, _, _):
                    if let after = range.after { #expect(String(validating: after, as: UTF8.self) != nil) }
                    jobs.append((id, index(behind: range.after)))
                }
            }
            if jobs.isEmpty { break }
            roundCount += 1
            jobs.shuffle(using: &generator)
            for place in jobs.indices.reversed() {
                requestCount += 1
                let (id, next) = jobs[place]
                let page = Array(keys[next..<min(keys.count, next + pageKeyCount)])
                switch ranges.fetched(id, page, isLast: next + page.count == keys.count) {
                case .dropped:
                    jobs.remove(at: place)
                case .doubt(let key):
                    Issue.record("it doubts what is behind \(key)")
                case .taken(let keyCount, let goesOn):
                    listed += page.prefix(keyCount)
                    ranges.recorded(id, upTo: page.prefix(keyCount).last)
                    if goesOn { jobs[place].next += page.count } else { jobs.remove(at: place) }
                }
            }
            guard roundCount < 10 * keys.count else { break }
        }
        #expect(ranges.isFetched && ranges.left.isEmpty)
        return (listed, roundCount, requestCount)
    }

    @Test(arguments: Keys.allCases)
    func `every key is listed once, by nearly as few requests and much fewer rounds`(_ kind: Keys) throws {
        var generator = SeededGenerator(seed: 11)
        let keys = kind.make(20_000, &generator)
        let (listed, roundCount, requestCount) = try list(keys, listerCount: 25, pageKeyCount: 20, &generator)
        #expect(listed.sorted { $0.lexicographicallyPrecedes($1) } == keys)
        print("\(kind): \(roundCount) rounds, \(requestCount) requests for 1000 pages")
        #expect(roundCount <= 150 && requestCount <= 2_000)
    }
}
