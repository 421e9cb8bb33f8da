import DredgeAWS
import DredgeIAM

extension LintRun {
    private static let documentNames = ["Version", "Id", "Statement"]
    private static let statementNames = [
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ]

    mutating func lint(_ document: JSONValue, path: String) {
        duplicates(document, path)
        names(document, path, known: Self.documentNames, what: "a policy")
        version(document, path)
        guard let statement = document["Statement"] else {
            problem(
                "no-statement", document, path, "there is no Statement",
                #"A policy is {"Version": "2012-10-17", "Statement": […]}."#)
            return
        }
        let place = Self.joined(path, "Statement")
        let items = statement.array ?? [statement]
        if items.isEmpty {
            problem("no-statement", statement, place, "there are no statements", "Write one at least, or no policy.")
        }
        var sids: Set<String> = []
        for (index, item) in items.enumerated() {
            let path = statement.array == nil ? place : "\(place)[\(index)]"
            guard item.members != nil else {
                problem("wrong-type", item, path, "a statement is an object", #"Write {"Effect": "Allow", …}."#)
                continue
            }
            self.statement(item, path, sids: &sids)
        }
        completeness(statement, items, place)
        reach(items.filter { $0.members != nil }, statement, place)
        tagSession(items, statement, place)
    }

    /// Parsers take the last of two members with the same name; AWS refuses the policy.
    private mutating func duplicates(_ value: JSONValue, _ path: String) {
        var seen: Set<String> = []
        for member in value.members ?? [] {
            let place = Self.joined(path, member.name)
            if !seen.insert(member.name).inserted {
                report(
                    "duplicate-key", .problem, member.place, place, "\(shown(member.name)) stands here a second time",
                    "Put both into one, values as an array.")
            }
            duplicates(member.value, place)
        }
        for (index, item) in (value.array ?? []).enumerated() { duplicates(item, "\(path)[\(index)]") }
    }

    private mutating func names(_ value: JSONValue, _ path: String, known: [String], what: String) {
        for member in value.members ?? [] where !known.contains(member.name) {
            let meant = NameSuggestion.nearest(to: member.name, among: known)
            report(
                "unknown-key", .problem, member.place, Self.joined(path, member.name),
                "\(shown(member.name)) is no element of \(what)",
                meant.map { "Write \($0); capitals count." } ?? "There are: \(known.joined(separator: ", ")).")
        }
    }

    private mutating func version(_ document: JSONValue, _ path: String) {
        let right = "\"Version\": \"\(PolicyDocument.version)\""
        let usesVariables = document.compactText.contains("${")
        guard let version = document["Version"] else {
            let isProblem = usesVariables
            report(
                "version-missing", isProblem ? .problem : .advice, document.place, path,
                "there is no Version, so that it is 2008-10-17, "
                    + (isProblem ? "in which ${…} stands for itself" : "the old language"), "Write \(right).")
            return
        }
        let place = Self.joined(path, "Version")
        switch version.string {
        case PolicyDocument.version: return
        case "2008-10-17" where !usesVariables:
            advise("version-old", version, place, "the Version is that of the old language", "Write \(right).")
        case "2008-10-17":
            problem("version-old", version, place, "in this Version ${…} stands for itself", "Write \(right).")
        default:
            if PolicyEnvelope.isFunction(version) { return }
            problem(
                "version-unknown", version, place,
                "\(version.string.map(shown) ?? "this") is no version of the language; it is not the policy's date",
                "Write \(right).")
        }
    }

    private mutating func statement(_ statement: JSONValue, _ path: String, sids: inout Set<String>) {
        names(statement, path, known: Self.statementNames, what: "a statement")
        sid(statement, path, sids: &sids)
        effect(statement, path)
        principals(statement, path)
        actions(statement, path)
        resources(statement, path)
        conditions(statement, path)
    }

    private mutating func sid(_ statement: JSONValue, _ path: String, sids: inout Set<String>) {
        guard let value = statement["Sid"], let sid = value.string else { return }
        let place = Self.joined(path, "Sid")
        if !sid.isEmpty, !sids.insert(sid).inserted {
            problem(
                "duplicate-sid", value, place, "two statements are called \(shown(sid))", "Give each a Sid of its own.")
        }
        let isPlain = sid.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0))
        }
        if !isPlain, kind == .trust || kind == .permissions {
            problem(
                "sid-characters", value, place, "the Sid \(shown(sid)) has other characters than letters and digits",
                "IAM takes A-Z, a-z and 0-9 only: remove the others.")
        }
    }

    private mutating func effect(_ statement: JSONValue, _ path: String) {
        guard let effect = statement["Effect"] else {
            problem("effect", statement, path, "there is no Effect", #"Write "Effect": "Allow"."#)
            return
        }
        if effect.string != "Allow", effect.string != "Deny", !PolicyEnvelope.isFunction(effect) {
            problem(
                "effect", effect, Self.joined(path, "Effect"), "the Effect is neither Allow nor Deny",
                "Write one of them; capitals count.")
        }
    }

    /// Advises what a reader's policy as a whole should have.
    private mutating func completeness(_ value: JSONValue, _ statements: [JSONValue], _ path: String) {
        guard kind == .permissions || kind == .bucket else { return }
        let allowed = statements.filter { $0["Effect"]?.string == "Allow" }
        // With NotAction it can't be told what is allowed.
        guard !allowed.contains(where: { $0["NotAction"] != nil }) else { return }
        let patterns = allowed.flatMap { $0["Action"].map { $0.array ?? [$0] } ?? [] }.compactMap(\.string)
        func allows(_ action: String) -> Bool {
            patterns.contains { PolicyMatch.matches(action.lowercased(), pattern: $0.lowercased()) }
        }
        if allows("s3:GetObject"), !allows("s3:ListBucket") {
            advise(
                "list-missing", value, path, "objects may be read, but not listed",
                "A reader that looks for them needs s3:ListBucket on the bucket's ARN (without /*).")
        }
        if allows("s3:ListBucket"), !allows("s3:GetObject"), !allows("s3:PutObject") {
            advise(
                "read-missing", value, path, "objects may be listed, but not read",
                "A reader needs s3:GetObject on the ARN of the objects (the bucket's, with /*).")
        }
    }

    static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
