import Testing

@testable import DredgeCheck

@Suite struct ChecklistTests {
    @Test func `each of the twelve points is answered by a step`() {
        #expect(ChecklistPoint.allCases.count == 12)
        for point in ChecklistPoint.allCases { #expect(!point.steps.isEmpty, "\(point)") }
    }

    /// CloudTrail is no cause, but where to look: `CheckStep.trail`.
    @Test func `each of the points but CloudTrail can be named by a cause`() {
        let named = Set(CheckCause.Code.allCases.compactMap(\.checklistPoint))
        #expect(named == Set(ChecklistPoint.allCases).subtracting([.cloudTrail]))
    }
}

@Suite struct CheckPrefixTests {
    @Test(arguments: [
        ("2025", ["2025/", ""]), ("2025/", ["2025", ""]), ("a/b/c", ["a/b/c/", "a/b/", ""]),
        ("a/b/c/", ["a/b/c", "a/b/", ""]), ("/2025/", ["/2025", "2025/", "/", ""]), ("", []),
    ])
    func `a refused prefix is tried with the slash, without it, and as those above it`(
        prefix: String, relatives: [String]
    ) {
        #expect(SourceWalk.relatives(of: prefix) == relatives)
    }
}
