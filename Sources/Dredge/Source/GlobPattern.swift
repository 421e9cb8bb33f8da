/// A glob on a whole key, as s5cmd users and .gitignore readers know them: `*` and `?` stop at `/`, `**` does not,
/// `**/` also matches nothing at all, `[a-z]` and `[!a-z]` match one of a set or one outside of it, `{txt,md}` one of
/// several patterns, `\` quotes.
///
/// `?` and `[!a-z]` take a whole UTF-8 character; sets name ASCII characters only. Matching costs at most O(pattern ×
/// key) for each of the alternatives that `{}` opens, of which there may be `alternativeCountMax`.
public struct GlobPattern: Sendable, Hashable {
    /// The pattern as it was written.
    public let text: String
    private let alternatives: [[Element]]

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
        guard !text.isEmpty else { throw Malformed(description: "the pattern is empty; ** matches every key") }
        var alternatives: [[Element]] = []
        for pattern in try Self.expandBraces(Array(text.utf8), depth: 0) {
            alternatives.append(try Self.parse(pattern))
        }
        self.alternatives = alternatives
    }

    /// The pattern that matches `key` alone.
    public static func quoted(_ key: String) -> String {
        // By scalars: a sign that an accent follows is a sign all the same.
        var quoted = String.UnicodeScalarView()
        for scalar in key.unicodeScalars {
            if "*?[]{}\\".unicodeScalars.contains(scalar) { quoted.append("\\") }
            quoted.append(scalar)
        }
        return String(quoted)
    }

    /// Whether the whole of `key` matches.
    public func matches(_ key: [UInt8]) -> Bool { alternatives.contains { Self.matches($0, key) } }

    private enum Element: Hashable {
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
                    elements.append(.directories)
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

    /// Runs all ways through the pattern side by side: `states[i]` says that the elements before `i` can match what has
    /// been read.
    private static func matches(_ elements: [Element], _ key: [UInt8]) -> Bool {
        var states = [Bool](repeating: false, count: elements.count + 1)
        states[0] = true
        skipEmpty(elements, &states)
        // `**/` must end where a segment begins; inside of it the state stays on the element.
        var next = states
        for byte in key {
            for index in next.indices { next[index] = false }
            let isSlash = byte == UInt8(ascii: "/")
            let isContinuation = byte & 0xC0 == 0x80
            for index in elements.indices where states[index] {
                switch elements[index] {
                case .byte(let wanted): if byte == wanted { next[index + 1] = true }
                case .character: if !isSlash, !isContinuation { next[index + 1] = true }
                case .segment: if !isSlash { next[index] = true }
                case .anything: next[index] = true
                case .directories: next[index] = true
                case .set(let ranges, let negated):
                    if !isSlash, !isContinuation, ranges.contains(where: { $0.contains(byte) }) != negated {
                        next[index + 1] = true
                    }
                }
            }
            // The bytes behind a character's first belong to it.
            if isContinuation {
                for index in elements.indices where states[index + 1] && elements[index].takesCharacter {
                    next[index + 1] = true
                }
            }
            skipEmpty(elements, &next, directoriesMayEnd: isSlash)
            swap(&states, &next)
        }
        return states[elements.count]
    }

    /// Elements that can match nothing let the state behind them be reached as well.
    private static func skipEmpty(_ elements: [Element], _ states: inout [Bool], directoriesMayEnd: Bool = true) {
        for index in elements.indices where states[index] {
            switch elements[index] {
            case .segment, .anything: states[index + 1] = true
            case .directories: if directoriesMayEnd { states[index + 1] = true }
            case .byte, .character, .set: break
            }
        }
    }
}
