import DredgeAWS
import DredgeIAM

/// Reads JSON (RFC 8259) as people write it by hand: what is wrong is told with its place and what to write instead.
struct JSONReader {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var place = JSONPlace(line: 1, column: 1)
    private var depth = 0

    /// The most levels of nesting; a policy in a template has some fifteen.
    static let depthMax = 64

    /// What is no JSON, and where.
    struct Problem: Error, Hashable {
        var rule = "json-syntax"
        var place: JSONPlace
        var message: String
        var advice: String
    }

    /// The one value that `text` consists of.
    static func value(of text: String) throws(Problem) -> JSONValue {
        var reader = JSONReader(text)
        let value = try reader.value()
        reader.skipBlanks()
        guard reader.next == nil else {
            throw reader.problem(
                "there is text behind the end of the document", "Put each document into a file of its own.")
        }
        return value
    }

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { index = 1 }
    }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func advance() {
        let scalar = scalars[index]
        index += 1
        if scalar == "\n" {
            place = JSONPlace(line: place.line + 1, column: 1)
        } else {
            place.column += 1
        }
    }

    private mutating func skipBlanks() {
        while let next, " \t\r\n".unicodeScalars.contains(next) { advance() }
    }

    private func problem(_ message: String, _ advice: String, at place: JSONPlace? = nil) -> Problem {
        Problem(place: place ?? self.place, message: message, advice: advice)
    }

    private mutating func value() throws(Problem) -> JSONValue {
        skipBlanks()
        let start = place
        guard let next else {
            throw problem(
                scalars.count == index && depth == 0 ? "the document is empty" : "the document ends too early",
                depth == 0 ? "Paste the whole policy." : "Close every { and [ that was opened.")
        }
        switch next {
        case "{", "[":
            guard depth < Self.depthMax else {
                throw problem("values are nested too deep", "A policy needs no more than ten levels.")
            }
            depth += 1
            defer { depth -= 1 }
            return JSONValue(next == "{" ? .object(try members()) : .array(try items()), at: start)
        case "\"": return JSONValue(.string(try string()), at: start)
        case "-", "0"..."9": return JSONValue(.number(number()), at: start)
        case "a"..."z", "A"..."Z": return JSONValue(try word(), at: start)
        default: throw unexpected(next, wanted: "a value")
        }
    }

    private mutating func members() throws(Problem) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        try list(until: "}") { (reader) throws(Problem) in
            let start = reader.place
            guard reader.next == "\"" else { throw reader.unexpected(reader.next, wanted: "a name in double quotes") }
            let name = try reader.string()
            reader.skipBlanks()
            guard reader.next == ":" else { throw reader.unexpected(reader.next, wanted: "a : behind the name") }
            reader.advance()
            members.append(.init(name: name, place: start, value: try reader.value()))
        }
        return members
    }

    private mutating func items() throws(Problem) -> [JSONValue] {
        var items: [JSONValue] = []
        try list(until: "]") { (reader) throws(Problem) in items.append(try reader.value()) }
        return items
    }

    /// Reads the elements between two brackets, which commas separate.
    private mutating func list(
        until end: Unicode.Scalar, _ element: (inout JSONReader) throws(Problem) -> Void
    ) throws(Problem) {
        advance()
        skipBlanks()
        if next == end { return advance() }
        while true {
            try element(&self)
            skipBlanks()
            if next == end { return advance() }
            guard next == "," else {
                guard next == "\"" || next == "{" || next == "[" else {
                    throw unexpected(next, wanted: "a comma or a \(end)")
                }
                throw problem("a comma is missing", "Put one behind the element before.")
            }
            let comma = place
            advance()
            skipBlanks()
            if next == end { throw problem("there is a comma before the \(end)", "Remove it.", at: comma) }
        }
    }

    private mutating func string() throws(Problem) -> String {
        let start = place
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = next {
            if scalar == "\"" {
                advance()
                return String(text)
            }
            if scalar == "\n" || scalar == "\r" { break }
            if scalar.value < 0x20 {
                throw problem("there is a control character in a string", "Remove it, or write it as an escape.")
            }
            if scalar == "\\" { text.append(try escape()) } else { text.append(scalar); advance() }
        }
        throw problem("a string isn't closed", "End it with a \" on the same line.", at: start)
    }

    private mutating func escape() throws(Problem) -> Unicode.Scalar {
        let start = place
        advance()
        guard let scalar = next else { throw problem("a string isn't closed", "End it with a \".", at: start) }
        let simple: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        ]
        if let meant = simple[scalar] {
            advance()
            return meant
        }
        guard scalar == "u" else {
            throw problem("\\\(scalar) is no escape", "A backslash itself is written \\\\.", at: start)
        }
        let high = try codeUnit(start)
        guard (0xD800..<0xE000).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        guard high < 0xDC00, next == "\\" else { throw halfPair(start) }
        advance()
        guard next == "u" else { throw halfPair(start) }
        let low = try codeUnit(start)
        guard (0xDC00..<0xE000).contains(low) else { throw halfPair(start) }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private func halfPair(_ place: JSONPlace) -> Problem {
        problem("an escape is half of a surrogate pair", "Write both halves, as \\ud83d\\ude00.", at: place)
    }

    /// The four digits behind a `u`.
    private mutating func codeUnit(_ start: JSONPlace) throws(Problem) -> UInt32 {
        advance()
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let next, next.isASCII, let digit = Character(next).hexDigitValue else {
                throw problem("\\u needs four hexadecimal digits", "Write it as \\u00e9.", at: start)
            }
            value = value << 4 | UInt32(digit)
            advance()
        }
        return value
    }

    private mutating func number() -> String {
        var text = ""
        while let next, "+-.eE0123456789".unicodeScalars.contains(next) {
            text.unicodeScalars.append(next)
            advance()
        }
        return text
    }

    private mutating func word() throws(Problem) -> JSONValue.Content {
        let start = place
        var text = ""
        while let next, next.properties.isAlphabetic || next == "_" || ("0"..."9").contains(next) {
            text.unicodeScalars.append(next)
            advance()
        }
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        default:
            throw problem("'\(text.printable)' has no quotation marks", "Write \"\(text.printable)\".", at: start)
        }
    }

    private func unexpected(_ found: Unicode.Scalar?, wanted: String) -> Problem {
        switch found {
        case nil: problem("the document ends where \(wanted) should stand", "Close every { and [ that was opened.")
        case "“", "”", "„", "‘", "’":
            problem("there is a typographic quotation mark", "Write the plain one, \". Word processors change it.")
        case "'": problem("there is a single quotation mark", "JSON's is the double one, \".")
        case "/", "#": problem("there is a comment", "JSON has none: remove it, or put it into a Sid.")
        case ",":
            problem("there is a comma where \(wanted) should stand", "Remove it, or write what belongs before it.")
        case "\u{A0}": problem("there is a no-break space", "Replace it by an ordinary one. Web pages change it.")
        case let found?:
            problem(
                "there is '\(String(Character(found)).printable)' where \(wanted) should stand",
                "Check the line before, too."
            )
        }
    }
}
