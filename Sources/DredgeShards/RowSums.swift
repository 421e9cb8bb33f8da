import DredgeBase
import DredgeLedger
package import DredgeStore

/// What rows of results come to.
public struct RowSums: Sendable, Hashable {
    /// Objects by state.
    public private(set) var states: [String: Int] = [:]
    /// Their bytes, as listed.
    public private(set) var byteCount: UInt64 = 0
    /// Chunks that are stored.
    public private(set) var chunkCount = 0
    /// Their tokens.
    public private(set) var tokenCount = 0
    /// Of the objects of which something is stored.
    package private(set) var content = ContentDigest()

    init() {}

    /// Objects, whatever their state.
    var objectCount: Int { states.values.reduce(0, +) }

    /// Takes in an object of so many bytes.
    mutating func add(_ result: ObjectRow.Result, byteCount: UInt64) {
        states[result.state, default: 0] += 1
        self.byteCount += byteCount
        chunkCount += result.chunkCount
        tokenCount += result.tokenCount
        if let digest = result.digest { content.insert(digest) }
    }

    static func += (sum: inout RowSums, part: RowSums) {
        sum.states.merge(part.states, uniquingKeysWith: +)
        let (byteCount, overflows) = sum.byteCount.addingReportingOverflow(part.byteCount)
        sum.byteCount = overflows ? .max : byteCount
        sum.chunkCount += part.chunkCount
        sum.tokenCount += part.tokenCount
        sum.content += part.content
    }

    /// Takes out what is in it. nil: these rows can't be in it.
    func subtracting(_ part: RowSums) -> RowSums? {
        var rest = self
        for (state, count) in part.states {
            let left = rest.states[state, default: 0] - count
            guard left >= 0 else { return nil }
            rest.states[state] = left == 0 ? nil : left
        }
        guard rest.byteCount >= part.byteCount else { return nil }
        rest.byteCount -= part.byteCount
        rest.chunkCount -= part.chunkCount
        rest.tokenCount -= part.tokenCount
        rest.content -= part.content
        return rest.chunkCount >= 0 && rest.tokenCount >= 0 && rest.content.objectCount >= 0 ? rest : nil
    }

    /// Whether all numbers can be: then sums of them are no overflow.
    var isPossible: Bool {
        // As many as there can be shards of the largest number fit into 63 bits.
        ([chunkCount, tokenCount, content.objectCount] + states.values).allSatisfy(Self.isPossible)
    }

    static func isPossible(_ count: Int) -> Bool { (0...1 << 45).contains(count) }
}

extension RowSums: Codable {
    private enum CodingKeys: String, CodingKey {
        case states, byteCount, chunkCount, tokenCount, contentCount, contentSum
    }

    /// Throws where the sum of digests is none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        states = try values.decode([String: Int].self, forKey: .states)
        byteCount = try values.decode(UInt64.self, forKey: .byteCount)
        chunkCount = try values.decode(Int.self, forKey: .chunkCount)
        tokenCount = try values.decode(Int.self, forKey: .tokenCount)
        let sum = try values.decode(String.self, forKey: .contentSum)
        guard let objects = Hexadecimal.bytes(sum).flatMap({ SetHash(bytes: $0) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .contentSum, in: values, debugDescription: "no sum of digests")
        }
        content = ContentDigest(
            objectCount: try values.decode(Int.self, forKey: .contentCount), objects: objects)
        guard isPossible else {
            throw DecodingError.dataCorruptedError(forKey: .states, in: values, debugDescription: "numbers too large")
        }
    }

    /// The sum of digests as hexadecimal text of 4,096 digits.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(states, forKey: .states)
        try values.encode(byteCount, forKey: .byteCount)
        try values.encode(chunkCount, forKey: .chunkCount)
        try values.encode(tokenCount, forKey: .tokenCount)
        try values.encode(content.objectCount, forKey: .contentCount)
        try values.encode(Hexadecimal.string(content.objects.bytes), forKey: .contentSum)
    }
}
