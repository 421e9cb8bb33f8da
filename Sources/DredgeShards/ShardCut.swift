/// Into how many shards a job is cut.
public enum ShardCount: Sendable, Hashable {
    /// So many, or fewer where there are fewer objects.
    case shards(Int)
    /// As many as it takes that each has about so many bytes, and what its objects weigh beside them.
    case byteCount(UInt64)

    /// How many for objects of this weight together.
    func count(weight: UInt64) throws(JobError) -> Int {
        switch self {
        case .shards(let count): return count
        case .byteCount(let byteCount):
            let count = (weight + byteCount - 1) / max(1, byteCount)
            guard count <= ShardLimits.shardCountMax else {
                throw JobError(
                    code: .usage, place: "the job",
                    message: "Shards of \(byteCount) bytes would be \(count), more than \(ShardLimits.shardCountMax).",
                    advice: "Give larger ones.")
            }
            return max(1, Int(count))
        }
    }
}

/// Cuts objects, which come in order, into shards of equal weight. A shard is a range of keys: what a worker reads lies
/// together, and an object belongs to the shard in which its first byte falls.
struct ShardCut {
    private let weight: UInt64
    private let count: UInt64
    private var before: UInt64 = 0

    init(weight: UInt64, count: Int) {
        self.weight = max(1, weight)
        self.count = UInt64(count)
    }

    static func weight(ofObjectOf byteCount: UInt64) -> UInt64 { byteCount + ShardLimits.objectWeight }

    /// The piece of the next object, from 0. Pieces ascend; where a large object fills several, some are left out.
    mutating func piece(ofObjectOf byteCount: UInt64) -> Int {
        let (high, low) = before.multipliedFullWidth(by: count)
        before += Self.weight(ofObjectOf: byteCount)
        return Int(weight.dividingFullWidth((high, low)).quotient)
    }

    /// The number of each of `count` pieces, so that shards that run at the same time read distant keys, which S3 keeps
    /// in different partitions: the pieces in the order of their places' bits from right to left.
    static func interleaved(_ count: Int) -> [Int] {
        let bits = max(1, Int.bitWidth - (max(1, count) - 1).leadingZeroBitCount)
        func reversed(_ place: Int) -> Int {
            var (rest, turned) = (place, 0)
            for _ in 0..<bits { (rest, turned) = (rest >> 1, turned << 1 | rest & 1) }
            return turned
        }
        let order = (0..<count).sorted { (reversed($0), $0) < (reversed($1), $1) }
        var numbers = [Int](repeating: 0, count: count)
        for (number, piece) in order.enumerated() { numbers[piece] = number }
        return numbers
    }
}
