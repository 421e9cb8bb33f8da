import DredgeAWS
import TestServers
import Testing

@testable import DredgePolicy

@Suite struct PolicyLintMutationTests {
    @Test(arguments: GeneratedPolicies.all) func `a generated policy has no findings`(_ item: GeneratedPolicies.Item) {
        let setup = item.setup
        // As it is, in a template, and as GetRole and GetBucketPolicy answer.
        let name = item.kind == .trust ? "AssumeRolePolicyDocument" : "Policy"
        let member = JSONValue.Member(
            name: name, place: .none, value: .string(URIEncoding.query(setup.document.prettyJSON)))
        let texts = [
            setup.document.compactJSON, setup.document.prettyJSON, setup.cloudFormationTemplate,
            JSONValue(.object([member])).compactText,
        ]
        for text in texts.compactMap({ $0 }) { #expect(PolicyLint.findings(in: text).isEmpty, "\(text)") }
    }

    private static let template = """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Version: 2012-10-17
                Statement:
                  - Effect: Allow
                    Principal: {AWS: !Ref Vendor}
                    Action: sts:AssumeRole
                    Condition:
                      StringEquals: {sts:ExternalId: !Sub "acme-${Id}"}
                      DateLessThan: {aws:CurrentTime: 2030}
        """

    /// Whatever is typed or pasted, the answer is findings.
    @Test(arguments: [20_241_101, 7, 65_537]) func `no mutation of a policy stops the check`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let originals =
            GeneratedPolicies.all.flatMap {
                [$0.setup.document.prettyJSON, $0.setup.document.compactJSON, $0.setup.cloudFormationTemplate]
                    .compactMap {
                        $0
                    }
            } + [Self.template]
        let pieces = [
            "\"", "{", "}", "[", "]", ",", ":", "*", "?", "${", "\\", "\\u", "\\ud83d", " ", "\n", "\u{0}", "é", "😀",
            "'", "“",
            "arn:aws:s3:::", "arn:aws-cn:iam::", "sts:", "Statement", "Principal", "AROA", "1234", "null", "true",
            "-1e9",
            "%7B", "Fn::Sub", "https://", "//", "\u{FEFF}",
        ]
        var rules: Set<String> = []
        for round in 0..<4000 {
            var text = Array(originals[Int.random(in: originals.indices, using: &random)].unicodeScalars)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let start = Int.random(in: 0...text.count, using: &random)
                let end = min(text.count, start + Int.random(in: 0...12, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text.removeSubrange(start..<end)
                case 1: text.insert(contentsOf: Array(text[start..<end]), at: start)
                case 2: text.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").unicodeScalars, at: start)
                default:
                    let other = Array(originals[Int.random(in: originals.indices, using: &random)].unicodeScalars)
                    let from = Int.random(in: other.indices, using: &random)
                    text.replaceSubrange(start..<end, with: other[from..<min(other.count, from + 40)])
                }
            }
            let mutated = String(String.UnicodeScalarView(text))
            let findings = PolicyLint.findings(
                in: mutated, kind: round % 3 == 0 ? PolicyKind.allCases.randomElement(using: &random) : nil)
            for finding in findings {
                rules.insert(finding.rule)
                let isRight =
                    finding.line >= 1 && finding.column >= 1 && !finding.message.isEmpty && !finding.advice.isEmpty
                    && !(finding.message + finding.advice).unicodeScalars.contains(where: \.isControl)
                if !isRight { Issue.record("seed \(seed), round \(round): \(finding) of \(mutated)") }
            }
            #expect(findings == PolicyLint.findings(in: mutated, kind: nil) || round % 3 == 0)
        }
        // So that mutations reach beyond the syntax.
        #expect(rules.count > 10, "seed \(seed): \(rules.sorted())")
    }

    @Test func `deep nesting is refused, not followed`() {
        let text = String(repeating: "[", count: 200_000)
        #expect(PolicyLint.findings(in: text).map(\.message) == ["values are nested too deep"])
    }
}
