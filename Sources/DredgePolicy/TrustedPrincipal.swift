public import DredgeAWS
public import DredgeIAM

/// Who is let in, in the form that a policy of the other account names it.
public struct TrustedPrincipal: Sendable, Hashable {
    /// How a role or a user is named.
    public enum Form: String, Sendable, CaseIterable {
        /// By its ARN.
        case exact
        /// By its account: every identity there that its account allows it.
        case root
        /// By its account, with a condition on the ARN, so that it is this one only and stays so when it is deleted and
        /// made again.
        case rootWithARNCondition = "root-with-arn-condition"
    }

    /// As a statement names it.
    public let principal: Principal
    /// What else must hold so that it is this one.
    public let conditions: [PolicyCondition]
    /// What to know about this form, a sentence or two each.
    public let notes: [String]
    /// Of the role, user or account itself, whatever the form; nil: a service.
    public let arn: ARN?

    /// - Parameters:
    ///   - text: the ARN of a role, a user, an account (`…:root`) or a role's session, of which the role is taken; an
    ///     account's ID; or a service as `ec2.amazonaws.com`.
    ///   - partition: of an account that is given by its ID.
    public init(_ text: String, form: Form = .exact, partition: String = "aws") throws(AWSError) {
        if Self.isService(text) {
            guard form == .exact else {
                throw Self.refusal(
                    "the service \(text) has no account", "Leave the form of the principal away for a service.")
            }
            (principal, conditions, notes, arn) = (.service([text]), [], [], nil)
            return
        }
        let found = try Self.identity(text, partition: partition)
        let root = ARN(
            partition: found.arn.partition, service: "iam", account: found.arn.account, resource: "root")
        arn = found.arn
        if found.arn == root {
            guard form != .rootWithARNCondition else {
                throw Self.refusal(
                    "'\(text.printable)' is a whole account, and the form root-with-arn-condition narrows one to "
                        + "a role or user", "Name the ARN of the role or user, or leave the form away.")
            }
            principal = .aws([root.description])
            conditions = []
            notes = [Self.rootNote(root)]
            return
        }
        switch form {
        case .exact:
            (principal, conditions) = (.aws([found.arn.description]), [])
            notes = found.notes + [Self.uniqueIDNote(found.arn)]
        case .root:
            (principal, conditions) = (.aws([root.description]), [])
            notes = [Self.rootNote(root)]
        case .rootWithARNCondition:
            principal = .aws([root.description])
            conditions = [PolicyCondition("ArnEquals", "aws:PrincipalArn", [found.arn.description])]
            notes = found.notes
        }
    }

    private static func identity(_ text: String, partition: String) throws(AWSError) -> (arn: ARN, notes: [String]) {
        if ARN.isAccountID(text) {
            return (ARN(partition: partition, service: "iam", account: text, resource: "root"), [])
        }
        guard let arn = ARN(text) else { throw refusal(of: text) }
        guard Partition.named(arn.partition) != nil else {
            throw refusal(
                "'\(text.printable)' is of no AWS partition",
                "The second part of an ARN is \(Partition.all.map(\.name).joined(separator: ", ")).")
        }
        guard arn.region.isEmpty, ARN.isAccountID(arn.account) else {
            throw refusal(
                "'\(text.printable)' has \(arn.region.isEmpty ? "an account ID that isn't 12 digits" : "a region")",
                "It looks like arn:aws:iam::123456789012:role/Name, with nothing between the two colons.")
        }
        let isIdentity = arn.resource.hasPrefix("role/") || arn.resource.hasPrefix("user/")
        if arn.service == "iam", arn.resource == "root" || isIdentity && !arn.resource.hasSuffix("/") {
            guard arn.resource.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"*?".utf8.contains($0) }) else {
                throw refusal(
                    "'\(text.printable)' has a wildcard, a blank or another character that no principal may have",
                    "Name one role, or let the whole account in and narrow it by a condition.")
            }
            return (arn, [])
        }
        let parts = arn.resource.split(separator: "/", omittingEmptySubsequences: false)
        if arn.service == "sts", parts.count == 3, parts[0] == "assumed-role", !parts[1].isEmpty {
            let role = ARN(
                partition: arn.partition, service: "iam", account: arn.account, resource: "role/\(parts[1])")
            return (role, [sessionNote(role, name: String(parts[1]))])
        }
        throw refusal(of: text)
    }

    private static func refusal(of text: String) -> AWSError {
        if text.hasPrefix("AROA") || text.hasPrefix("AIDA") {
            return refusal(
                "'\(text.printable)' is a unique ID, which AWS shows where the role or user of a policy was deleted",
                "Write the ARN of the role or user that is there now.")
        }
        if text == "*" || text.contains("*") {
            return refusal("'\(text.printable)' would let everybody in", "Name one role, user or account.")
        }
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return refusal(
                "'\(text.printable)' has \(text.utf8.count) digits",
                "An account ID has 12, zeros at its start included.")
        }
        return refusal(
            "'\(text.printable)' is no principal",
            "Write the ARN of a role or user (arn:aws:iam::123456789012:role/Name), an account ID, or a service "
                + "(ec2.amazonaws.com). Who you are says: aws sts get-caller-identity")
    }

    private static func refusal(_ message: String, _ advice: String) -> AWSError {
        AWSError(code: .invalidParameter, step: "name the principal", message: message, advice: advice)
    }

    /// `name.amazonaws.com`, or with the suffix of another partition.
    static func isService(_ text: String) -> Bool {
        Partition.all.contains { text.hasSuffix(".\($0.dnsSuffix)") } && !text.contains(":")
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".")
            }
    }

    private static func uniqueIDNote(_ arn: ARN) -> String {
        let isRole = arn.resource.hasPrefix("role/")
        return "AWS stores \(arn) as the unique ID of that \(isRole ? "role (AROA…)" : "user (AIDA…)"). When it is "
            + "deleted and made again, even under the same name, this policy lets nobody in until it is saved again. "
            + "The form root-with-arn-condition survives that."
    }

    private static func rootNote(_ root: ARN) -> String {
        "\(root) is the whole account: every identity there that its own policies allow it gets in. With the "
            + "ARN of a role, the form root-with-arn-condition narrows that to it."
    }

    private static func sessionNote(_ role: ARN, name: String) -> String {
        let place =
            name.hasPrefix("AWSReservedSSO_")
            ? "This one is of IAM Identity Center, whose roles lie under /aws-reserved/sso.amazonaws.com/: look it up"
            : "If the role lies under a path, look it up"
        return "\(role) is taken from the ARN of a session, which doesn't tell the role's path. "
            + "\(place): aws iam get-role --role-name \(name) --query Role.Arn"
    }
}
