import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgePolicy

struct PolicyLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Find what is wrong in trust and permission policies, offline.",
        discussion: """
            Takes policies in JSON as they are pasted, answers of the AWS CLI (get-role, get-bucket-policy, …), \
            CloudFormation templates in JSON or YAML, and what `terraform show -json` prints. For -, it reads standard \
            input. It says what it has looked at, too. With --config, the policies are held against what the config's \
            sources need. Exit codes: 0 nothing but advice, 1 a file could not be read, 3 problems.
            """,
        example: """
            dredge policy lint --config contracts.yaml trust.json permissions.json
            """)

    @Option(
        help: ArgumentHelp(
            "\(PolicyKind.allCases.map(\.rawValue).joined(separator: ", ")); default: told from what they say.",
            valueName: "kind"), transform: { try Choice.named($0) })
    var kind: PolicyKind?

    @Flag(help: "They are of somebody who also writes: rights to change are no finding.")
    var writer = false

    @Option(
        help: ArgumentHelp("Are the sources of this config allowed what they need?", valueName: "config"),
        completion: .file())
    var config: String?

    @Option(help: ArgumentHelp("With --config: this source of it alone.", valueName: "name"))
    var source: String?

    @Option(
        help: ArgumentHelp(
            "With --config: the role or user that signs first; default: not compared.", valueName: "arn"))
    var principal: String?

    @Flag(help: "Print a line of JSON with all findings.")
    var json = false

    @Argument(help: ArgumentHelp("The policies.", valueName: "file"), completion: .file())
    var files: [String]

    func run() throws {
        let needs = try needs()
        var findings: [LintReport] = []
        var checked: [LintedPolicy] = []
        var policies: [ReaderPolicy] = []
        for file in files {
            let report = PolicyLint.report(on: try text(of: file), kind: kind, allowsWriting: writer)
            findings += report.findings.map { LintReport(file: file, finding: $0) }
            checked += report.checked.map { policy in
                LintedPolicy(file: file, policy: policy, findings: report.findings)
            }
            policies += report.checked.map { ReaderPolicy(file: Self.shownName(file), policy: $0) }
        }
        let sources = try needs.map { name, needs in
            let answers = try orUsage { () throws(AWSError) in try needs.held(against: policies) }
            return SourceAnswers(source: name, answers: answers)
        }
        let unknownCount = sources.reduce(0) { $0 + $1.answers.count { $0.verdict == .notChecked } }
        let problemCount = findings.count { $0.finding.severity != .advice }
        let refusalCount = sources.reduce(0) { $0 + $1.answers.count { $0.verdict == .refused } }
        if json {
            let summary = LintSummary(
                problemCount: problemCount + refusalCount, uncheckedCount: config == nil ? nil : unknownCount,
                findings: findings, checked: checked,
                sources: config == nil ? nil : sources)
            Answer.give(summary)
        } else {
            let looked = checked.map(\.text) + LintedPolicy.subjects(checked)
            for text in findings.map(\.text) + looked + sources.map(\.text) {
                try StandardOutput.shared.write(text)
            }
            if unknownCount > 0 {
                let needCount = sources.reduce(0) { $0 + $1.answers.count }
                try StandardOutput.shared.write(
                    "\(unknownCount) of \(needCount) needs were not checked: no file has the policies for them\n")
            }
        }
        if problemCount + refusalCount > 0 { throw CommandFailure(.fatal) }
    }

    /// What the config's sources need, by their names.
    private func needs() throws -> [(String, ReaderNeeds)] {
        guard let config else {
            if principal != nil || source != nil {
                throw CommandFailure(.usage, "dredge: --principal and --source need --config")
            }
            return []
        }
        let caller = try principal.map { text in
            try orUsage { () throws(AWSError) in try TrustedPrincipal(text) }.arn
        }
        let chosen = try Config(path: config, store: .optional, only: source.map { [$0] } ?? []).sources
        return try chosen.compactMap { source in
            let hops: [RoleHop]
            switch source.auth {
            case .assumeRole(let configured): hops = configured
            case .accessKey, .callback, .ambient: hops = []
            case .anonymous: return nil
            }
            let partition = hops.last.flatMap { ARN($0.roleARN)?.partition }
            let needs = try orUsage { () throws(AWSError) in
                var needs = ReaderNeeds(
                    caller: caller ?? nil, hops: hops,
                    scope: try BucketScope(
                        bucket: source.bucket, partition: partition ?? Partition.ofRegion(source.region ?? "").name,
                        prefix: source.prefix),
                    key: try source.kmsKeyARN.map { (arn) throws(AWSError) in try EncryptionKey(arn) })
                if case .account(let owner) = source.expectedBucketOwner { needs.bucketOwner = owner }
                return needs
            }
            return (source.name, needs)
        }
    }

    private static func shownName(_ file: String) -> String { file == "-" ? "stdin" : file }

    private func text(of file: String) throws -> String {
        let name = file == "-" ? "standard input" : Quoting.escaped(file)
        let bytes: [UInt8]
        do {
            bytes =
                file == "-"
                ? try InputFile.readAll(0, byteCountMax: Self.byteCountMax + 1)
                : try InputFile.read(file, byteCountMax: Self.byteCountMax + 1)
        } catch {
            throw CommandFailure(.usage, "dredge: \(name): \(error.reason)")
        }
        guard bytes.count <= Self.byteCountMax else {
            throw CommandFailure(.usage, "dredge: \(name): is larger than 16 MiB; is it a policy?")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.usage, "dredge: \(name): is not UTF-8 text")
        }
        return text
    }

    /// A Terraform plan of some thousand resources fits.
    private static let byteCountMax = 16 << 20
}

/// A finding and the file that it is in.
private struct LintReport: Encodable {
    var file: String
    var finding: PolicyFinding

    /// `FILE:LINE:COLUMN: problem: Statement[0].Principal: what is there. What to write. [rule]`, as compilers write.
    var text: String {
        let place = finding.path.isEmpty ? "" : "\(finding.path): "
        let sentence = "\(place)\(finding.message). \(finding.advice) [\(finding.rule)]"
        let file = self.file == "-" ? "stdin" : self.file
        return Quoting.escaped("\(file):\(finding.line):\(finding.column): \(finding.severity.rawValue): \(sentence)")
            + "\n"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(file, forKey: .file)
        try finding.encode(to: encoder)
    }

    private enum Key: CodingKey { case file }
}

/// A policy that was looked at, and the file that it is in.
private struct LintedPolicy: Encodable {
    var file: String
    var kind: PolicyKind
    var path: String
    var line: Int
    var column: Int
    var statementCount: Int
    var findingCount: Int
    /// What was looked for.
    var subjects: [String]

    init(file: String, policy: CheckedPolicy, findings: [PolicyFinding]) {
        self.file = file
        (kind, path, line, column) = (policy.kind, policy.path, policy.line, policy.column)
        (statementCount, subjects) = (policy.statementCount, policy.kind.subjects)
        findingCount = findings.count {
            policy.path.isEmpty || $0.path == policy.path || $0.path.hasPrefix("\(policy.path).")
        }
    }

    var text: String {
        let file = self.file == "-" ? "stdin" : self.file
        let place = path.isEmpty ? "" : "\(path): "
        let count = statementCount == 1 ? "1 statement" : "\(statementCount) statements"
        let found = findingCount == 0 ? "nothing found" : findingCount == 1 ? "1 finding" : "\(findingCount) findings"
        return Quoting.escaped("\(file):\(line):\(column): checked: \(place)\(kind.named) of \(count): \(found)") + "\n"
    }

    /// What each kind of policy was looked at for.
    static func subjects(_ policies: [LintedPolicy]) -> [String] {
        PolicyKind.allCases.filter { kind in policies.contains { $0.kind == kind } }.map { kind in
            "looked at in \(kind.named): \(kind.subjects.joined(separator: "; "))\n"
        }
    }
}

/// Whether a source of the config is allowed what it needs.
private struct SourceAnswers: Encodable {
    var source: String
    var answers: [NeedAnswer]

    var text: String {
        answers.map { answer in
            let verdict =
                switch answer.verdict {
                case .allowed: "allowed"
                case .depends: "advice"
                case .notChecked: "not checked"
                case .refused: "problem"
                }
            let advice = answer.advice.isEmpty ? "" : ". \(answer.advice)"
            return Quoting.escaped(
                "\(source): \(verdict): \(answer.action) on \(answer.resource): \(answer.message)\(advice)") + "\n"
        }.joined()
    }
}

private struct LintSummary: Encodable {
    var problemCount: Int
    /// What the sources need and no policy was there for; nil: no config was named.
    var uncheckedCount: Int?
    var findings: [LintReport]
    var checked: [LintedPolicy]
    /// nil: no config was named.
    var sources: [SourceAnswers]?
}
