import Testing

@testable import Dredge

@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("**/*.txt", "a.txt", true),
        ("**/*.txt", "2025/05/a.txt", true),
        ("**/*.txt", "2025/05/a.txt.gz", false),
        ("*.txt", "a.txt", true),
        ("*.txt", "2025/a.txt", false),
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
        ("?.txt", "é.txt", true),
        ("??.txt", "é.txt", false),
        ("?.txt", "/.txt", false),
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

    @Test(arguments: ["", "a[b", "a{b", "{a,{b}", "[z-a]", "a\\", "[é]"])
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
        for count in [17, 200_000] {
            let pattern = String(repeating: "{", count: count) + "a" + String(repeating: "}", count: count)
            let error = #expect(throws: GlobPattern.Malformed.self) { try GlobPattern(pattern) }
            #expect(error?.description.contains("nest") == true)
        }
    }

    @Test func bracesThatMultiplyAreNotMultipliedOutFirst() {
        let many = "{" + String(repeating: ",", count: 400_000) + "}"
        #expect(throws: GlobPattern.Malformed.self) {
            try GlobPattern(String(repeating: "{a,b}", count: 8) + many)
        }
    }

    @Test func manyStarsCostNoMoreThanPatternTimesKey() throws {
        let key = [UInt8](repeating: UInt8(ascii: "a"), count: 1024)
        #expect(try !GlobPattern(String(repeating: "*a", count: 200) + "b").matches(key))
    }
}
