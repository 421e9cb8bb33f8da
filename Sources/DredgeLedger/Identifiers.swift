/// A number by which a ledger knows one of its records. Numbers of different kinds of records have different types, so
/// that a source's cannot be taken for an object's.
public struct Identifier<Record>: RawRepresentable, Hashable, Comparable, Codable, CodingKeyRepresentable, Sendable,
    CustomStringConvertible
{
    /// The number, as the ledger keeps it.
    public let rawValue: Int64

    /// The identifier with this number.
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// In order of the numbers, which is the order in which a ledger gave them out.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The number.
    public var description: String { "\(rawValue)" }

    /// The number in decimals, as a key of JSON.
    public var codingKey: any CodingKey { IdentifierKey(stringValue: description) }

    /// nil: `codingKey` is no number.
    public init?<Key: CodingKey>(codingKey: Key) {
        guard let rawValue = Int64(codingKey.stringValue) else { return nil }
        self.rawValue = rawValue
    }
}

private struct IdentifierKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// A run of a ledger.
public typealias RunID = Identifier<OpenRun>
/// A source of a ledger: name, bucket, prefix and endpoint together.
public typealias SourceID = Identifier<SourceRecord>
/// An object of a ledger: a key of a source.
public typealias ObjectID = Identifier<PendingObject>
/// A batch of a sink.
public typealias BatchID = Identifier<any ChunkBatch>
