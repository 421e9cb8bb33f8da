internal import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A moment as SigV4 writes it.
struct SigningDate {
    /// yyyymmdd as a number, in UTC.
    let day: Int
    /// `yyyymmddThhmmssZ`
    let timestamp: String

    init(_ date: Date) {
        timestamp = Timestamp.iso8601Basic(date)
        day = timestamp.utf8.prefix(8).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
