import DredgeBase
import DredgeS3
import Foundation
import TestServers
import Testing

@testable import DredgeShards

@Suite final class CutTests {
    private let directory = TemporaryDirectory()

    @Test(arguments: [200, 5_000, 1 << 30])
    func `objects are sorted in any memory, and of one key the newest counts`(byteCountMax: Int) throws {
        var generator = SeededGenerator(seed: 7)
        struct Listed: Hashable {
            var source: Int
            var key: [UInt8]
            var date: Double
            var size: UInt64
        }
        var listed: [Listed] = []
        for index in 0..<2_000 {
            let key = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                UInt8.random(in: 0...9, using: &generator) * 28
            }
            listed.append(
                Listed(
                    source: Int.random(in: 0...2, using: &generator), key: key,
                    date: Double(Int.random(in: 0...500, using: &generator)), size: UInt64(index)))
        }
        var newest: [[Int]: Listed] = [:]
        for object in listed {
            let name = [object.source] + object.key.map(Int.init)
            if let other = newest[name], (other.date, other.size) >= (object.date, 0), other.date != object.date {
                continue
            }
            if newest[name].map({ $0.date < object.date }) ?? true { newest[name] = object }
        }
        for _ in 0..<2 {
            listed.shuffle(using: &generator)
            let sort = ObjectSort(in: URL(fileURLWithPath: directory.path), byteCountMax: byteCountMax)
            for object in listed {
                try sort.add(
                    ListedObject(
                        key: ObjectKey(object.key), size: object.size, eTag: ETag("e\(object.size)"),
                        lastModified: Date(timeIntervalSince1970: object.date), storageClass: "IA"),
                    of: SourceOrder.Code(value: UInt32(object.source) << 16))
            }
            for _ in 0..<2 {
                var seen: [[Int]] = []
                let sorted = try sort.sorted()
                while let record = try sorted.next() {
                    let object = record.object
                    let name = [Int(record.source.bucket)] + object.key.bytes.map(Int.init)
                    seen.append(name)
                    #expect(object.lastModified?.timeIntervalSince1970 == newest[name]?.date)
                    #expect(object.eTag == ETag("e\(object.size)") && object.storageClass == "IA")
                }
                #expect(seen == seen.sorted { $0.lexicographicallyPrecedes($1) } && seen.count == newest.count)
            }
        }
    }

    /// Keys that share long beginnings, that begin others, that come again, and that have bytes of zero.
    private static func key(_ generator: inout SeededGenerator) -> [UInt8] {
        let begins = ["", "a", "logs/2025/01/31/host-", "logs/2025/01/31/host-12345678", "\0\0\0\0\0\0\0\0"]
        var key = Array(begins.randomElement(using: &generator)!.utf8)
        key += (0..<Int.random(in: 0...10, using: &generator)).map { _ in
            UInt8.random(in: 0...1, using: &generator) * UInt8.random(in: 0...255, using: &generator)
        }
        if Int.random(in: 0...30, using: &generator) == 0 { key += Array(repeating: 7, count: 1_024 - key.count) }
        return key.isEmpty ? [0] : key
    }

    @Test(arguments: [1, 3_000, 20_000, 1 << 30], 1...6 as ClosedRange<UInt64>)
    func `records come as a plain sort of all of them has them`(byteCountMax: Int, seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let sort = ObjectSort(in: URL(fileURLWithPath: directory.path), byteCountMax: byteCountMax)
        var records: [[UInt8]] = []
        for _ in 0..<1_000 {
            let object = ListedObject(
                key: ObjectKey(Self.key(&generator)), size: UInt64.random(in: 0...3, using: &generator),
                eTag: ETag(["", "e", "\"e-2\"", "W/\"x\"", "\"", "é"].randomElement(using: &generator)!),
                lastModified: [nil, Date(timeIntervalSince1970: Double.random(in: -9...9, using: &generator))][
                    Int.random(in: 0...1, using: &generator)],
                storageClass: [nil, "GLACIER"].randomElement(using: &generator)!)
            let source = SourceOrder.Code(
                value: [0, 1, 1 << 16].randomElement(using: &generator)!)
            try sort.add(object, of: source)
            records.append([])
            SortRecord.append(object, of: source, to: &records[records.count - 1])
        }
        func compare(_ a: [UInt8], _ b: [UInt8], _ body: (SortRecord, SortRecord) -> Bool) -> Bool {
            a.withUnsafeBytes { a in b.withUnsafeBytes { body(SortRecord(a), SortRecord($0)) } }
        }
        records.sort { compare($0, $1) { $0 < $1 } }
        var expected: [[UInt8]] = []
        for record in records where expected.last.map({ !compare($0, record) { $0.hasKey(of: $1) } }) ?? true {
            expected.append(record)
        }
        for _ in 0..<2 {
            var seen: [[UInt8]] = []
            let sorted = try sort.sorted()
            while let record = try sorted.next() {
                seen.append([])
                SortRecord.append(record.object, of: record.source, to: &seen[seen.count - 1])
            }
            #expect(seen == expected)
        }
    }

    @Test func `a part that is cut off is refused`() throws {
        let sort = ObjectSort(in: URL(fileURLWithPath: directory.path))
        for key in ["a", "b", "c"] {
            try sort.add(
                ListedObject(key: ObjectKey(key), size: 1, eTag: ETag("e")),
                of: SourceOrder.Code(value: 0))
        }
        func readAll() throws {
            let sorted = try sort.sorted()
            while try sorted.next() != nil {}
        }
        try readAll()
        let part = directory.file("sorted-0")
        let whole = try Data(contentsOf: URL(fileURLWithPath: part))
        for byteCount in [1, 29, whole.count - 1] {
            try whole.prefix(byteCount).write(to: URL(fileURLWithPath: part))
            #expect(throws: JobError.self, "\(byteCount) bytes") { try readAll() }
        }
    }

    @Test func `shards are ranges of equal weight`() {
        var generator = SeededGenerator(seed: 3)
        for count in [1, 2, 7, 64, 1_000] {
            let sizes = (0..<5_000).map { _ in UInt64.random(in: 0...1 << 20, using: &generator) }
            let weight = sizes.reduce(0) { $0 + ShardCut.weight(ofObjectOf: $1) }
            var cut = ShardCut(weight: weight, count: count)
            var weights = [UInt64](repeating: 0, count: count)
            var last = 0
            for size in sizes {
                let piece = cut.piece(ofObjectOf: size)
                #expect(piece >= last && piece < count)
                last = piece
                weights[piece] += ShardCut.weight(ofObjectOf: size)
            }
            let largest = (1 << 20) + ShardLimits.objectWeight
            #expect(weights.allSatisfy { $0 <= weight / UInt64(count) + largest })
        }
    }

    @Test func `objects without bytes and objects of the largest size are cut, too`() {
        var cut = ShardCut(weight: 10 * ShardCut.weight(ofObjectOf: 0), count: 5)
        #expect((0..<10).map { _ in cut.piece(ofObjectOf: 0) } == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
        let large: UInt64 = 1 << 46
        cut = ShardCut(weight: 1_000 * ShardCut.weight(ofObjectOf: large), count: 100_000)
        #expect((0..<1_000).map { _ in cut.piece(ofObjectOf: large) } == (0..<1_000).map { $0 * 100 })
    }

    @Test func `neighbours in number are far from each other in keys`() {
        for count in [1, 2, 3, 10, 64, 1_000] {
            let numbers = ShardCut.interleaved(count)
            #expect(numbers.sorted() == Array(0..<count))
            guard count >= 10 else { continue }
            var pieces = [Int](repeating: 0, count: count)
            for (piece, number) in numbers.enumerated() { pieces[number] = piece }
            // The first four shards are in four quarters.
            #expect(Set(pieces[..<4].map { $0 * 4 / count }).count >= 3, "\(pieces)")
        }
    }

    @Test func `the size of shards says how many there are`() throws {
        #expect(try ShardCount.byteCount(100).count(weight: 1_000) == 10)
        #expect(try ShardCount.byteCount(100).count(weight: 1_001) == 11)
        #expect(try ShardCount.byteCount(100).count(weight: 0) == 1)
        #expect(throws: JobError.self) { try ShardCount.byteCount(1).count(weight: 1 << 40) }
    }
}
