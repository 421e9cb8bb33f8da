#if Server
    internal import DredgeService
    internal import Hummingbird

    /// Escapes of URLs (RFC 3986, section 2.1).
    enum PercentCoding {
        /// The text that stands in a segment of a path, or in a query, decoded once: `%252F` is `%2F`. nil: an escape
        /// is broken, or what comes out is no UTF-8, or has control characters, at which SQLite may take a text to end.
        static func decode(_ text: some StringProtocol) -> String? {
            var bytes: [UInt8] = []
            var rest = text.utf8.makeIterator()
            while let byte = rest.next() {
                guard byte == UInt8(ascii: "%") else {
                    bytes.append(byte)
                    continue
                }
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                let byte = high << 4 | low
                if byte < 0x20 || byte == 0x7F { return nil }
                bytes.append(byte)
            }
            return String(validating: bytes, as: UTF8.self)
        }

        private static func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
            default: nil
            }
        }
    }

    extension APIContext {
        /// A parameter of the path, decoded. Throws `ServiceError` for one that can't be.
        func segment(_ name: String) throws -> String {
            guard let text = PercentCoding.decode(try parameters.require(name)) else {
                throw ServiceError.refused(
                    .badRequest, "invalid_path",
                    "An escape in the path is broken, or stands for no UTF-8 or for a control character.")
            }
            return text
        }
    }
#endif
