import DredgeLedger
import Testing

@Suite struct RemovalRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rule: RemovalRule
        var isTrusted: Bool
        var candidates: RemovalCandidates
        var expected: RemovalDecision

        init(
            _ description: String, _ candidates: RemovalCandidates, _ expected: RemovalDecision,
            rule: RemovalRule = RemovalRule(), isTrusted: Bool = true
        ) {
            testDescription = description
            self.candidates = candidates
            self.expected = expected
            self.rule = rule
            self.isTrusted = isTrusted
        }
    }

    static let confirmed = RemovalRule(isConfirmed: true)
    static let all = RemovalCandidates(
        isListingEmpty: true, haveFiltersChanged: true, storedCount: 20, missingCount: 19, withheldBeforeCount: 1,
        leftOutCount: 0, replacedCount: 1)

    static let cases = [
        Case("nothing is left over", RemovalCandidates(storedCount: 100), .remove),
        Case("nor of an empty source", RemovalCandidates(isListingEmpty: true), .remove),
        Case("ten of eleven may go", RemovalCandidates(storedCount: 11, missingCount: 10), .remove),
        Case("eleven of 110 are a tenth", RemovalCandidates(storedCount: 110, missingCount: 11), .remove),
        Case(
            "eleven of 109 are more", RemovalCandidates(storedCount: 109, missingCount: 11), .withhold(.overLimits)),
        Case(
            "missing and left out count together",
            RemovalCandidates(storedCount: 100, missingCount: 6, leftOutCount: 5), .withhold(.overLimits)),
        Case(
            "other limits", RemovalCandidates(storedCount: 100, missingCount: 3), .withhold(.overLimits),
            rule: RemovalRule(countMax: 2, shareMax: 0.02)),
        Case(
            "a share of one lets all go", RemovalCandidates(storedCount: 100, missingCount: 99), .remove,
            rule: RemovalRule(shareMax: 1)),
        Case(
            "one document, and an empty listing",
            RemovalCandidates(isListingEmpty: true, storedCount: 1, missingCount: 1), .withhold(.emptyListing)),
        Case(
            "one of another prefix", RemovalCandidates(storedCount: 100, replacedCount: 1),
            .withhold(.sourceChanged)),
        Case(
            "one, and other filters",
            RemovalCandidates(haveFiltersChanged: true, storedCount: 100, leftOutCount: 1),
            .withhold(.filtersChanged)),
        Case(
            "other filters that leave nothing over", RemovalCandidates(haveFiltersChanged: true, storedCount: 100),
            .remove),
        Case(
            "one that was withheld", RemovalCandidates(storedCount: 100, missingCount: 1, withheldBeforeCount: 1),
            .withhold(.withheldBefore)),
        Case("all of it, confirmed", all, .remove, rule: confirmed),
        Case("all of it, kept", all, .keep, rule: RemovalRule(mode: .keep, isConfirmed: true)),
        Case("all of it, marked", all, .mark, rule: RemovalRule(mode: .mark, isConfirmed: true)),
        Case(
            "a listing that can't be trusted, confirmed or not", all, .withhold(.untrustedListing), rule: confirmed,
            isTrusted: false),
        Case(
            "nor where nothing is left over", RemovalCandidates(storedCount: 5), .withhold(.untrustedListing),
            isTrusted: false),
    ]

    @Test(arguments: cases)
    func `what may be a mistake is withheld`(_ value: Case) {
        #expect(value.rule.decision(on: value.candidates, isTrusted: value.isTrusted) == value.expected)
    }

    @Test func `each decision counts the same documents, in one place`() {
        let decisions: [RemovalDecision] = [.remove, .keep, .mark, .withhold(.overLimits)]
        let outcomes = decisions.map { RemovalOutcome($0, Self.all) }
        #expect(outcomes.map(\.removedCount) == [20, 0, 0, 0])
        #expect(outcomes.map(\.markedCount) == [0, 0, 20, 0])
        #expect(outcomes.map(\.withheldCount) == [0, 0, 0, 20])
        #expect(outcomes.map(\.withheldReason) == [nil, nil, nil, .overLimits])
    }
}
