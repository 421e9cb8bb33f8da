import ArgumentParser
import DredgeAWS
import DredgeConfig
import DredgePolicy

struct PolicyLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Find what is wrong in trust and permission policies, offline.",
        discussion: """
            Takes policies in JSON as they are pasted, answers of the AWS CLI (get-role, get-bucket-policy, …) and \
            CloudFormation templates in JSON. For -, it reads standard input. Exit codes: 0 nothing but advice, 1 a \
            file could not be read, 3 problems.
            """)

    @Option(
        help: ArgumentHelp(
            "\(PolicyKind.allCases.map(\.rawValue).joined(separator: ", ")); default: told from what they say.",
            valueName: "kind"), transform: { try Choice.named($0) })
    var kind: PolicyKind?

    @Flag(help: "Print a line of JSON with all findings.")
    var json = false

    @Argument(help: ArgumentHelp("The policies.", valueName: "file"), completion: .file())
    var files: [String]

    func run() throws {
        var reports: [LintReport] = []
        for file in files {
            let findings = PolicyLint.findings(in: try text(of: file), kind: kind)
            reports += findings.map { LintReport(file: file, finding: $0) }
        }
        let problemCount = reports.count { $0.finding.severity == .problem }
        if json {
            Answer.give(LintSummary(problemCount: problemCount, findings: reports))
        } else {
            for report in reports { try StandardOutput.shared.write(report.text) }
        }
        if problemCount > 0 { throw CommandFailure(.fatal) }
    }

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
            throw CommandFailure(.usage, "dredge: \(name): is larger than 1 MiB; is it a policy?")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.usage, "dredge: \(name): is not UTF-8 text")
        }
        return text
    }

    /// A template with a hundred roles fits; AWS's own limit for one is as large.
    private static let byteCountMax = 1 << 20
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

private struct LintSummary: Encodable {
    var problemCount: Int
    var findings: [LintReport]
}
