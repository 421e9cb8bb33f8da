import DredgeAWS
import DredgeIAM

/// What every ARN in a policy must be.
extension LintRun {
    /// Checks an ARN's form, partition, region and account. nil: it can't be read, which has been reported.
    mutating func arn(_ text: String, _ value: JSONValue, _ path: String, what: String) -> ARN? {
        guard isClean(text, value, path, what: what) else { return nil }
        guard let arn = ARN(text) else {
            notAnARN(text, value, path, what: what)
            return nil
        }
        let isPattern = arn.partition.contains(where: { "*?$".contains($0) })
        if let known = Partition.named(arn.partition) {
            agreement(arn, known, text, value, path)
        } else if !isPattern {
            let meant = NameSuggestion.nearest(to: arn.partition, among: Partition.all.map(\.name))
            problem(
                "unknown-partition", value, path, "\(shown(text)) is of no AWS partition",
                "The second part is \(meant ?? "aws, aws-cn, aws-us-gov, …").")
            return nil
        }
        if ["iam", "sts"].contains(arn.service), !arn.region.isEmpty, !isPattern {
            if arn.service == "iam" || arn.account.isEmpty {
                problem(
                    "region-in-arn", value, path, "\(shown(text)) has a region, which ARNs of IAM have not",
                    "Write nothing between the two colons: arn:\(arn.partition):iam::123456789012:…")
            }
        }
        account(arn, text, value, path)
        return arn
    }

    /// Blanks and quotation marks come along when text is copied.
    mutating func isClean(_ text: String, _ value: JSONValue, _ path: String, what: String) -> Bool {
        let isARN = ARN(text)
        // Keys of objects may have both.
        let checked = isARN?.service == "s3" ? String(text.prefix { $0 != "/" }) : text
        let edges = text.first.map(\.isWhitespace) ?? false || text.last.map(\.isWhitespace) ?? false
        guard edges || checked.contains(where: { $0.isWhitespace || "\"'“”".contains($0) }) else { return true }
        problem(
            "arn-characters", value, path, "the \(what) \(shown(text)) has a blank or a quotation mark in it",
            "Remove it.")
        return false
    }

    private mutating func notAnARN(_ text: String, _ value: JSONValue, _ path: String, what: String) {
        let advice: String
        if text.hasPrefix("s3://") {
            let rest = text.dropFirst(5)
            let wildcard = !rest.contains("/") || rest.hasSuffix("*") ? "" : rest.hasSuffix("/") ? "*" : "/*"
            advice = "Write arn:aws:s3:::\(rest)\(wildcard)."
        } else if text.hasPrefix("arn:"), text.split(separator: ":", omittingEmptySubsequences: false).count < 6 {
            advice = "An ARN has five colons, also where nothing is between them: arn:aws:s3:::bucket."
        } else if text.lowercased().hasPrefix("arn:") {
            advice = "It looks like arn:partition:service:region:account:resource, in small letters."
        } else {
            advice = "Write an ARN: arn:aws:s3:::bucket for a bucket, arn:aws:s3:::bucket/* for its objects."
        }
        problem("not-an-arn", value, path, "the \(what) \(shown(text)) is no ARN", advice.printableWhole)
    }

    private mutating func agreement(
        _ arn: ARN, _ known: Partition, _ text: String, _ value: JSONValue, _ path: String
    ) {
        if let partition, partition.name != arn.partition {
            problem(
                "mixed-partitions", value, path,
                "\(shown(text)) is of the partition \(arn.partition), but \(shown(partition.arn)) of \(partition.name)",
                "Nothing reaches across partitions: write the one that the account is in.")
        } else {
            partition = (arn.partition, text)
        }
        let region = arn.region
        if !region.isEmpty, !region.contains(where: { "*?$".contains($0) }), Partition.ofRegion(region) != known {
            problem(
                "region-of-other-partition", value, path,
                "\(shown(text)) has a region of the partition \(Partition.ofRegion(region).name)",
                "Write arn:\(Partition.ofRegion(region).name):…, or a region of \(arn.partition).")
        }
    }

    private mutating func account(_ arn: ARN, _ text: String, _ value: JSONValue, _ path: String) {
        let account = arn.account
        let isPattern = account.contains(where: { "*?$".contains($0) })
        if account.isEmpty {
            guard ["iam", "sts", "kms", "glue", "redshift"].contains(arn.service) else { return }
            problem(
                "account-id", value, path, "\(shown(text)) has no account",
                "Write its ID of 12 digits before the last colon.")
        } else if !isPattern, !ARN.isAccountID(account), account != "aws" {
            accountProblem(account, value, path)
        }
    }

    mutating func accountProblem(_ account: String, _ value: JSONValue, _ path: String) {
        let isNumber = account.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let dashless = account.filter { $0 != "-" }
        problem(
            "account-id", value, path,
            "the account \(shown(account)) has \(isNumber ? "\(account.utf8.count)" : "other characters than") digits",
            ARN.isAccountID(dashless)
                ? "Write it without hyphens: \(dashless)." : "An account ID has 12 digits, zeros at its start included."
        )
    }

    /// The role behind a session's ARN.
    static func role(of session: ARN) -> String {
        let name = session.resource.split(separator: "/").dropFirst().first ?? "NAME"
        return "arn:\(session.partition):iam::\(session.account):role/\(name)".printable
    }
}

extension String {
    /// Without control characters, whatever its length.
    fileprivate var printableWhole: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? "\u{FFFD}" : $0 }))
    }
}
