/// Why a Parquet file can't be read.
package struct ParquetFault: Error, Sendable, Hashable {
    /// The closed list.
    package enum Kind: Sendable {
        /// It can't be opened or read.
        case unreadable
        /// It contradicts itself or the format, or is larger than any that is believed.
        case damaged
        /// It has something of the format that is not read here.
        case unknown
    }
    /// What is to be done follows from it.
    package let kind: Kind
    /// The middle of a sentence, with the column and the offset in the file where there are such. The file's name is
    /// not in it.
    package let message: String
}

/// A fault before its place is known.
enum Flaw: Error {
    case damaged(StaticString)
    case unknown(String)
    case unreadable(String)

    /// With the place in front: "the column key, page at byte 4: …".
    func fault(at place: String) -> ParquetFault {
        let prefix = place.isEmpty ? "" : "\(place): "
        return switch self {
        case .damaged(let words): ParquetFault(kind: .damaged, message: "\(prefix)\(words)")
        case .unknown(let words): ParquetFault(kind: .unknown, message: "\(prefix)\(words)")
        case .unreadable(let words): ParquetFault(kind: .unreadable, message: "\(prefix)\(words)")
        }
    }
}
