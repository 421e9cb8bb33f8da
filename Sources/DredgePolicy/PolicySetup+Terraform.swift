import DredgeAWS
import DredgeIAM

extension PolicySetup {
    /// HCL for the AWS provider, formatted as `terraform fmt` does, with a newline at the end.
    public var terraformConfiguration: String {
        switch holder {
        case .newRole(let role): newRole(role)
        case .role(let name, let policyName):
            Self.resource(
                "aws_iam_role_policy", "dredge",
                [("name", Self.string(policyName)), ("role", Self.string(name)), ("policy", Self.heredoc(document))])
        case .user(let name, let policyName):
            Self.resource(
                "aws_iam_user_policy", "dredge",
                [("name", Self.string(policyName)), ("user", Self.string(name)), ("policy", Self.heredoc(document))])
        case .bucket(let scope): bucketPolicy(scope)
        case .key(let key, let reader): grant(key, reader: reader)
        }
    }

    private func newRole(_ role: RoleTemplate) -> String {
        let text = Self.resource(
            "aws_iam_role", "dredge",
            [
                ("name", Self.string(role.name)), ("path", Self.string(role.path)),
                ("max_session_duration", String(role.sessionSecondsMax)),
                ("assume_role_policy", Self.heredoc(document)),
            ])
        guard let permissions = role.permissions else { return text }
        return text + "\n"
            + Self.resource(
                "aws_iam_role_policy", "dredge",
                [
                    ("name", Self.string(RoleTemplate.permissionsName)), ("role", "aws_iam_role.dredge.name"),
                    ("policy", Self.heredoc(permissions)),
                ])
    }

    private func bucketPolicy(_ scope: BucketScope) -> String {
        let target: (type: String, name: String, value: String)
        let what: String
        switch scope.address {
        case .name(let name): (what, target) = ("bucket", ("aws_s3_bucket_policy", "bucket", name))
        case .accessPoint(let point):
            (what, target) = (
                "access point", ("aws_s3control_access_point_policy", "access_point_arn", point.arn)
            )
        }
        return "# Replaces the policy that the \(what) has: where there is one, add the statements to it instead.\n"
            + Self.resource(
                target.type, "dredge",
                [(target.name, Self.string(target.value)), ("policy", Self.heredoc(document))])
    }

    /// A grant, since the provider can only replace a key's policy as a whole, which may lock everybody out.
    private func grant(_ key: EncryptionKey, reader: TrustedPrincipal) -> String {
        "# A grant instead of a statement: a key's policy can be replaced here, but not added to.\n"
            + Self.resource(
                "aws_kms_grant", "dredge",
                [
                    ("key_id", Self.string(key.arn.description)),
                    ("grantee_principal", Self.string(reader.arn?.description ?? "")),
                    ("operations", #"["Decrypt"]"#),
                ])
    }

    /// With the names aligned.
    private static func resource(_ type: String, _ name: String, _ arguments: [(name: String, value: String)]) -> String
    {
        let width = arguments.map(\.name.count).max() ?? 0
        let lines = arguments.map { argument in
            let padding = String(repeating: " ", count: width - argument.name.count)
            return "  \(argument.name)\(padding) = \(argument.value)\n"
        }
        return "resource \"\(type)\" \"\(name)\" {\n\(lines.joined())}\n"
    }

    /// The document itself, byte for byte, rather than `jsonencode`, which would write what is beyond ASCII as it is.
    private static func heredoc(_ document: PolicyDocument) -> String {
        let lines = literal(document.prettyJSON).split(separator: "\n").map { "    \($0)\n" }
        return "<<-JSON\n\(lines.joined())  JSON"
    }

    private static func string(_ text: String) -> String {
        var quoted = ""
        for character in literal(text) {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return "\"\(quoted)\""
    }

    /// Without templates: `${` and `%{` stand for themselves.
    private static func literal(_ text: String) -> String {
        var literal = ""
        var last: Character?
        for character in text {
            if character == "{", let last, last == "$" || last == "%" { literal.append(last) }
            literal.append(character)
            last = character
        }
        return literal
    }
}
