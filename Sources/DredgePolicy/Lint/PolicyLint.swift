import DredgeAWS
import DredgeIAM
public import Foundation

/// Finds what is wrong in policies that somebody wrote, without asking AWS.
public enum PolicyLint {
    /// What is wrong in `text`, and what of it was looked at: a policy document in JSON, or something that holds some,
    /// such as an answer of the AWS CLI (`get-role`, `get-bucket-policy`, …), a CloudFormation template in JSON or
    /// YAML, or a Terraform plan (`terraform show -json`); percent-encoded documents included.
    /// - Parameters:
    ///   - kind: what the policies are for; nil: told from what they say and from what holds them.
    ///   - allowsWriting: whether they are of somebody who also writes, so that rights to change are no finding.
    ///   - now: against which dates in conditions are held.
    public static func report(
        on text: String, kind: PolicyKind? = nil, allowsWriting: Bool = false, now: Date = Date()
    ) -> PolicyLintReport {
        let root: JSONValue
        do {
            root = YAMLReader.isYAML(text) ? try YAMLReader.value(of: text) : try JSONReader.value(of: text)
        } catch {
            return PolicyLintReport(findings: [finding(error, path: "")], checked: [])
        }
        var findings: [PolicyFinding] = []
        var checked: [CheckedPolicy] = []
        for document in PolicyEnvelope.documents(in: root, report: { findings.append($0) }) {
            let kind = kind ?? document.kind ?? detected(document.value)
            var run = LintRun(kind: kind, allowsWriting: allowsWriting, now: now)
            run.lint(document.value, path: document.path)
            findings += run.findings
            checked.append(CheckedPolicy(kind: kind, path: document.path, document: document.value))
        }
        if checked.isEmpty, findings.isEmpty {
            findings.append(
                PolicyFinding(
                    rule: "no-statement", severity: .problem, line: root.place.line, column: root.place.column,
                    path: "",
                    message: "there is no policy here: nothing has a Statement",
                    advice: #"A policy is {"Version": "2012-10-17", "Statement": […]}."#))
        }
        let sorted = findings.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
        return PolicyLintReport(findings: sorted, checked: checked)
    }

    static func finding(_ problem: JSONReader.Problem, path: String) -> PolicyFinding {
        PolicyFinding(
            rule: problem.rule, severity: .problem, line: problem.place.line, column: problem.place.column, path: path,
            message: problem.message, advice: problem.advice)
    }

    /// From the actions, and from whether there is a principal.
    private static func detected(_ document: JSONValue) -> PolicyKind {
        let statements = document["Statement"].map { $0.array ?? [$0] } ?? []
        let actions = statements.flatMap { $0["Action"].map { $0.array ?? [$0] } ?? [] }.compactMap(\.string)
        let hasPrincipal = statements.contains { $0["Principal"] != nil || $0["NotPrincipal"] != nil }
        let hasResource = statements.contains { $0["Resource"] != nil || $0["NotResource"] != nil }
        func share(_ service: String) -> Int { actions.count { $0.lowercased().hasPrefix(service + ":") } }
        if share("sts") > 0, hasPrincipal || !hasResource { return .trust }
        guard hasPrincipal else { return .permissions }
        if !hasResource, share("s3") == 0, share("kms") == 0 { return .trust }
        // A permission policy with a principal that doesn't belong there is likelier than a bucket policy of other
        // actions.
        if share("kms") > 0, share("s3") == 0 { return .kms }
        return share("s3") > 0 || actions.isEmpty || actions == ["*"] ? .bucket : .permissions
    }
}

/// What was found in a text, and what was looked at.
public struct PolicyLintReport: Sendable {
    /// In the order of the text.
    public var findings: [PolicyFinding]
    /// Each policy that was there, in the order of the text.
    public var checked: [CheckedPolicy]
}

/// The check of one document.
struct LintRun {
    let kind: PolicyKind
    let allowsWriting: Bool
    let now: Date
    private(set) var findings: [PolicyFinding] = []
    /// The partition that the first ARN names, and that ARN: the others must agree with it.
    var partition: (name: String, arn: String)?

    init(kind: PolicyKind, allowsWriting: Bool, now: Date) {
        self.kind = kind
        self.allowsWriting = allowsWriting
        self.now = now
    }

    mutating func problem(_ rule: String, _ value: JSONValue, _ path: String, _ message: String, _ advice: String) {
        report(rule, .problem, value.place, path, message, advice)
    }

    mutating func advise(_ rule: String, _ value: JSONValue, _ path: String, _ message: String, _ advice: String) {
        report(rule, .advice, value.place, path, message, advice)
    }

    mutating func report(
        _ rule: String, _ severity: PolicyFinding.Severity, _ place: JSONPlace, _ path: String, _ message: String,
        _ advice: String
    ) {
        findings.append(
            PolicyFinding(
                rule: rule, severity: severity, line: place.line, column: place.column, path: path, message: message,
                advice: advice))
    }

    /// The strings of a value that may be one string or an array of them, with their paths. What is neither is
    /// reported, but not the functions of CloudFormation (`Ref`, `Fn::Sub`), whose values only AWS knows.
    mutating func strings(_ value: JSONValue, _ path: String) -> [(text: String, value: JSONValue, path: String)] {
        var strings: [(String, JSONValue, String)] = []
        let items =
            value.array.map { $0.enumerated().map { ($0.element, "\(path)[\($0.offset)]") } } ?? [(value, path)]
        for (item, path) in items {
            if let text = item.string {
                strings.append((text, item, path))
            } else if !PolicyEnvelope.isFunction(item) {
                problem(
                    "wrong-type", item, path, "this is no string",
                    "Write a string in double quotes, or an array of them.")
            }
        }
        if value.array?.isEmpty == true {
            problem("wrong-type", value, path, "this is empty", "Write at least one string.")
        }
        return strings
    }
}

/// Text of a policy for a message: in quotes, without characters that could control a terminal.
func shown(_ text: String) -> String { "'\(text.printable)'" }
