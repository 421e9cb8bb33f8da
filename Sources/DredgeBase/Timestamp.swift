#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Moments as S3, STS and their headers write them, read and written without a formatter, which would cost more than a
/// signature does.
package enum Timestamp {
    /// `2025-01-31T12:34:56Z`, also with a fraction of a second (milliseconds of it count), and with `UTC` or an offset
    /// such as `+02:00` in the place of the `Z`, as some programs write it. nil: anything else.
    package static func iso8601(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let date = date(
                year: number(bytes[0..<4]), month: number(bytes[5..<7]), day: number(bytes[8..<10]),
                time: (number(bytes[11..<13]), number(bytes[14..<16]), number(bytes[17..<19])))
        else { return nil }
        let end = bytes[19...]
        let fraction = end.first == UInt8(ascii: ".") ? end.dropFirst().prefix(while: isDigit) : end.prefix(0)
        guard let offset = offset(bytes[fraction.endIndex...]) else { return nil }
        let milliseconds = zip(fraction, [100, 10, 1]).reduce(0) { $0 + Int($1.0 - UInt8(ascii: "0")) * $1.1 }
        return date.addingTimeInterval(Double(milliseconds) / 1000 - Double(offset))
    }

    /// `2025-01-31T12:34:56Z`
    package static func iso8601(_ date: Date) -> String { string(date, template: "0000-00-00T00:00:00Z") }

    /// `2025-01-31T12:34:56.789Z`
    package static func iso8601Milliseconds(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        let fraction = (milliseconds % 1000 + 1000) % 1000
        let whole = iso8601(Date(timeIntervalSince1970: Double((milliseconds - fraction) / 1000)))
        return "\(whole.dropLast()).\(String(fraction + 1000).dropFirst())Z"
    }

    /// `20250131T123456Z`, as SigV4 signs it.
    package static func iso8601Basic(_ date: Date) -> String { string(date, template: "00000000T000000Z") }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). nil: anything else.
    package static func http(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard bytes.count == 29, bytes[26...].elementsEqual("GMT".utf8),
            let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self))
        else { return nil }
        return date(
            year: number(bytes[12..<16]), month: month + 1, day: number(bytes[5..<7]),
            time: (number(bytes[17..<19]), number(bytes[20..<22]), number(bytes[23..<25])))
    }

    /// Seconds that a zone is ahead of UTC: `Z`, `UTC`, `+02:00` or `+0200`.
    private static func offset(_ zone: ArraySlice<UInt8>) -> Int? {
        if zone.elementsEqual("Z".utf8) || zone.elementsEqual("UTC".utf8) { return 0 }
        guard let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = zone.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 4, let number = number(digits[...]) else { return nil }
        let seconds = number / 100 * 3600 + number % 100 * 60
        return sign == UInt8(ascii: "+") ? seconds : -seconds
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func date(year: Int?, month: Int?, day: Int?, time: (Int?, Int?, Int?)) -> Date? {
        guard let year, let month, let day, let hour = time.0, let minute = time.1, let second = time.2,
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
    }

    /// The bounds of years with four digits: 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
    private static let (firstSecond, lastSecond) = (-62_167_219_200.0, 253_402_300_799.0)

    /// Year to second, in the places of the template's zeros; a moment outside of the years 0000 to 9999 as the next
    /// one inside.
    private static func string(_ date: Date, template: StaticString) -> String {
        let seconds = Int(min(max(date.timeIntervalSince1970, firstSecond), lastSecond).rounded(.down))
        let days = (seconds - Int(firstSecond)) / 86_400 + Int(firstSecond) / 86_400
        let (day, time) = (CivilDate(daysSince1970: days), seconds - days * 86_400)
        let digits =
            (day.year * 10_000 + day.month * 100 + day.day) * 1_000_000
            + time / 3600 * 10_000 + time / 60 % 60 * 100 + time % 60
        return String(unsafeUninitializedCapacity: template.utf8CodeUnitCount) { output in
            var rest = digits
            for index in stride(from: template.utf8CodeUnitCount - 1, through: 0, by: -1) {
                let byte = template.utf8Start[index]
                if byte == UInt8(ascii: "0") {
                    output[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                } else {
                    output[index] = byte
                }
            }
            return template.utf8CodeUnitCount
        }
    }
}
