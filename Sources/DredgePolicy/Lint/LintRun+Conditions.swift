import DredgeAWS
import DredgeIAM

extension LintRun {
    private static let operators = [
        "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
        "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
        "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
        "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
        "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
    ]
    /// Keys that are checked for their spelling.
    private static let keys = [
        "sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys", "aws:PrincipalArn",
        "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:SourceArn", "aws:SourceAccount", "aws:SourceIp",
        "aws:SourceVpc", "aws:SourceVpce", "aws:SecureTransport", "aws:TagKeys", "aws:TokenIssueTime", "s3:prefix",
        "s3:delimiter", "s3:max-keys", "kms:ViaService", "kms:CallerAccount", "aws:CurrentTime", "aws:EpochTime",
        "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:VpcSourceIp",
    ]

    mutating func conditions(_ statement: JSONValue, _ path: String) {
        let place = Self.joined(path, "Condition")
        var hasExternalID = false
        if let condition = statement["Condition"] {
            guard let operators = condition.members else {
                if !PolicyEnvelope.isFunction(condition) {
                    problem(
                        "wrong-type", condition, place, "a Condition is an object",
                        #"Write {"StringEquals": {"sts:ExternalId": "…"}}."#)
                }
                return
            }
            for item in operators {
                let place = Self.joined(place, item.name)
                `operator`(item, place)
                guard let keys = item.value.members else {
                    problem(
                        "wrong-type", item.value, place, "an operator has an object of keys and values",
                        #"Write {"\#(item.name.printable)": {"sts:ExternalId": "…"}}."#)
                    continue
                }
                for key in keys {
                    let place = Self.joined(place, key.name)
                    if key.name.lowercased() == "sts:externalid" { hasExternalID = true }
                    self.key(key, operator: item.name, statement: statement, place)
                }
            }
        }
        externalIDMissing(hasExternalID, statement, path)
    }

    private mutating func `operator`(_ item: JSONValue.Member, _ path: String) {
        var name = item.name[...]
        for set in ["ForAllValues:", "ForAnyValue:"] where name.hasPrefix(set) { name = name.dropFirst(set.count) }
        if name.hasSuffix("IfExists"), name != "NullIfExists" { name = name.dropLast("IfExists".count) }
        guard !Self.operators.contains(String(name)) else { return }
        let meant = NameSuggestion.nearest(to: String(name), among: Self.operators)
        report(
            "condition-operator", .problem, item.place, path, "\(shown(item.name)) is no operator of conditions",
            "Write \(meant ?? "StringEquals"); capitals count.")
    }

    private mutating func key(_ key: JSONValue.Member, operator name: String, statement: JSONValue, _ path: String) {
        if let right = Self.keys.first(where: { $0.lowercased() == key.name.lowercased() }) {
            if right != key.name {
                report(
                    "condition-key-case", .advice, key.place, path, "the key is written \(right)",
                    "AWS takes \(shown(key.name)) too, but programs that compare policies don't.")
            }
        } else if let meant = Self.meant(key.name) {
            report(
                "condition-key", .problem, key.place, path,
                "no request has the key \(shown(key.name)), so that this never holds", "Write \(meant).")
        }
        let isAllow = statement["Effect"]?.string != "Deny"
        if isAllow || !Self.exceptsCallers(statement) { machineKey(key, operator: name, isAllow: isAllow, path) }
        let values = conditionValues(key.value, path)
        switch key.name.lowercased() {
        case "sts:externalid": externalID(key, values, operator: name, statement: statement, path)
        case "aws:principalarn":
            for (text, value, path) in values { principalARN(text, value, path) }
        case "s3:prefix", "s3:delimiter", "s3:max-keys": listKey(key, statement, path)
        case "kms:viaservice":
            for (text, value, path) in values where text.lowercased().hasPrefix("s3.amazonaws") {
                problem("via-service", value, path, "\(shown(text)) names no region", "Write s3.REGION.amazonaws.com.")
            }
        default: break
        }
        guard ["StringEquals", "StringEqualsIfExists", "ForAnyValue:StringEquals"].contains(name),
            key.name.lowercased() != "sts:externalid"
        else { return }
        for (text, value, path) in values where Self.hasWildcard(text) {
            problem(
                "wildcard-not-matched", value, path, "\(name) takes the * or ? of \(shown(text)) as it is",
                "Write StringLike\(name.hasSuffix("IfExists") ? "IfExists" : "").")
        }
    }

    /// Whether a statement that denies leaves out some callers, of whom the reader may be one.
    private static func exceptsCallers(_ statement: JSONValue) -> Bool {
        let names = ["aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:userid"]
        return (statement["Condition"]?.members ?? []).contains { item in
            item.name.contains("Not")
                && (item.value.members ?? []).contains { names.contains($0.name.lowercased()) }
        }
    }

    /// Values may also be numbers and truth values.
    private mutating func conditionValues(
        _ value: JSONValue, _ path: String
    ) -> [(text: String, value: JSONValue, path: String)] {
        let items = value.array ?? [value]
        let areScalars = items.allSatisfy { item in
            switch item.content {
            case .number, .boolean: true
            default: false
            }
        }
        return areScalars && !items.isEmpty ? [] : strings(value, path)
    }

    /// `*` or `?`, but not as `${*}`.
    private static func hasWildcard(_ text: String) -> Bool {
        text.replacing("${*}", with: "").replacing("${?}", with: "").contains { "*?".contains($0) }
    }

    /// The key that was likely meant; nil: the key may well exist.
    private static func meant(_ key: String) -> String? {
        let bare = key.split(separator: ":", maxSplits: 1).last.map(String.init) ?? key
        let service = key.prefix { $0 != ":" }.lowercased()
        let same = keys.first { $0.split(separator: ":")[1].lowercased() == bare.lowercased() }
        // The right name behind the wrong service, or behind none. `aws:` has keys of many services in it.
        if let same { return same }
        guard ["sts", "aws"].contains(service) || !key.contains(":") else { return nil }
        let nearest = NameSuggestion.nearest(to: bare, among: keys.map { String($0.split(separator: ":")[1]) })
        guard let nearest, NameSuggestion.editDistance(Array(bare.lowercased()), Array(nearest.lowercased())) <= 2
        else {
            return nil
        }
        return keys.first { $0.hasSuffix(":" + nearest) }
    }

    private mutating func principalARN(_ text: String, _ value: JSONValue, _ path: String) {
        if text.contains("${") || text.hasPrefix("*") { return }
        guard let arn = arn(text, value, path, what: "principal") else { return }
        if arn.service == "sts", arn.resource.hasPrefix("assumed-role/") {
            problem(
                "session-as-principal", value, path, "aws:PrincipalArn is the ARN of the role, not of its session",
                "Write \(Self.role(of: arn)), with its path if it has one.")
        }
    }

    /// Only listings have these keys.
    private mutating func listKey(_ key: JSONValue.Member, _ statement: JSONValue, _ path: String) {
        guard statement["Effect"]?.string != "Deny" else { return }
        let actions = (statement["Action"].map { $0.array ?? [$0] } ?? []).compactMap(\.string)
        let others = actions.compactMap(KnownActions.named).filter { $0.subject == .object }.map(\.name)
        guard !others.isEmpty else { return }
        report(
            "condition-key-not-sent", .problem, key.place, path,
            "only listings have the key \(key.name.printable): \(others.joined(separator: ", ")) is never allowed here",
            "Put s3:ListBucket with this condition into a statement of its own; narrow objects by their ARN.")
    }
}
