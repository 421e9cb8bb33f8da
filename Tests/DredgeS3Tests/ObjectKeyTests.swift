import DredgeS3
import Testing

@Suite struct ObjectKeyTests {
    @Test func `keys that are canonically equivalent are different keys`() {
        #expect(ObjectKey("\u{E9}") != ObjectKey("e\u{301}"))
        #expect(ObjectKey("\u{E9}").hashValue != ObjectKey("e\u{301}").hashValue)
    }

    @Test func `keys are ordered by their bytes`() {
        // U+FF5E sorts before U+1F600 in UTF-8, behind it in UTF-16.
        let keys = [
            ObjectKey([0xFF]), ObjectKey("😀"), ObjectKey("～"), ObjectKey("a/b"), ObjectKey("a"), ObjectKey("Z"),
        ]
        #expect(keys.sorted().map(\.bytes) == keys.reversed().map(\.bytes))
    }

    @Test(arguments: [
        ("plain/key.txt", "plain/key.txt"),
        ("line\nfeed", "line\\nfeed"),
        ("\u{1B}[31mred", "\\u{1B}[31mred"),
        ("right\u{202E}left", "right\\u{202E}left"),
        ("naïve 😀", "naïve 😀"),
    ])
    func `a description can't drive a terminal`(key: String, shown: String) {
        // Swift writes such escapes with leading zeros or without.
        #expect(ObjectKey(key).description.replacing(#/\{0+/#, with: "{") == shown)
    }

    @Test func `a description shows bytes that are no text`() {
        #expect(ObjectKey([0x61, 0xFF, 0x62]).description == "a\u{FFFD}b")
    }
}
