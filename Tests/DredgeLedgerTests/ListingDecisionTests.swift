import DredgeBase
import DredgeLedger
import Testing

/// An entry of 10 bytes.
private func entry(_ eTag: String, size: UInt64 = 10, _ skipReason: SkipReason? = nil) -> ListingEntry {
    ListingEntry(key: Array("k".utf8), size: size, eTag: ETag(eTag), skipReason: skipReason)
}

private func version(_ eTag: String, size: UInt64 = 10) -> KnownObject.Version {
    KnownObject.Version(eTag: ETag(eTag), size: size)
}

private func known(
    content: KnownObject.Version? = nil, skipped: KnownObject.Version? = nil, reason: String? = nil
) -> KnownObject {
    KnownObject(key: Array("k".utf8), content: content, skipped: skipped, skipReason: reason)
}

private func listedSkip(_ reason: SkipReason, keepsContent: Bool = false) -> ListingDecision {
    .skip(reason: reason.rawValue, readETag: nil, keepsContent: keepsContent)
}

private func readSkip(_ reason: String, _ eTag: String) -> ListingDecision {
    .skip(reason: reason, readETag: ETag(eTag), keepsContent: false)
}

@Suite struct ListingDecisionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var entry: ListingEntry
        var known: KnownObject?
        var expected: ListingDecision

        init(_ description: String, _ entry: ListingEntry, _ known: KnownObject?, _ expected: ListingDecision) {
            testDescription = description
            self.entry = entry
            self.known = known
            self.expected = expected
        }
    }

    static let cases = [
        Case("an object that is not known is fetched", entry("a"), nil, .fetch),
        Case("one that was seen and never stored is fetched", entry("a"), known(), .fetch),
        Case("the stored version is unchanged", entry("a"), known(content: version("a")), .unchanged),
        Case("quotes are no part of a version", entry("\"a\""), known(content: version("a")), .unchanged),
        Case("quotes in the ledger neither", entry("a"), known(content: version("\"a\"")), .unchanged),
        Case("a weak ETag is another version", entry("W/\"a\""), known(content: version("a")), .fetch),
        Case("another ETag is fetched", entry("b"), known(content: version("a")), .fetch),
        Case("another size is fetched", entry("a", size: 11), known(content: version("a")), .fetch),
        Case("a listing without ETag tells nothing", entry(""), known(content: version("a")), .fetch),
        Case("nor does a stored version without one", entry(""), known(content: version("")), .fetch),
        Case("nor a quoted nothing", entry("\"\""), known(content: version("\"\"")), .fetch),

        Case(
            "binary, same version: not read again", entry("a"), known(skipped: version("a"), reason: "binary"),
            readSkip("binary", "a")),
        Case("binary, another ETag", entry("b"), known(skipped: version("a"), reason: "binary"), .fetch),
        Case("binary, another size", entry("a", size: 9), known(skipped: version("a"), reason: "binary"), .fetch),
        Case("binary, no ETag", entry(""), known(skipped: version(""), reason: "binary"), .fetch),
        Case(
            "a reason of a later version of the library stays", entry("a"),
            known(skipped: version("a"), reason: "encrypted"), readSkip("encrypted", "a")),
        Case("a lost reason is an empty one", entry("a"), known(skipped: version("a")), readSkip("", "a")),
        Case(
            "binary, and older content: that goes", entry("b"),
            known(content: version("a"), skipped: version("b"), reason: "binary"), readSkip("binary", "b")),
        Case(
            "content of this version comes before an older finding", entry("a"),
            known(content: version("a"), skipped: version("a"), reason: "binary"), .unchanged),

        Case("filtered, not known", entry("a", .filtered), nil, listedSkip(.filtered)),
        Case("filtered, without content", entry("a", .filtered), known(), listedSkip(.filtered)),
        Case(
            "filtered, and stored", entry("a", .filtered), known(content: version("a")), listedSkip(.filtered)),
        Case("filtered, another stored", entry("b", .filtered), known(content: version("a")), listedSkip(.filtered)),
        Case(
            "filtered, known as binary: the listing's reason", entry("a", .filtered),
            known(skipped: version("a"), reason: "binary"), listedSkip(.filtered)),
        Case("a folder marker", entry("a", size: 0, .folderMarker), nil, listedSkip(.folderMarker)),
        Case("empty now", entry("b", size: 0, .empty), known(content: version("a")), listedSkip(.empty)),

        Case("archived, not known", entry("a", .archived), nil, listedSkip(.archived, keepsContent: true)),
        Case("archived, without content", entry("a", .archived), known(), listedSkip(.archived, keepsContent: true)),
        Case("archived, this version stored", entry("a", .archived), known(content: version("a")), .unchanged),
        Case(
            "archived, another version stored", entry("b", .archived), known(content: version("a")),
            listedSkip(.archived, keepsContent: true)),
        Case(
            "archived, without ETag", entry("", .archived), known(content: version("")),
            listedSkip(.archived, keepsContent: true)),
        Case(
            "archived, known as binary: the listing's reason", entry("a", .archived),
            known(skipped: version("a"), reason: "binary"), listedSkip(.archived, keepsContent: true)),
    ]

    @Test(arguments: cases)
    func `a listed object needs what its versions say`(_ value: Case) {
        #expect(ListingDecision(value.entry, known: value.known) == value.expected)
    }

    @Test func `an entry that can't be used fails, unless the filters leave it out`() {
        var flawed = entry("", size: 0)
        flawed.failReason = "listedSize"
        #expect(ListingDecision(flawed, known: nil) == .fail(reason: "listedSize"))
        #expect(ListingDecision(flawed, known: known(content: version("a"))) == .fail(reason: "listedSize"))
        #expect(ListingDecision.fail(reason: "listedSize").state == .failed)
        flawed.skipReason = .filtered
        #expect(ListingDecision(flawed, known: nil) == listedSkip(.filtered))
    }

    @Test func `each decision brings about its state`() {
        #expect(ListingDecision.fetch.state == .pending)
        #expect(ListingDecision.unchanged.state == .unchanged)
        #expect(listedSkip(.filtered).state == .skipped && readSkip("binary", "a").state == .skipped)
    }

    /// What must hold whatever is listed and known, tried on all combinations of a few values.
    @Test func `content only stays where the listing allows it, and nothing is read twice`() {
        let versions = [nil, version(""), version("a"), version("a", size: 11), version("b")]
        for eTag in ["", "a", "b"] {
            for reason in [nil, .filtered, .folderMarker, .empty, .archived, .binary] as [SkipReason?] {
                for content in versions {
                    for skipped in versions {
                        let entry = entry(eTag, reason)
                        let known = known(content: content, skipped: skipped, reason: skipped.map { _ in "binary" })
                        let listed = KnownObject.Version(eTag: entry.eTag, size: entry.size)
                        let isListed = { (version: KnownObject.Version?) in !eTag.isEmpty && version == listed }
                        let comment: Comment = "\(entry) \(known)"
                        switch ListingDecision(entry, known: known) {
                        case .fail: Issue.record(comment)
                        case .fetch: #expect(reason == nil && !isListed(content) && !isListed(skipped), comment)
                        case .unchanged: #expect(isListed(content) && reason?.keepsContent ?? true, comment)
                        case .skip(let given, nil, let keepsContent):
                            #expect(given == reason?.rawValue && keepsContent == (reason == .archived), comment)
                            #expect(!keepsContent || !isListed(content), comment)
                        case .skip(let given, let readETag?, let keepsContent):
                            #expect(reason == nil && isListed(skipped) && !isListed(content), comment)
                            #expect(given == "binary" && readETag == entry.eTag && !keepsContent, comment)
                        }
                    }
                }
            }
        }
    }
}
