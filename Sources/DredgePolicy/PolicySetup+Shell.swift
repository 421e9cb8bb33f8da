import DredgeAWS
import DredgeIAM

extension PolicySetup {
    /// Commands of the AWS CLI for a POSIX shell, to be run with credentials of the holder's account. Policies of
    /// buckets and keys are read, added to with jq, and written back, so that what is there stays; running them twice
    /// changes nothing.
    public var shellCommands: String {
        switch holder {
        case .newRole(let role): newRole(role)
        case .role(let name, let policyName):
            "# Gives the role \(name) its permissions.\n"
                + Self.command(
                    ["aws", "iam", "put-role-policy"],
                    [("role-name", name), ("policy-name", policyName), ("policy-document", document.prettyJSON)])
        case .user(let name, let policyName):
            "# Gives the user \(name) its permissions.\n"
                + Self.command(
                    ["aws", "iam", "put-user-policy"],
                    [("user-name", name), ("policy-name", policyName), ("policy-document", document.prettyJSON)])
        case .bucket(let scope): bucketPolicy(scope)
        case .key(let key, _):
            addingStatements(
                "# Adds to the policy of the key \(key.arn); needs jq.\n",
                read: "aws kms get-key-policy --key-id \(Self.quoted(key.arn.description)) --policy-name default",
                absent: nil,
                write: "aws kms put-key-policy --key-id \(Self.quoted(key.arn.description)) --policy-name default")
        }
    }

    private func newRole(_ role: RoleTemplate) -> String {
        var text = "# Makes the role \(role.name) in the account \(role.arn.account).\n"
        text += Self.command(
            ["aws", "iam", "create-role"],
            [("role-name", role.name)] + (role.path == "/" ? [] : [("path", role.path)]) + [
                ("max-session-duration", String(role.sessionSecondsMax)),
                ("assume-role-policy-document", document.prettyJSON),
            ])
        guard let permissions = role.permissions else { return text }
        text.removeLast()
        return text + " &&\n"
            + Self.command(
                ["aws", "iam", "put-role-policy"],
                [
                    ("role-name", role.name), ("policy-name", RoleTemplate.permissionsName),
                    ("policy-document", permissions.prettyJSON),
                ])
    }

    private func bucketPolicy(_ scope: BucketScope) -> String {
        let what: String, service: String, target: String
        switch scope.address {
        case .name(let name):
            (what, service, target) = ("bucket \(name)", "s3api", "--bucket \(Self.quoted(name))")
        case .accessPoint(let point):
            what = "access point \(point.arn)"
            service = "s3control"
            target =
                "--account-id \(point.account) --region \(Self.quoted(point.region)) --name \(Self.quoted(point.name))"
        }
        let object = service == "s3api" ? "bucket" : "access-point"
        return addingStatements(
            "# Adds to the policy of the \(what); needs jq.\n",
            read: "aws \(service) get-\(object)-policy \(target)",
            absent: service == "s3api" ? "NoSuchBucketPolicy" : "NoSuchAccessPointPolicy",
            write: "aws \(service) put-\(object)-policy \(target)")
    }

    /// - Parameter absent: the error code that means that there is no policy yet; any other failure ends the script.
    private func addingStatements(_ comment: String, read: String, absent: String?, write: String) -> String {
        let statements = JSONValue.array(document.statements.map(\.json)).prettyText
        let reading = "old=$(\(read) --query Policy --output text 2>&1)"
        let empty = Self.quoted(#"{"Version":"\#(PolicyDocument.version)","Statement":[]}"#)
        let failure = "printf '%s\\n' \"$old\" >&2; exit 1"
        let handling =
            absent.map { "case $old in\n*\($0)*) old=\(empty) ;;\n*) \(failure) ;;\nesac" } ?? "{ \(failure); }"
        return comment + """
            (
            set -eu
            \(reading) || \(handling)
            new=$(printf '%s' "$old" | jq --argjson added \(Self.quoted(statements)) '
              .Statement |= (if type == "array" then . else [.] end \
            | map(select(. as $one | $added | index([$one]) | not)) + $added)')
            \(write) --policy "$new"
            )

            """
    }

    private static func command(_ words: [String], _ options: [(name: String, value: String)]) -> String {
        ([words.joined(separator: " ")] + options.map { "  --\($0.name) \(quoted($0.value))" })
            .joined(separator: " \\\n") + "\n"
    }

    /// As one word of a POSIX shell.
    static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_-./:@+,=".utf8.contains(byte)
                }
            }
        if isPlain { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
