import Dredge
import Foundation

/// Numbers for people. Bytes are decimal here (1 MB = 1,000,000 bytes), as networks and disks are sold; the config
/// takes both.
enum Figures {
    /// `1,234,567`
    static func count(_ number: Int) -> String { grouped(String(number.magnitude), isNegative: number < 0) }

    /// `1 object`, `1,234 objects`
    static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// `512 B`, `1.5 kB`, `61.2 MB`, `1.20 GB`
    static func bytes(_ number: UInt64) -> String { bytes(Double(number)) }

    static func bytes(_ number: Double) -> String {
        if number < 999.5 { return "\(Int(number.rounded())) B" }
        for (unit, factor, digits) in [("kB", 1e3, 1), ("MB", 1e6, 1), ("GB", 1e9, 2)] where number < factor * 999.95 {
            return decimal(number / factor, digits) + " " + unit
        }
        return decimal(number / 1e12, 2) + " TB"
    }

    /// `61.2 MB/s`: one unit for all rates, so that they can be compared at a glance.
    static func rate(_ bytesPerSecond: Double) -> String { decimal(bytesPerSecond / 1e6, 1) + " MB/s" }

    /// `950`, `12.3k`, `128.1M`, `1.20G`
    static func short(_ number: Int) -> String {
        let value = Double(number)
        if value < 9_999.5 { return String(number) }
        if value < 999_950 { return decimal(value / 1e3, 1) + "k" }
        if value < 999_950_000 { return decimal(value / 1e6, 1) + "M" }
        return decimal(value / 1e9, 2) + "G"
    }

    /// `0.4 s`, `12.3 s`, `2:03`, `1:02:03`
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        if seconds < 59.95 { return decimal(seconds, 1) + " s" }
        return clock(seconds)
    }

    /// `0:07`, `2:03`, `1:02:03`
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded())
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        return hours > 0 ? "\(hours):\(padded(minutes)):\(padded(whole % 60))" : "\(minutes):\(padded(whole % 60))"
    }

    /// `14:03:07Z`
    static func time(_ date: Date) -> String {
        let second = Int(date.timeIntervalSince1970.rounded(.down))
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let ofDay = ((second % 86_400) + 86_400) % 86_400
        return "\(padded(ofDay / 3600)):\(padded(ofDay / 60 % 60)):\(padded(ofDay % 60))Z"
    }

    /// `$0`, `under $0.01`, `$1,234.50`
    static func dollars(_ amount: Double) -> String {
        if amount > 0, amount < 0.01 { return "under $0.01" }
        return amount == 0 ? "$0" : "$" + decimal(amount, 2)
    }

    /// With `digits` digits behind the point, rounded half away from zero, and with grouped thousands.
    static func decimal(_ number: Double, _ digits: Int) -> String {
        let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let scaled = (number * factor).rounded()
        guard scaled.magnitude < 9e15 else { return "?" }
        let units = Int(scaled.magnitude)
        let text = String(repeating: "0", count: max(0, digits + 1 - String(units).count)) + String(units)
        let whole = grouped(String(text.dropLast(digits)), isNegative: scaled < 0)
        return digits == 0 ? whole : whole + "." + text.suffix(digits)
    }

    private static func grouped(_ digits: String, isNegative: Bool) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return isNegative ? "-" + result : result
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
