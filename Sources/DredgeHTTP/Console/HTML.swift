#if Server
    /// Markup that pages are made of. What stands in the literal is markup; every text that is put into one is escaped,
    /// so that nothing somebody named can become markup: `"<td>\(name)</td>"`.
    ///
    /// Attributes are to be quoted, since a text may have blanks, and no text may begin an address.
    struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
        /// As it is sent.
        private(set) var markup: String

        /// No markup at all.
        static let empty: HTML = ""

        init(stringLiteral value: String) { markup = value }
        init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

        /// A text alone.
        static func text(_ text: String) -> HTML { "\(text)" }

        struct StringInterpolation: StringInterpolationProtocol {
            fileprivate var markup = ""

            init(literalCapacity: Int, interpolationCount: Int) {
                markup.reserveCapacity(literalCapacity + 32 * interpolationCount)
            }

            mutating func appendLiteral(_ literal: String) { markup += literal }
            mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
            mutating func appendInterpolation(_ number: Int) { markup += String(number) }
            mutating func appendInterpolation(_ html: HTML) { markup += html.markup }
            mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { markup += part.markup } }
        }

        /// Good within elements and within quoted attributes.
        private static func escaped(_ text: String) -> String {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.utf8.count + 16)
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "&"): bytes += "&amp;".utf8
                case UInt8(ascii: "<"): bytes += "&lt;".utf8
                case UInt8(ascii: ">"): bytes += "&gt;".utf8
                case UInt8(ascii: "\""): bytes += "&quot;".utf8
                case UInt8(ascii: "'"): bytes += "&#39;".utf8
                // No document may have it.
                case 0: bytes += "\u{FFFD}".utf8
                default: bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
