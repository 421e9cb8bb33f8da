/// Reads and writes sizes and durations as people write them.
package enum Quantities {
    private static let byteUnits: [String: Int] = [
        "": 1, "b": 1,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
        "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
        "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
    ]
    private static let secondUnits: [String: Int] = ["": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400]

    /// `1GiB`, `512MiB`, `64KiB`, `1GB` (decimal), `1G` (as GiB), or plain bytes. nil: not a size. Case does not
    /// matter.
    package static func byteCount(_ text: String) -> Int? { quantity(text, units: byteUnits) }

    /// `1h`, `45m`, `900s`, or plain seconds. nil: not a duration.
    package static func seconds(_ text: String) -> Int? { quantity(text, units: secondUnits) }

    /// Shortest exact spelling: `64KiB`, `1GiB`, `1500`.
    package static func spelledByteCount(_ count: Int) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
        where count > 0 && count & ((1 << shift) - 1) == 0 { return "\(count >> shift)\(unit)" }
        return "\(count)"
    }

    /// Shortest exact spelling: `12h`, `15m`, `90s`.
    package static func spelledSeconds(_ count: Int) -> String {
        if count > 0, count % 3600 == 0 { return "\(count / 3600)h" }
        if count > 0, count % 60 == 0 { return "\(count / 60)m" }
        return "\(count)s"
    }

    private static func quantity(_ text: String, units: [String: Int]) -> Int? {
        let digits = text.utf8.prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard let number = Int(String(decoding: digits.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)) else {
            return nil
        }
        let unit = String(decoding: text.utf8.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
        guard let factor = units[unit.lowercased()] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
