import DredgeBase
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test func `agrees with the calendar over four centuries`() throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        for (format, ours) in [
            ("yyyyMMdd'T'HHmmss'Z'", Timestamp.iso8601Basic), ("yyyy-MM-dd'T'HH:mm:ss'Z'", Timestamp.iso8601),
        ] as [(String, (Date) -> String)] {
            formatter.dateFormat = format
            for day in stride(from: -10_000, through: 140_000, by: 37) {
                let date = Date(timeIntervalSince1970: Double(day) * 86_400 + Double(abs(day) * 7919 % 86_400))
                #expect(ours(date) == formatter.string(from: date))
            }
        }
        for day in stride(from: -800_000, through: 3_000_000, by: 37) {
            #expect(CivilDate(daysSince1970: day).daysSince1970 == day)
        }
    }

    @Test func `writes a moment outside of four-digit years as the next inside`() {
        #expect(Timestamp.iso8601(Date(timeIntervalSince1970: -1e12)) == "0000-01-01T00:00:00Z")
        #expect(Timestamp.iso8601(Date(timeIntervalSince1970: 1e12)) == "9999-12-31T23:59:59Z")
        #expect(Timestamp.iso8601(Date(timeIntervalSince1970: -0.5)) == "1969-12-31T23:59:59Z")
    }

    @Test func `reads the forms of AWS's answers`() {
        let date = Date(timeIntervalSince1970: 784_111_777)
        #expect(Timestamp.http("Sun, 06 Nov 1994 08:49:37 GMT") == date)
        #expect(Timestamp.iso8601("1994-11-06T08:49:37Z") == date)
        #expect(Timestamp.iso8601("1994-11-06T08:49:37.123456Z") == date.addingTimeInterval(0.123))
        #expect(Timestamp.iso8601("1994-11-06T08:49:37.5Z") == date.addingTimeInterval(0.5))
        for wrong in [
            "", "1994-11-06T08:49:37", "1994-13-06T08:49:37Z", "1994-11-06 08:49:37Z", "1994-11-0xT08:49:37Z",
            "1994-11-06T08:49:37.12x456Z", "1994-11-06T08:49:37.5", "1994-11-06T08:49:37 Z", "1994-11-06T08:49:37Zulu",
        ] {
            #expect(Timestamp.iso8601(wrong) == nil)
        }
        for wrong in [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            #expect(Timestamp.http(wrong) == nil)
        }
    }

    @Test(arguments: [("UTC", 0), ("+00:00", 0), ("+02:00", 7200), ("-0330", -12600), (".25+02:00", 7199.75)])
    func `reads what stands in the place of the Z`(zone: String, secondsAhead: Double) {
        let date = Date(timeIntervalSince1970: 784_111_777 - secondsAhead)
        #expect(Timestamp.iso8601("1994-11-06T08:49:37" + zone) == date)
        #expect(Timestamp.iso8601("1994-11-06T08:49:37" + zone + "0") == nil)
    }
}
