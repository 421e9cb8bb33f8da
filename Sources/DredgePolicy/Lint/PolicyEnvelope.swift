import DredgeAWS
import DredgeIAM

/// Finds the policies in what holds them.
enum PolicyEnvelope {
    struct Document {
        var value: JSONValue
        var path: String
        /// nil: what holds it doesn't tell.
        var kind: PolicyKind?
    }

    /// Every object that has a `Statement`. A document may also be a string: which members hold such strings is known
    /// by their names. A string that can't be read is reported.
    static func documents(
        in value: JSONValue, path: String = "", kind: PolicyKind? = nil, report: (PolicyFinding) -> Void
    ) -> [Document] {
        if path.isEmpty, let plan = TerraformPlan(value) {
            plan.unknown.forEach(report)
            return plan.texts.flatMap { documents(inText: $0.value, path: $0.path, kind: $0.kind, report: report) }
        }
        if let members = value.members {
            if members.contains(where: { $0.name.lowercased() == "statement" }) {
                return [Document(value: value, path: path, kind: kind)]
            }
            let isTopLevelPolicy =
                path.isEmpty && members.contains { ["version", "effect", "action"].contains($0.name.lowercased()) }
            if isTopLevelPolicy { return [Document(value: value, path: path, kind: kind)] }
            let ofResource = self.kind(ofType: value["Type"]?.string)
            return members.flatMap { member in
                documents(
                    in: member.value, path: path.isEmpty ? member.name : "\(path).\(member.name)",
                    kind: self.kind(ofMember: member.name) ?? ofResource ?? kind,
                    named: member.name, report: report)
            }
        }
        return (value.array ?? []).enumerated().flatMap { index, item in
            documents(in: item, path: "\(path)[\(index)]", kind: kind, report: report)
        }
    }

    private static func documents(
        in value: JSONValue, path: String, kind: PolicyKind?, named name: String, report: (PolicyFinding) -> Void
    ) -> [Document] {
        guard value.string != nil else { return documents(in: value, path: path, kind: kind, report: report) }
        guard ["Policy", "PolicyDocument", "AssumeRolePolicyDocument", "Document", "KeyPolicy"].contains(name) else {
            return []
        }
        return documents(inText: value, path: path, kind: kind, report: report)
    }

    /// Of a string that holds a document.
    private static func documents(
        inText value: JSONValue, path: String, kind: PolicyKind?, report: (PolicyFinding) -> Void
    ) -> [Document] {
        guard let text = value.string, let decoded = document(in: text) else { return [] }
        do {
            var inner = try JSONReader.value(of: decoded)
            // A line and column within the string would not help somebody who looks at the file.
            inner.move(to: value.place)
            return documents(in: inner, path: path, kind: kind, report: report)
        } catch {
            var finding = PolicyLint.finding(error, path: path)
            finding.message += " (line \(finding.line), column \(finding.column) of the document in this string)"
            (finding.line, finding.column) = (value.place.line, value.place.column)
            report(finding)
            return []
        }
    }

    /// JSON in a string, percent-encoded or not (`GetRole` encodes it as in RFC 3986); nil: there is none.
    private static func document(in text: String) -> String? {
        let start = text.drop(while: \.isWhitespace)
        if start.hasPrefix("{") { return text }
        guard start.hasPrefix("%7B") || start.hasPrefix("%7b") else { return nil }
        let decoded = Array(text.utf8).withUnsafeBytes { URIEncoding.decode($0, plusIsSpace: true) }
        return decoded.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func kind(ofMember name: String) -> PolicyKind? {
        switch name {
        case "AssumeRolePolicyDocument": .trust
        case "KeyPolicy": .kms
        case "Policies", "RolePolicyList", "UserPolicyList": .permissions
        default: nil
        }
    }

    private static func kind(ofType type: String?) -> PolicyKind? {
        switch type {
        case "AWS::S3::BucketPolicy", "AWS::S3::AccessPoint": .bucket
        case "AWS::KMS::Key": .kms
        case let type? where type.hasPrefix("AWS::IAM::"): .permissions
        default: nil
        }
    }

    /// `{"Ref": …}`, `{"Fn::Sub": …}`.
    static func isFunction(_ value: JSONValue) -> Bool {
        guard let members = value.members, members.count == 1 else { return false }
        return members[0].name == "Ref" || members[0].name.hasPrefix("Fn::")
    }

    /// The text of `{"Fn::Sub": …}`, its variables as they are written.
    static func substituted(_ value: JSONValue) -> String? {
        value["Fn::Sub"].flatMap { $0.string ?? $0.array?.first?.string }
    }

    /// A string, or what `Fn::Sub` will make of its text, where names stand for its variables: enough to tell whether
    /// an ARN is of a bucket or of objects. nil: only AWS knows.
    static func template(_ value: JSONValue) -> String? {
        if let text = value.string { return text }
        guard let text = substituted(value) else { return nil }
        return text.replacing(/\$\{[^}]*\.Arn\}/, with: "arn:aws:s3:::name").replacing(/\$\{[^}]*\}/, with: "name")
    }
}

extension JSONValue {
    /// Gives everything within the same place.
    mutating func move(to place: JSONPlace) {
        self.place = place
        switch content {
        case .array(var items):
            for index in items.indices { items[index].move(to: place) }
            content = .array(items)
        case .object(var members):
            for index in members.indices {
                members[index].place = place
                members[index].value.move(to: place)
            }
            content = .object(members)
        default: break
        }
    }
}
