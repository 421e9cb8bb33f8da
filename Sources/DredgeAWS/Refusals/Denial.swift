/// What AWS's message about a refusal tells: who asked for what, and which kind of policy decided. Only newer messages,
/// and only within an account or organization, name the policy (IAM User Guide, "Troubleshoot access denied error
/// messages").
package struct Denial: Sendable, Hashable {
    /// How the policy decided.
    package enum Decision: Sendable, Hashable {
        /// Not told.
        case unknown
        /// `because no … allows the … action`
        case notAllowed(by: PolicyKind)
        /// `with an explicit deny in …`
        case denied(by: PolicyKind)
    }

    /// The kinds of policies that messages name.
    package enum PolicyKind: Sendable, Hashable, CaseIterable {
        case identity, resource, trust, serviceControl, resourceControl, permissionsBoundary, session, endpoint

        /// As messages write it.
        fileprivate var words: String {
            switch self {
            case .identity: "identity-based policy"
            case .resource: "resource-based policy"
            case .trust: "role trust policy"
            case .serviceControl: "service control policy"
            case .resourceControl: "resource control policy"
            case .permissionsBoundary: "permissions boundary"
            case .session: "session policy"
            case .endpoint: "VPC endpoint policy"
            }
        }
    }

    /// The ARN of who asked.
    package var caller: String?
    /// As `sts:AssumeRole`.
    package var action: String?
    /// The ARN of what was asked for.
    package var resource: String?
    /// Which policy decided.
    package var decision: Decision

    /// Reads a message; every part may be missing.
    package init(_ message: String) {
        caller = Self.word(after: "User: ", in: message)
        action = Self.word(after: "not authorized to perform: ", in: message)
        resource = Self.word(after: "on resource: ", in: message)
        let text = message.lowercased()
        func kind(after words: String) -> PolicyKind? {
            guard let start = text.firstRange(of: words)?.upperBound else { return nil }
            let rest = text[start...]
            // The kind that stands first, since the rest of the sentence may name another.
            return PolicyKind.allCases.compactMap { kind in
                rest.firstRange(of: kind.words.lowercased()).map { (kind, $0.lowerBound) }
            }.min { $0.1 < $1.1 }?.0
        }
        decision =
            kind(after: "explicit deny in ").map { .denied(by: $0) }
            ?? kind(after: "because no ").map { .notAllowed(by: $0) } ?? .unknown
    }

    /// What follows `words` up to the next blank, without quotes, and without a comma or full stop at its end.
    private static func word(after words: String, in message: String) -> String? {
        guard let start = message.firstRange(of: words)?.upperBound else { return nil }
        let word = message[start...].prefix { !$0.isWhitespace }.filter { $0 != "\"" && $0 != "'" }
        let trimmed = word.hasSuffix(".") || word.hasSuffix(",") ? String(word.dropLast()) : String(word)
        return trimmed.isEmpty ? nil : trimmed
    }
}

extension Denial {
    /// What is owned by the account that is asked.
    package enum Owned: Sendable { case role, bucket, key }

    /// The ARN of the KMS key that it is about; nil: it names none.
    package static func keyARN(in message: String) -> String? {
        message.split { $0.isWhitespace || "\"'(),".contains($0) }
            .first { $0.hasPrefix("arn:") && $0.contains(":kms:") }
            .map { String($0.hasSuffix(".") ? $0.dropLast() : $0) }
    }
}

extension Denial.PolicyKind {
    /// For a sentence.
    package func name(_ owned: Denial.Owned) -> String {
        switch self {
        case .identity: "a policy of the caller itself"
        case .resource:
            switch owned {
            case .role: "the role's trust policy"
            case .bucket: "the bucket's policy"
            case .key: "the key's policy"
            }
        case .trust: "the role's trust policy"
        case .serviceControl: "a service control policy (SCP) of the caller's AWS organization"
        case .resourceControl: "a resource control policy (RCP) of the owner's AWS organization"
        case .permissionsBoundary: "the caller's permissions boundary"
        case .session: "the policy of the caller's session"
        case .endpoint: "the policy of a VPC endpoint on the way to AWS"
        }
    }
}
