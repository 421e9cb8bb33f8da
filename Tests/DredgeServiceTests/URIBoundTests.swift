import TestServers
import Testing

@testable import DredgeService

@Suite struct `Bounds on URIs` {
    /// Against the filter as a whole, which knows nothing of bounds.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a filter in two parts takes what it takes in one`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let uris = (0..<40).map { _ in Self.uri(&random) } + ["s3://b/é", "s3://b/\u{1F600}", "s3://b/\u{FF5E}"]
        for _ in 0..<1_000 {
            let filter = Self.filter(&random, uris, depth: 0)
            let (bounds, rest) = filter.split()
            for uri in uris {
                let metadata: [String: JSON] = ["uri": .string(uri), "year": 2_024]
                let isWithin = Array(uri.utf8).withUnsafeBytes { bytes in bounds.allSatisfy { $0.holds(bytes) } }
                #expect((isWithin && rest.takes(metadata)) == filter.takes(metadata), "seed \(seed): \(filter) \(uri)")
            }
        }
    }

    @Test func `a range of URIs is bounds and nothing else`() throws {
        var problems: [FieldProblem] = []
        let filter = MetadataFilter.read(["uri": ["$gte": "s3://b/a", "$lt": "s3://b/c"]], at: [], &problems)
        #expect(problems.isEmpty)
        let (bounds, rest) = filter.split()
        #expect(bounds.map(\.operation) == [.greaterOrEqual, .less])
        #expect(rest == .all([]))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a set of values has what is equal to one of them`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func value() -> JSON {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: .string(["a", "é", "e\u{301}", ""].randomElement(using: &random)!)
            case 1: .integer([0, 1, -1, .max, 9_007_199_254_740_993].randomElement(using: &random)!)
            case 2: .number([0.5, 0, 1, 9_007_199_254_740_992, 9.3e18].randomElement(using: &random)!)
            case 3: .bool(Bool.random(using: &random))
            default: .null
            }
        }
        for _ in 0..<2_000 {
            let values = (0..<Int.random(in: 0..<4, using: &random)).map { _ in value() }
            let found: JSON = Bool.random(using: &random) ? value() : [value(), value()]
            let isOne = values.contains { $0 != .null && MetadataFilter.field("x", .equal, $0).takes(["x": found]) }
            for isIn in [true, false] {
                let filter = MetadataFilter.member("x", ValueSet(values), isIn: isIn)
                #expect(filter.takes(["x": found]) == (isOne == isIn), "seed \(seed): \(values) \(found)")
            }
        }
    }

    @Test func `conditions count however they are nested, also empty ones`() {
        var problems: [FieldProblem] = []
        let empty = JSON.array(Array(repeating: [:], count: 200))
        _ = MetadataFilter.read(["$or": [["$or": empty], ["$or": empty]]], at: [], &problems)
        #expect(problems.contains { $0.type == "too_long" })
    }

    private static func uri(_ random: inout SeededGenerator) -> String {
        "s3://b/"
            + String((0..<Int.random(in: 0...3, using: &random)).map { _ in "abc/".randomElement(using: &random)! })
    }

    private static func filter(_ random: inout SeededGenerator, _ uris: [String], depth: Int) -> MetadataFilter {
        let operation = MetadataFilter.Operator.allCases.randomElement(using: &random)!
        func text() -> JSON { .string(uris.randomElement(using: &random)!) }
        switch Int.random(in: 0..<(depth < 3 ? 6 : 3), using: &random) {
        case 0: return .field("year", operation, 2_020)
        case 1 where operation == .anyOf || operation == .noneOf:
            return .member("uri", ValueSet([text(), text()]), isIn: operation == .anyOf)
        case 1, 2: return .field("uri", operation, text())
        case 3:
            return .any((0..<2).map { _ in filter(&random, uris, depth: depth + 1) })
        default:
            return .all(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in filter(&random, uris, depth: depth + 1) })
        }
    }
}
