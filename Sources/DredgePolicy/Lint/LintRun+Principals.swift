import DredgeAWS
import DredgeIAM

extension LintRun {
    mutating func principals(_ statement: JSONValue, _ path: String) {
        let place = Self.joined(path, "Principal")
        if let not = statement["NotPrincipal"] {
            let isAllow = statement["Effect"]?.string != "Deny"
            report(
                "not-principal", isAllow ? .problem : .advice, not.place, Self.joined(path, "NotPrincipal"),
                isAllow ? "this lets in everybody but these" : "NotPrincipal is easy to get wrong",
                "Name who is meant, with Principal, or deny by a condition on aws:PrincipalArn.")
            return
        }
        guard let principal = statement["Principal"] else {
            if kind != .permissions {
                problem(
                    "principal-missing", statement, path, "\(kind.named) says who: there is no Principal",
                    #"Write "Principal": {"AWS": "arn:aws:iam::123456789012:role/Name"}."#)
            }
            return
        }
        if kind == .permissions {
            problem(
                "principal-in-permissions", principal, place,
                "a permission policy has no Principal: it is about who has it",
                "Remove it, or put the statement into a trust or bucket policy.")
            return
        }
        let isAllow = statement["Effect"]?.string != "Deny"
        guard let members = principal.members else {
            if principal.string == "*" {
                everyone(principal, place, statement: statement, isAllow: isAllow)
            } else if !PolicyEnvelope.isFunction(principal) {
                problem(
                    "principal-form", principal, place, "the Principal doesn't say what kind it is",
                    #"Write "Principal": {"AWS": …}, or {"Service": …}."#)
            }
            return
        }
        if PolicyEnvelope.isFunction(principal) { return }
        for member in members {
            let place = Self.joined(place, member.name)
            switch member.name {
            case "AWS":
                for (text, value, path) in strings(member.value, place) {
                    if text == "*" {
                        everyone(value, path, statement: statement, isAllow: isAllow)
                    } else {
                        identity(text, value, path)
                    }
                }
            case "Service":
                for (text, value, path) in strings(member.value, place) { service(text, value, path) }
            case "Federated":
                for (text, value, path) in strings(member.value, place) {
                    federation(text, value, path, statement: statement, isAllow: isAllow)
                }
            case "CanonicalUser": _ = strings(member.value, place)
            default:
                let meant = NameSuggestion.nearest(
                    to: member.name, among: ["AWS", "Service", "Federated", "CanonicalUser"])
                report(
                    "unknown-key", .problem, member.place, place, "\(shown(member.name)) is no kind of principal",
                    "Write \(meant ?? "AWS"); capitals count.")
            }
        }
    }

    private mutating func everyone(_ value: JSONValue, _ path: String, statement: JSONValue, isAllow: Bool) {
        guard isAllow else { return }
        let isNarrowed = Self.namesCaller(statement["Condition"])
        guard kind == .trust, !isNarrowed else {
            return report(
                "principal-everyone", isNarrowed ? .advice : .problem, value.place, path,
                isNarrowed ? "'*' is everybody whom the conditions let pass" : "'*' is everybody, in every account",
                "Name the role: arn:aws:iam::123456789012:role/Name.")
        }
        report(
            "role-open-to-everyone", .danger, value.place, path,
            "anybody with an AWS account may assume this role; an external ID is no secret and doesn't change that",
            "Name who may assume it at once: arn:aws:iam::123456789012:role/Name. Then look in CloudTrail who did.")
    }

    /// Whether a condition says who it must be, or from where.
    private static func namesCaller(_ condition: JSONValue?) -> Bool {
        let names = [
            "aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:userid",
            "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount", "aws:sourcearn",
            "aws:sourceorgid", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
        ]
        return (condition?.members ?? []).contains { item in
            guard !item.name.contains("Not"), !item.name.hasSuffix("IfExists"), !item.name.hasPrefix("ForAllValues:")
            else { return false }
            return (item.value.members ?? []).contains { key in
                let isAny = scalars(key.value).contains { text in text.allSatisfy { "*?".contains($0) } }
                return names.contains(key.name.lowercased()) && !isAny
                    && !scalars(key.value).contains { $0 == "0.0.0.0/0" || $0 == "::/0" }
            }
        }
    }

    /// The texts, numbers and truth values of a value that may be one of them or an array.
    static func scalars(_ value: JSONValue) -> [String] {
        (value.array ?? [value]).compactMap { item in
            switch item.content {
            case .string(let text), .number(let text): text
            case .boolean(let truth): String(truth)
            default: nil
            }
        }
    }

    /// A role, user or account.
    mutating func identity(_ text: String, _ value: JSONValue, _ path: String) {
        if text.hasPrefix("AROA") || text.hasPrefix("AIDA") {
            problem(
                "unique-id", value, path,
                "\(shown(text)) is the unique ID of a role or user: AWS shows it where that one was deleted",
                "Write the ARN of the one that is there now, and save the policy again.")
            return
        }
        guard isClean(text, value, path, what: "principal") else { return }
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D }) {
            if !ARN.isAccountID(text) { accountProblem(text, value, path) }
            return
        }
        if TrustedPrincipal.isService(text) {
            problem(
                "principal-form", value, path, "\(shown(text)) is a service",
                #"Write {"Service": "\#(text.printable)"}."#)
            return
        }
        guard let arn = arn(text, value, path, what: "principal") else { return }
        form(arn, text, value, path)
    }

    private mutating func form(_ arn: ARN, _ text: String, _ value: JSONValue, _ path: String) {
        let example = "arn:\(arn.partition):iam::\(arn.account.isEmpty ? "123456789012" : arn.account):role/Name"
            .printable
        let kindOfResource = arn.resource.prefix { $0 != "/" }
        switch (arn.service, kindOfResource) {
        case ("sts", "assumed-role"):
            problem(
                "session-as-principal", value, path,
                "\(shown(text)) is one session of a role, which the next one is not",
                "Write the role: \(Self.role(of: arn)), with its path if it has one.")
        case ("iam", "instance-profile"):
            problem(
                "principal-form", value, path, "\(shown(text)) is an instance profile", "Write its role: \(example).")
        case ("iam", "group"):
            problem(
                "principal-form", value, path, "\(shown(text)) is a group, which can't be a principal",
                "Write \(example).")
        case ("iam", "role"), ("iam", "user"):
            if arn.resource.contains(where: { "*?".contains($0) }) {
                problem(
                    "principal-wildcard", value, path, "\(shown(text)) has a wildcard, which no principal may have",
                    "Name the account and narrow it: \"Condition\": {\"ArnLike\": "
                        + "{\"aws:PrincipalArn\": \"\(text.printable)\"}}."
                )
            } else if arn.resource.hasSuffix("/") || arn.resource == "role" || arn.resource == "user" {
                problem("principal-form", value, path, "\(shown(text)) names no \(kindOfResource)", "Write \(example).")
            }
        case ("iam", "root"): break
        case ("sts", "federated-user"): break
        default:
            problem(
                "principal-form", value, path, "\(shown(text)) is no role, user or account", "Write \(example).")
        }
    }

    /// Whoever may log in at an identity provider gets a token of it: only its subject tells one from the other.
    private mutating func federation(
        _ text: String, _ value: JSONValue, _ path: String, statement: JSONValue, isAllow: Bool
    ) {
        guard isAllow, kind == .trust, text.contains(":oidc-provider/") else { return }
        let keys = (statement["Condition"]?.members ?? []).flatMap { $0.value.members ?? [] }
        guard !keys.contains(where: { $0.name.lowercased().hasSuffix(":sub") }) else { return }
        report(
            "role-open-to-everyone", .danger, value.place, path,
            "everybody who can log in at \(shown(text)) may assume this role",
            #"Say who: "Condition": {"StringEquals": {"PROVIDER:sub": "…"}}."#)
    }

    private mutating func service(_ text: String, _ value: JSONValue, _ path: String) {
        guard isClean(text, value, path, what: "service") else { return }
        guard TrustedPrincipal.isService(text) else {
            let advice =
                text.hasPrefix("arn:")
                ? #"Write {"AWS": "\#(text.printable)"}."#
                : "It looks like \(text.contains(".") ? "ec2" : text.lowercased().printable).amazonaws.com."
            problem("principal-form", value, path, "\(shown(text)) is no AWS service", advice)
            return
        }
    }
}
