public import DredgeAWS

/// The roles that an identity may assume: one, or all whose names match a pattern.
public struct RolePattern: Sendable, Hashable {
    /// A pattern of role ARNs.
    public let resource: String

    /// That role alone.
    public init(roleARN: String) throws(AWSError) {
        _ = try Self.role(roleARN)
        resource = roleARN
    }

    /// The roles of any account whose names match, since a vendor's customers have accounts of their own.
    /// - Parameters:
    ///   - namePattern: what follows `role/` in an ARN: a path, if the roles have one, and the name; `*` and `?` are
    ///     wildcards.
    ///   - roleARN: a role that must match. Throws if it doesn't.
    public init(namePattern: String, mustMatch roleARN: String) throws(AWSError) {
        let role = try Self.role(roleARN)
        let pattern = namePattern.hasPrefix("/") ? String(namePattern.dropFirst()) : namePattern
        let name = String(role.resource.dropFirst("role/".count))
        guard !pattern.isEmpty, pattern.unicodeScalars.allSatisfy(Self.isOfPattern) else {
            throw Self.refusal(
                "'\(namePattern.printable)' is no pattern of role names",
                "Role names and paths have letters, digits and characters of _+=,.@-/; wildcards are * and ?.")
        }
        guard pattern.contains(where: { !"*?/".contains($0) }) else {
            throw Self.refusal(
                "the pattern '\(namePattern.printable)' matches every role of every account",
                "Begin it with the name that your customers give the role, such as DredgeRead-*.")
        }
        guard PolicyMatch.matches(name, pattern: pattern) else {
            throw Self.refusal(
                "the pattern '\(namePattern.printable)' doesn't match the role "
                    + "'\(name.printable)' (\(roleARN.printable))",
                Self.mismatchAdvice(name: name, pattern: pattern))
        }
        var resource = role
        resource.account = "*"
        resource.resource = "role/\(pattern)"
        self.resource = resource.description
    }

    private static func mismatchAdvice(name: String, pattern: String) -> String {
        if let end = pattern.dropLast().last, pattern.last == "*", "-_".contains(end),
            PolicyMatch.matches(name, pattern: String(pattern.dropLast(2)))
        {
            return "A pattern that ends in '\(end)*' wants that '\(end)' and what follows it: name the role "
                + "\(name)\(end)something, or make the pattern \(pattern.dropLast(2))*."
        }
        if name.contains("/"), !pattern.contains("/"),
            let last = name.split(separator: "/").last, PolicyMatch.matches(String(last), pattern: pattern)
        {
            return "The role lies under a path, which is part of its ARN: make the pattern "
                + "\(name.dropLast(last.count))\(pattern)."
        }
        return "The comparison is exact, capitals included. Change the role's name or the pattern."
    }

    private static func isOfPattern(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: "_+=,.@-/*?".unicodeScalars.contains(scalar)
        }
    }

    private static func role(_ text: String) throws(AWSError) -> ARN {
        guard RoleARN(text) != nil, let arn = ARN(text) else {
            throw refusal(
                "'\(text.printable)' is not the ARN of a role",
                "It looks like arn:aws:iam::123456789012:role/Name, as the IAM console shows it.")
        }
        return arn
    }

    private static func refusal(_ message: String, _ advice: String) -> AWSError {
        AWSError(code: .invalidParameter, step: "name the roles to assume", message: message, advice: advice)
    }
}
