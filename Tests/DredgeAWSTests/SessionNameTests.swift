import Testing

@testable import DredgeAWS

@Suite struct SessionNameTests {
    private let runID = "0123456789ab"

    @Test(arguments: [
        ("dredge-{run_id}", "contracts", "dredge-0123456789ab"),
        ("{source}", "contracts", "contracts"),
        ("{source}.{run_id}", "acme/2025/ü", "acme-2025--.0123456789ab"),
        ("plain", "contracts", "plain"),
        ("{run_id}{source}{source}", "{run_id}", "0123456789ab-run_id--run_id-"),
    ])
    func `placeholders are filled in`(template: String, source: String, name: String) {
        #expect(SessionName.complaint(template) == nil)
        #expect(SessionName.filled(template, runID: runID, source: source) == name)
    }

    @Test func `what a template gives is a session's name, whatever the source is called`() {
        for template in [
            "{source}-{run_id}", "vendor={run_id}@{source}+{source}", String(repeating: "x", count: 62) + "{source}",
        ] {
            #expect(SessionName.complaint(template) == nil)
            for source in [
                String(repeating: "é", count: 128), String(repeating: "a/", count: 64), "\u{1}\n", "日本語 & \"x\"",
            ] {
                let name = SessionName.filled(template, runID: runID, source: source)
                #expect(RoleHopRules.sessionName(name) == nil, "\(name)")
            }
        }
    }

    @Test(arguments: [
        "", "a", "{run}", "{run_id", "run_id}", "a b", "a/{run_id}", "${RUN}", String(repeating: "x", count: 65),
        String(repeating: "x", count: 53) + "{run_id}", String(repeating: "x", count: 63) + "{source}",
    ])
    func `a template that can't give a name is refused`(template: String) {
        #expect(SessionName.complaint(template) != nil)
    }

    @Test func `hops that name no session get the default`() {
        var named = RoleHop(roleARN: "arn:aws:iam::123456789012:role/R")
        named.sessionName = "{source}"
        let hops = [RoleHop(roleARN: "arn:aws:iam::123456789012:role/Q"), named].named(runID: runID, source: "s1")
        #expect(hops.map(\.sessionName) == ["dredge-0123456789ab", "s1"])
    }
}
