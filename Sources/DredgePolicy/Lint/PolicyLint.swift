import DredgeAWS
import DredgeIAM

/// Finds what is wrong in policies that somebody wrote, without asking AWS.
public enum PolicyLint {
    /// What is wrong in `text`, in its order: a policy document in JSON, or something that holds some, such as an
    /// answer of the AWS CLI (`get-role`, `get-bucket-policy`, …) or a CloudFormation template, percent-encoded
    /// documents included.
    /// - Parameter kind: what the policies are for; nil: told from what they say and from what holds them.
    public static func findings(in text: String, kind: PolicyKind? = nil) -> [PolicyFinding] {
        let root: JSONValue
        do {
            root = try JSONReader.value(of: text)
        } catch {
            return [finding(error, path: "")]
        }
        var findings: [PolicyFinding] = []
        let documents = PolicyEnvelope.documents(in: root) { findings.append($0) }
        for document in documents {
            var run = LintRun(kind: kind ?? document.kind ?? detected(document.value))
            run.lint(document.value, path: document.path)
            findings += run.findings
        }
        if documents.isEmpty, findings.isEmpty {
            findings.append(
                PolicyFinding(
                    rule: "no-statement", severity: .problem, line: root.place.line, column: root.place.column,
                    path: "",
                    message: "there is no policy here: nothing has a Statement",
                    advice: #"A policy is {"Version": "2012-10-17", "Statement": […]}."#))
        }
        return findings.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }

    static func finding(_ problem: JSONReader.Problem, path: String) -> PolicyFinding {
        PolicyFinding(
            rule: "json-syntax", severity: .problem, line: problem.place.line, column: problem.place.column, path: path,
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

/// The check of one document.
struct LintRun {
    let kind: PolicyKind
    private(set) var findings: [PolicyFinding] = []
    /// The partition that the first ARN names, and that ARN: the others must agree with it.
    var partition: (name: String, arn: String)?

    init(kind: PolicyKind) { self.kind = kind }

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
