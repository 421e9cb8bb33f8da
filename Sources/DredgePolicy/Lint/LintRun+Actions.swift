import DredgeAWS
import DredgeIAM

extension LintRun {
    mutating func actions(_ statement: JSONValue, _ path: String) {
        if let not = statement["NotAction"] {
            advise(
                "not-action", not, Self.joined(path, "NotAction"),
                "NotAction is about every action but these, those included that AWS adds later",
                "Name the actions that are meant, with Action.")
            _ = strings(not, Self.joined(path, "NotAction"))
        }
        guard let action = statement["Action"] else {
            if statement["NotAction"] == nil {
                problem(
                    "action-missing", statement, path, "there is no Action", "Name what is allowed, as s3:GetObject.")
            }
            return
        }
        if statement["NotAction"] != nil {
            problem("action-missing", action, path, "Action and NotAction exclude each other", "Remove NotAction.")
        }
        let isAllow = statement["Effect"]?.string != "Deny"
        for (text, value, path) in strings(action, Self.joined(path, "Action")) {
            self.action(text, value, path, isAllow: isAllow, statement: statement)
        }
    }

    private mutating func action(
        _ text: String, _ value: JSONValue, _ path: String, isAllow: Bool, statement: JSONValue
    ) {
        if text.contains(where: { $0.isWhitespace || "\"'“”".contains($0) }) {
            problem(
                "action-characters", value, path, "the action \(shown(text)) has a blank or a quotation mark",
                "Remove it; several actions are an array.")
            return
        }
        if text == "*" || text.hasSuffix(":*") {
            // AWS's own key policies give the account, and so its administrators, every action on the key.
            let isOwnersKey = kind == .kms && text.lowercased() == "kms:*" && Self.isOfAccount(statement["Principal"])
            guard isAllow, !isOwnersKey else { return }
            problem(
                "wildcard-action", value, path,
                "\(shown(text)) allows everything\(text == "*" ? "" : " that the service can")",
                "Name the actions that are needed: \(neededActions).")
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            let found = KnownActions.services.sorted().compactMap { KnownActions.named("\($0):\(text)")?.name }.first
            problem(
                "unknown-action", value, path, "the action \(shown(text)) doesn't name its service",
                found.map { "Write \($0)." } ?? "Write it as service:Action, such as s3:GetObject.")
            return
        }
        foreignService(String(parts[0]).lowercased(), text, value, path)
        guard KnownActions.services.contains(parts[0].lowercased()) else { return }
        if text.contains("*") || text.contains("?") {
            if KnownActions.matching(text).isEmpty {
                problem("unknown-action", value, path, "no action matches \(shown(text))", suggestion(text))
            }
        } else if KnownActions.named(text) == nil {
            problem("unknown-action", value, path, "there is no action \(shown(text))", suggestion(text))
        }
        if isAllow { excess(text, value, path, statement) }
    }

    /// Whether all that is named are accounts, as far as that can be told.
    private static func isOfAccount(_ principal: JSONValue?) -> Bool {
        guard let names = principal?["AWS"] else { return true }
        return scalars(names).allSatisfy { $0.hasSuffix(":root") || ARN.isAccountID($0) || $0 == "*" }
    }

    /// More than reading needs. The policy of a bucket is about others beside the reader, too.
    private mutating func excess(_ text: String, _ value: JSONValue, _ path: String, _ statement: JSONValue) {
        guard !allowsWriting, kind == .permissions || kind == .bucket,
            statement["Principal"]?["Service"] == nil || statement["Principal"]?["AWS"] != nil
        else { return }
        let found = KnownActions.matching(text).filter(\.isBeyondReading).map(\.name)
        guard let first = found.first else { return }
        let what = found.count == 1 ? shown(first) : "\(shown(text)), such as \(first)"
        report(
            "excess-action", kind == .bucket ? .advice : .problem, value.place, path,
            "a reader needs no \(what): it lists, reads and decrypts",
            "Remove it, unless this is for somebody who also writes.")
    }

    private func suggestion(_ text: String) -> String {
        KnownActions.nearest(to: text).map { "Write \($0)." } ?? "Look it up in the Service Authorization Reference."
    }

    /// Actions that the policies of a kind can't be about.
    private mutating func foreignService(_ service: String, _ text: String, _ value: JSONValue, _ path: String) {
        // The service's name is misspelt by one character, as in `st:AssumeRole`.
        if !KnownActions.services.contains(service) {
            let bare = text.dropFirst(service.count + 1)
            let meant = KnownActions.services.sorted().first {
                KnownActions.named("\($0):\(bare)") != nil
                    && NameSuggestion.editDistance(Array($0), Array(service)) == 1
            }
            if let meant {
                problem(
                    "unknown-action", value, path, "the service of \(shown(text)) has no such action",
                    "Write \(meant):\(bare).")
                return
            }
        }
        let wanted: String
        switch kind {
        case .permissions: return
        case .trust: wanted = "sts"
        case .bucket: wanted = "s3"
        case .kms: wanted = "kms"
        }
        guard service != wanted, service != "*" else { return }
        problem(
            "action-of-other-policy", value, path,
            "\(shown(text)) has no effect in \(kind.named), which is about actions of \(wanted)",
            kind == .trust
                ? "Put it into a permission policy of the role."
                : "Put it into the policy of what it is about, or of who does it.")
    }

    private var neededActions: String {
        switch kind {
        case .trust: "sts:AssumeRole"
        case .kms: "kms:Decrypt"
        case .bucket, .permissions: "a reader needs s3:ListBucket and s3:GetObject"
        }
    }
}

extension PolicyKind {
    /// In a sentence.
    package var named: String {
        switch self {
        case .trust: "a trust policy"
        case .permissions: "a permission policy"
        case .bucket: "a bucket policy"
        case .kms: "a key policy"
        }
    }
}
