/// A glob on keys, as readers of .gitignore know them: `*` and `?` stop at `/`, `**` does not, `**/` also matches
/// nothing at all, `[a-z]` and `[!a-z]` match one of a set or one outside of it, `{txt,md}` one of several patterns,
/// `\` quotes. A pattern without a `/` matches the last part of a key, at any depth: `*.txt` is `**/*.txt`. Any other
/// one matches the whole key; a `/` at its beginning says just that: `/*.txt` are the keys without a `/`.
///
/// `?` and `[!a-z]` take a whole UTF-8 character; sets name ASCII characters only. Matching costs a step for each byte
/// of the key and each 64 signs of the pattern, for each of the alternatives that `{}` opens.
public struct GlobPattern: Sendable, Hashable {
    /// The pattern as it was written.
    public let text: String
    private let alternatives: [GlobStates]
    /// The same, as the plain twin takes them.
    let elements: [[Element]]

    /// The most bytes of a pattern. A key has 1,024, each of which may be quoted.
    public static let byteCountMax = 2_048

    /// The most signs of all alternatives of a pattern.
    public static let elementCountMax = 16_384

    /// The most alternatives that the braces of one pattern may multiply to.
    public static let alternativeCountMax = 256

    /// The most braces that may stand in one another.
    public static let braceDepthMax = 16

    /// Why a pattern can't be used.
    public struct Malformed: Error, Hashable, CustomStringConvertible {
        /// What is wrong, and what would be right.
        public var description: String
    }

    /// Parses `text`.
    public init(_ text: String) throws(Malformed) {
        self.text = text
        guard !text.isEmpty, text != "/" else {
            throw Malformed(description: "the pattern is empty; ** matches every key")
        }
        guard text.utf8.count <= Self.byteCountMax + 1 else {
            throw Malformed(description: "the pattern has more than \(Self.byteCountMax) bytes")
        }
        var elements: [[Element]] = []
        for pattern in try Self.expandBraces(Array(Self.ofWholeKeys(text).utf8), depth: 0) {
            elements.append(try Self.parse(pattern))
        }
        guard elements.reduce(0, { $0 + $1.count }) <= Self.elementCountMax else {
            throw Malformed(
                description: "the braces multiply to more than \(Self.elementCountMax) signs; use several patterns")
        }
        self.elements = elements
        alternatives = elements.map(GlobStates.init)
    }

    /// The same pattern, as one that means whole keys wherever its slashes are.
    static func ofWholeKeys(_ text: String) -> String {
        if text.utf8.first == UInt8(ascii: "/") { return String(text.unicodeScalars.dropFirst()) }
        return text.utf8.contains(UInt8(ascii: "/")) ? text : "**/" + text
    }

    /// The pattern that matches `key` alone.
    public static func quoted(_ key: String) -> String {
        // By scalars: a sign that an accent follows is a sign all the same.
        var quoted: String.UnicodeScalarView = "/".unicodeScalars
        for scalar in key.unicodeScalars {
            if "*?[]{}\\".unicodeScalars.contains(scalar) { quoted.append("\\") }
            quoted.append(scalar)
        }
        return String(quoted)
    }

    /// Whether the whole of `key` matches.
    public func matches(_ key: [UInt8]) -> Bool { alternatives.contains { $0.matches(key) } }

    enum Element: Hashable {
        case byte(UInt8)
        case character  // ?
        case segment  // *
        case anything  // **
        case directories  // **/
        case set([ClosedRange<UInt8>], negated: Bool)

        /// Whether it takes a whole UTF-8 character, of which `matches` lets it choose by the first byte.
        var takesCharacter: Bool {
            switch self {
            case .character, .set(_, negated: true): true
            default: false
            }
        }
    }

    private static func expandBraces(_ pattern: [UInt8], depth: Int) throws(Malformed) -> [[UInt8]] {
        var results: [[UInt8]] = [[]]
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\") where index + 1 < pattern.count:
                for result in results.indices { results[result] += pattern[index...index + 1] }
                index += 2
            case UInt8(ascii: "{"):
                guard let close = closingBrace(pattern, from: index) else {
                    throw Malformed(description: "{ has no }; write \\{ for the character itself")
                }
                guard depth < braceDepthMax else {
                    throw Malformed(description: "braces nest deeper than \(braceDepthMax); use several patterns")
                }
                var inner: [[UInt8]] = []
                for part in splitAtCommas(pattern[(index + 1)..<close]) {
                    inner += try expandBraces(part, depth: depth + 1)
                }
                guard results.count * inner.count <= alternativeCountMax else {
                    throw Malformed(
                        description:
                            "the braces multiply to more than \(alternativeCountMax) patterns; use several patterns")
                }
                results = results.flatMap { head in inner.map { head + $0 } }
                index = close + 1
            default:
                for result in results.indices { results[result].append(pattern[index]) }
                index += 1
            }
        }
        return results
    }

    private static func closingBrace(_ pattern: [UInt8], from open: Int) -> Int? {
        var depth = 0
        var index = open
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func splitAtCommas(_ pattern: ArraySlice<UInt8>) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        var depth = 0
        var index = pattern.startIndex
        while index < pattern.endIndex {
            let byte = pattern[index]
            if byte == UInt8(ascii: "\\"), index + 1 < pattern.endIndex {
                parts[parts.count - 1] += pattern[index...index + 1]
                index += 2
                continue
            }
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
            if byte == UInt8(ascii: ","), depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(byte) }
            index += 1
        }
        return parts
    }

    private static func parse(_ pattern: [UInt8]) throws(Malformed) -> [Element] {
        var elements: [Element] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\"):
                guard index + 1 < pattern.count else {
                    throw Malformed(description: "\\ at the end quotes nothing; write \\\\")
                }
                elements.append(.byte(pattern[index + 1]))
                index += 2
            case UInt8(ascii: "?"):
                elements.append(.character)
                index += 1
            case UInt8(ascii: "*"):
                var stars = 1
                while index + stars < pattern.count, pattern[index + stars] == UInt8(ascii: "*") { stars += 1 }
                let isAtStart = index == 0 || pattern[index - 1] == UInt8(ascii: "/")
                index += stars
                if stars == 1 {
                    elements.append(.segment)
                } else if isAtStart, index < pattern.count, pattern[index] == UInt8(ascii: "/") {
                    // Twice is the same as once.
                    if elements.last != .directories { elements.append(.directories) }
                    index += 1
                } else {
                    elements.append(.anything)
                }
            case UInt8(ascii: "["):
                let (set, end) = try parseSet(pattern, from: index)
                elements.append(set)
                index = end
            default:
                elements.append(.byte(pattern[index]))
                index += 1
            }
        }
        return elements
    }

    private static func parseSet(_ pattern: [UInt8], from open: Int) throws(Malformed) -> (Element, Int) {
        var index = open + 1
        let negated =
            index < pattern.count && (pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^"))
        if negated { index += 1 }
        var ranges: [ClosedRange<UInt8>] = []
        let first = index
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") || index == first {
            var low = pattern[index]
            if low == UInt8(ascii: "\\"), index + 1 < pattern.count {
                index += 1
                low = pattern[index]
            }
            guard low < 0x80 else {
                throw Malformed(description: "a set in [ ] holds ASCII characters only; use {é,è} for others")
            }
            index += 1
            guard index + 1 < pattern.count, pattern[index] == UInt8(ascii: "-"),
                pattern[index + 1] != UInt8(ascii: "]")
            else {
                ranges.append(low...low)
                continue
            }
            let high = pattern[index + 1]
            guard low <= high, high < 0x80 else {
                throw Malformed(description: "the range in [ ] runs backwards or leaves ASCII")
            }
            ranges.append(low...high)
            index += 2
        }
        guard index < pattern.count else {
            throw Malformed(description: "[ has no ]; write \\[ for the character itself")
        }
        return (.set(ranges, negated: negated), index + 1)
    }
}
