#if Server
    internal import Foundation

    /// The fields of a form or of a query (`application/x-www-form-urlencoded`, URL standard of WHATWG).
    struct FormFields: Sendable, Hashable {
        private var values: [String: String] = [:]

        init() {}

        /// Reads what a browser sends. Of fields with one name the first counts.
        init(_ text: some StringProtocol) {
            for field in text.utf8.split(separator: UInt8(ascii: "&")) {
                let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                let name = Self.decoded(parts[0])
                if values[name] == nil { values[name] = parts.count == 2 ? Self.decoded(parts[1]) : "" }
            }
        }

        /// The field; empty: it is not there.
        subscript(name: String) -> String {
            get { values[name] ?? "" }
            set { values[name] = newValue }
        }

        /// Without blanks around it.
        func trimmed(_ name: String) -> String { Self.trimmed(self[name]) }

        /// The lines that are not empty, without blanks around them.
        func lines(_ name: String) -> [String] {
            self[name].split(whereSeparator: \.isNewline).map(Self.trimmed).filter { !$0.isEmpty }
        }

        /// A text without blanks around it.
        static func trimmed(_ text: some StringProtocol) -> String {
            text.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        /// The first entry of a page, from 0.
        var offset: Int { min(max(0, Int(self["offset"]) ?? 0), Int(Int32.max)) }

        private static func decoded(_ bytes: some Collection<UInt8>) -> String {
            var text: [UInt8] = []
            var rest = bytes[...]
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "+"): text.append(UInt8(ascii: " "))
                case UInt8(ascii: "%"):
                    let digits = rest.prefix(2).map { Character(UnicodeScalar($0)).hexDigitValue }
                    if digits.count == 2, let high = digits[0], let low = digits[1] {
                        text.append(UInt8(high << 4 | low))
                        rest = rest.dropFirst(2)
                    } else {
                        text.append(byte)
                    }
                default: text.append(byte)
                }
            }
            return String(decoding: text, as: UTF8.self)
        }

        /// A text as a part of a query.
        static func encoded(_ text: String) -> String {
            var result = ""
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    result.append(Character(UnicodeScalar(byte)))
                default:
                    let digits = String(byte, radix: 16, uppercase: true)
                    result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
                }
            }
            return result
        }
    }
#endif
