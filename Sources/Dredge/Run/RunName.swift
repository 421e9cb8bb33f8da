import Foundation

/// Names of runs, which lead from CloudTrail's session names back to the run.
package enum RunName {
    /// Twelve hexadecimal digits: the seconds since 1970, so that runs sort, and a random part.
    static func make(date: Date, random: UInt64) -> String {
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: count - text.count) + text
        }
        let seconds = UInt32(truncatingIfNeeded: Int(date.timeIntervalSince1970))
        return digits(seconds, 8) + digits(UInt16(truncatingIfNeeded: random), 4)
    }

    /// A name of now.
    package static func make() -> String { make(date: Date(), random: .random(in: .min ... .max)) }
}
