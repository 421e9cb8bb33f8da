#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A moment as SigV4 writes it, without a formatter: those cost more than the whole signature.
struct SigningDate {
    /// yyyymmdd as a number, in UTC.
    let day: Int
    /// `yyyymmddThhmmssZ`
    let timestamp: String

    init(_ date: Date) {
        let seconds = Int(date.timeIntervalSince1970.rounded(.down))
        let (dayNumber, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let days = rest < 0 ? dayNumber - 1 : dayNumber
        let time = rest < 0 ? rest + 86_400 : rest
        let (year, month, dayOfMonth) = CivilDate.fromDays(days)
        day = year * 10_000 + month * 100 + dayOfMonth
        let digits = (year * 10_000 + month * 100 + dayOfMonth, time / 3600 * 10_000 + time / 60 % 60 * 100 + time % 60)
        timestamp = String(unsafeUninitializedCapacity: 16) { output in
            Self.write(digits.0, count: 8, to: output, at: 0)
            output[8] = UInt8(ascii: "T")
            Self.write(digits.1, count: 6, to: output, at: 9)
            output[15] = UInt8(ascii: "Z")
            return 16
        }
    }

    private static func write(_ value: Int, count: Int, to output: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        var value = value
        for index in stride(from: offset + count - 1, through: offset, by: -1) {
            output[index] = UInt8(ascii: "0") + UInt8(value % 10)
            value /= 10
        }
    }
}

/// The proleptic Gregorian calendar in days since 1970-01-01, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
enum CivilDate {
    static func fromDays(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func toDays(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
