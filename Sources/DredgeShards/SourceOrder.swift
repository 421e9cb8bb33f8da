import Foundation

/// The order in which a store has its objects, and a job its rows: by bucket, key, and name of the source.
struct SourceOrder: Sendable {
    /// Place of a source: the bucket's place among the buckets, and the source's own among those of its bucket.
    struct Code: Hashable, Sendable {
        /// The bucket's place in the upper half.
        var value: UInt32

        var bucket: UInt32 { value >> 16 }
    }

    /// By source.
    private let codes: [Code]
    private let names: [String: Int]
    private let indexes: [Code: Int]

    /// - Parameter sources: at most `ShardLimits.sourceCountMax`, each with a name of its own.
    init(_ sources: [JobFile.SourceName]) {
        var codes = [Code](repeating: Code(value: 0), count: sources.count)
        let order = sources.indices.sorted {
            let (a, b) = (sources[$0], sources[$1])
            return a.bucket == b.bucket
                ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
                : a.bucket.utf8.lexicographicallyPrecedes(b.bucket.utf8)
        }
        var last = Code(value: 0)
        for (place, index) in order.enumerated() {
            if place > 0 {
                let isOfSame = sources[index].bucket == sources[order[place - 1]].bucket
                last = Code(value: isOfSame ? last.value + 1 : (last.bucket + 1) << 16)
            }
            codes[index] = last
        }
        self.codes = codes
        names = Dictionary(sources.enumerated().map { ($1.name, $0) }) { first, _ in first }
        indexes = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, $0) })
    }

    /// Of the source with this index.
    func code(of source: Int) -> Code { codes[source] }

    /// The source of a code that `code` gave.
    func source(of code: Code) -> Int { indexes[code] ?? 0 }

    /// The source of this name.
    func source(named name: String) -> Int? { names[name] }

    /// Where an object stands; nil: the order has no such source.
    func place(_ source: String, _ key: [UInt8]) -> RowPlace? { names[source].map { RowPlace(codes[$0], key) } }
}

/// Where an object stands in the order of a job's rows.
struct RowPlace: Comparable, Sendable {
    var code: SourceOrder.Code
    var key: [UInt8]

    init(_ code: SourceOrder.Code, _ key: [UInt8]) {
        self.code = code
        self.key = key
    }

    static func < (a: RowPlace, b: RowPlace) -> Bool {
        if a.code.bucket != b.code.bucket { return a.code.bucket < b.code.bucket }
        let count = min(a.key.count, b.key.count)
        let order = a.key.withUnsafeBytes { left in
            b.key.withUnsafeBytes { right in count == 0 ? 0 : memcmp(left.baseAddress!, right.baseAddress!, count) }
        }
        if order != 0 { return order < 0 }
        if a.key.count != b.key.count { return a.key.count < b.key.count }
        return a.code.value < b.code.value
    }
}
