import TestServers
import Testing

@testable import Dredge

@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("**/*.txt", "a.txt", true),
        ("**/*.txt", "2025/05/a.txt", true),
        ("**/*.txt", "2025/05/a.txt.gz", false),
        ("*.txt", "a.txt", true),
        ("*.txt", "2025/a.txt", true),
        ("*.txt", "2025/a.txt/b", false),
        ("/*.txt", "a.txt", true),
        ("/*.txt", "2025/a.txt", false),
        ("//*.txt", "/a.txt", true),
        ("tmp", "a/b/tmp", true),
        ("tmp", "a/tmp/b", false),
        ("a/*.txt", "b/a/x.txt", false),
        ("2025/**", "2025/", true),
        ("2025/**", "2025/a/b", true),
        ("2025/**", "2025", false),
        ("**/tmp/**", "tmp/x", true),
        ("**/tmp/**", "a/tmp/x", true),
        ("**/tmp/**", "a/tmpx/x", false),
        ("**/tmp/**", "a/xtmp/x", false),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "a/xb", false),
        ("a**b", "a/x/b", true),
        ("a**b", "c/a/x/b", true),
        ("?.txt", "é.txt", true),
        ("??.txt", "é.txt", false),
        ("/?.txt", "/.txt", false),
        ("[a-c]x", "bx", true),
        ("[a-c]x", "dx", false),
        ("[!a-c]x", "dx", true),
        ("[!a-c]x", "éx", true),
        ("[!a-c]x", "ax", false),
        ("[]]x", "]x", true),
        ("*.{txt,md}", "a.md", true),
        ("*.{txt,md}", "a.rst", false),
        ("{a,b/{c,d}}/*", "b/d/x", true),
        ("{a,b/{c,d}}/*", "b/x", false),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("\\{a,b\\}", "{a,b}", true),
        ("**", "", true),
        ("*", "", true),
        ("a//b", "a//b", true),
        ("a/../b", "a/../b", true),
    ])
    func matches(pattern: String, key: String, isMatch: Bool) throws {
        #expect(try GlobPattern(pattern).matches(Array(key.utf8)) == isMatch, "\(pattern) on \(key)")
    }

    @Test(arguments: ["", "/", "a[b", "a{b", "{a,{b}", "[z-a]", "a\\", "[é]"])
    func refusesMalformedPatterns(_ pattern: String) {
        #expect(throws: GlobPattern.Malformed.self) { try GlobPattern(pattern) }
    }

    @Test func refusesBracesThatMultiply() {
        #expect(throws: GlobPattern.Malformed.self) { try GlobPattern(String(repeating: "{a,b}", count: 9)) }
    }

    /// Far below what a stack holds, and what anybody writes.
    @Test func bracesNestToALimit() throws {
        let (open, close) = (String(repeating: "{", count: 16), String(repeating: "}", count: 16))
        #expect(try GlobPattern("\(open)a,b\(close)").matches([UInt8(ascii: "b")]))
        for count in [17, 1_000] {
            let pattern = String(repeating: "{", count: count) + "a" + String(repeating: "}", count: count)
            let error = #expect(throws: GlobPattern.Malformed.self) { try GlobPattern(pattern) }
            #expect(error?.description.contains("nest") == true)
        }
    }

    @Test func bracesThatMultiplyAreNotMultipliedOutFirst() {
        let many = "{" + String(repeating: ",", count: 2_000) + "}"
        #expect(throws: GlobPattern.Malformed.self) {
            try GlobPattern(String(repeating: "{a,b}", count: 8) + many)
        }
    }

    @Test func theFastMatcherIsThePlainOne() throws {
        var random = SeededGenerator(seed: 20_261_129)
        let parts = ["*", "**", "**/", "/", "?", "a", "b", "é", "[ab]", "[!a]", "a/", "{a,b*}", "\\*"]
        let letters = ["a", "b", "/", "é", "*", "日", "x"].map { Array($0.utf8) }
        for _ in 0..<3_000 {
            let length = Int.random(in: 1...(Int.random(in: 0..<10, using: &random) == 0 ? 150 : 8), using: &random)
            var text = ""
            var braceCount = 0
            for _ in 0..<length {
                let part = parts.randomElement(using: &random) ?? "a"
                if part.hasPrefix("{") { braceCount += 1 }
                if !part.hasPrefix("{") || braceCount <= 3 { text += part }
            }
            let pattern = try GlobPattern(["", "/"].contains(text) ? "*" : text)
            for _ in 0..<20 {
                var key: [UInt8] = []
                for _ in 0..<Int.random(in: 0..<length + 4, using: &random) {
                    key += letters.randomElement(using: &random) ?? []
                }
                // Keys are bytes: not all of them are UTF-8.
                if Bool.random(using: &random), !key.isEmpty { key.removeFirst() }
                let plain = pattern.elements.contains { PlainGlob.matches($0, key) }
                #expect(pattern.matches(key) == plain, "\(pattern.text) on \(String(decoding: key, as: UTF8.self))")
            }
        }
    }

    @Test func refusesPatternsThatNoKeyNeeds() {
        #expect(throws: GlobPattern.Malformed.self) { try GlobPattern(String(repeating: "a", count: 2_050)) }
        #expect(throws: Never.self) { try GlobPattern(GlobPattern.quoted(String(repeating: "*", count: 1_024))) }
    }

    @Test func manyStarsCostNoMoreThanPatternTimesKey() throws {
        let key = [UInt8](repeating: UInt8(ascii: "a"), count: 1024)
        #expect(try !GlobPattern(String(repeating: "*a", count: 200) + "b").matches(key))
    }
}

/// The plain twin: a step for each byte of the key and each element of the pattern.
private enum PlainGlob {
    /// Runs all ways through the pattern side by side: `states[i]` says that the elements before `i` can match what has
    /// been read.
    static func matches(_ elements: [GlobPattern.Element], _ key: [UInt8]) -> Bool {
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
    private static func skipEmpty(
        _ elements: [GlobPattern.Element], _ states: inout [Bool], directoriesMayEnd: Bool = true
    ) {
        for index in elements.indices where states[index] {
            switch elements[index] {
            case .segment, .anything: states[index + 1] = true
            case .directories: if directoriesMayEnd { states[index + 1] = true }
            case .byte, .character, .set: break
            }
        }
    }
}
