/// The parts of a role's ARN that decide where it is assumed.
package struct RoleARN: Sendable, Hashable {
    package let partition: String
    /// Twelve digits.
    package let account: String

    /// `arn:partition:iam::account:role/path/name` (IAM User Guide, "IAM identifiers"); nil: something else.
    package init?(_ arn: String) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "iam", parts[3].isEmpty,
            ARN.isAccountID(parts[4]),
            parts[5].hasPrefix("role/"), parts[5].utf8.count > 5, parts[5].utf8.last != UInt8(ascii: "/"),
            (20...2048).contains(arn.utf8.count), arn.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            Self.isNameOfOne(parts[5])
        else { return nil }
        partition = String(parts[1])
        account = String(parts[4])
    }

    /// Whether what follows the account is one role: its name has letters, digits and characters of `_+=,.@-` (IAM API
    /// Reference, CreateRole), and its path no wildcard or variable, which a policy would take as many roles.
    package static func isNameOfOne(_ resource: some StringProtocol) -> Bool {
        let name = resource.split(separator: "/").last ?? ""
        return !resource.contains(where: { "*?$".contains($0) })
            && name.utf8.allSatisfy { byte in
                switch UnicodeScalar(byte) {
                case "a"..."z", "A"..."Z", "0"..."9", "_", "+", "=", ",", ".", "@", "-": true
                default: false
                }
            }
    }
}

extension String {
    /// For an error message: at most 100 characters, control characters as U+FFFD, so that a value can't drive a
    /// terminal.
    package var printable: String {
        let shown = String(String.UnicodeScalarView(prefix(100).unicodeScalars.map { $0.isControl ? "\u{FFFD}" : $0 }))
        return shown.utf8.count < utf8.count && count > 100 ? shown + "…" : shown
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1.
    package var isControl: Bool { value < 0x20 || (0x7F..<0xA0).contains(value) }
}
