import DredgeAWS
import DredgeBase
import DredgeIAM
import Foundation

/// Conditions that a machine which reads from elsewhere can't meet, or not any more.
extension LintRun {
    mutating func machineKey(_ key: JSONValue.Member, operator name: String, isAllow: Bool, _ path: String) {
        let test = name.hasSuffix("IfExists") ? String(name.dropLast("IfExists".count)) : name
        let values = Self.scalars(key.value)
        switch key.name.lowercased() {
        case "aws:currenttime", "aws:epochtime": date(key, values, test, isAllow: isAllow, path)
        case "aws:multifactorauthpresent":
            let isAsked =
                test == "Null"
                ? values == [isAllow ? "false" : "true"]
                : test == "Bool" && values.map { $0.lowercased() } == [isAllow ? "true" : "false"]
            if isAsked { mfa(key, path) }
        case "aws:multifactorauthage":
            if isAllow ? test.hasPrefix("NumericLess") : test == "Null" && values == ["true"] { mfa(key, path) }
        case "aws:sourceip": address(key, values, test, isAllow: isAllow, path)
        case "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn":
            if test.contains("Not") != isAllow, test != "Null" || isAllow == (values == ["false"]) {
                vpc(key, isAllow: isAllow, path)
            }
        default: break
        }
    }

    private mutating func mfa(_ key: JSONValue.Member, _ path: String) {
        report(
            "mfa-of-machine", .problem, key.place, path,
            "this asks for multi-factor authentication, and a machine has no device to type a code from",
            "Remove the condition for the reader; the external ID and the named role stand in its place.")
    }

    private mutating func vpc(_ key: JSONValue.Member, isAllow: Bool, _ path: String) {
        report(
            "vpc-only", .advice, key.place, path,
            (isAllow ? "this lets in only" : "this refuses all but")
                + " requests that come through a VPC endpoint, which a reader outside of that VPC doesn't use, "
                + "whatever its role may do",
            isAllow
                ? "Leave \(key.name.printable) out for a reader elsewhere."
                : "Except the reader: add \"ArnNotEquals\": {\"aws:PrincipalArn\": \"arn:…:role/Name\"} to the "
                    + "condition.")
    }

    // MARK: Addresses

    private mutating func address(
        _ key: JSONValue.Member, _ values: [String], _ test: String, isAllow: Bool, _ path: String
    ) {
        guard test == (isAllow ? "IpAddress" : "NotIpAddress") else { return }
        let privates = values.filter(Self.isPrivate)
        guard let first = privates.first else { return }
        let isAll = privates.count == values.count
        report(
            "private-address", isAll ? .problem : .advice, key.place, path,
            "AWS never sees a request from the private address \(shown(first))"
                + (isAll ? ", so that this \(isAllow ? "never lets in anybody" : "refuses everybody")" : ""),
            "Write the public address that the reader's requests leave from (of its NAT gateway), or leave the "
                + "condition out.")
    }

    /// Addresses of private networks (RFC 1918, RFC 6598, RFC 4193), of the own machine and the own link.
    private static func isPrivate(_ text: String) -> Bool {
        let address = text.prefix { $0 != "/" }.lowercased()
        if address.contains(":") {
            return address == "::1" || ["fc", "fd", "fe8", "fe9", "fea", "feb"].contains { address.hasPrefix($0) }
        }
        let bytes = address.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4, let first = bytes[0], let second = bytes[1], text != "0.0.0.0/0" else { return false }
        return switch first {
        case 10, 127: true
        case 100: (64...127).contains(second)
        case 169: second == 254
        case 172: (16...31).contains(second)
        case 192: second == 168
        default: false
        }
    }

    // MARK: Dates

    private mutating func date(
        _ key: JSONValue.Member, _ values: [String], _ test: String, isAllow: Bool, _ path: String
    ) {
        var moments: [Date] = []
        for text in values where !text.contains("${") {
            if let moment = Self.moment(text) {
                moments.append(moment)
            } else {
                report(
                    "date-form", .problem, key.place, path, "\(shown(text)) is no date that AWS reads",
                    "Write it as 2030-01-31T00:00:00Z.")
            }
        }
        guard moments.count == values.count, let first = moments.min(), let last = moments.max() else { return }
        let isBefore = test.hasPrefix("DateLess") || test.hasPrefix("NumericLess")
        let isAfter = test.hasPrefix("DateGreater") || test.hasPrefix("NumericGreater")
        let isPast = isBefore ? last <= now : first <= now
        // One of the dates is enough.
        let moment = Timestamp.iso8601(isBefore ? last : first)
        switch (isAllow, isBefore, isAfter, isPast) {
        case (true, true, _, true):
            report(
                "date-past", .problem, key.place, path, "this has let nobody in since \(moment)",
                "Write a later date, or leave the condition out and remove the role when it is no longer needed.")
        case (false, _, true, true):
            report(
                "date-past", .problem, key.place, path, "this has refused everybody since \(moment)",
                "Write a later date, or remove the statement.")
        case (true, _, true, false):
            report(
                "date-to-come", .advice, key.place, path, "this lets nobody in before \(moment)",
                "Nothing is to be done if that is meant.")
        case (false, true, _, false):
            report(
                "date-to-come", .advice, key.place, path, "this refuses everybody until \(moment)",
                "Nothing is to be done if that is meant.")
        default: break
        }
    }

    /// A date of the W3C's profile of ISO 8601, or seconds since 1970; nil: it is none.
    static func moment(_ text: String) -> Date? {
        if text.utf8.count > 4, let seconds = Double(text) { return Date(timeIntervalSince1970: seconds) }
        switch text.utf8.count {
        case 4: return Timestamp.iso8601("\(text)-01-01T00:00:00Z")
        case 7: return Timestamp.iso8601("\(text)-01T00:00:00Z")
        case 10: return Timestamp.iso8601("\(text)T00:00:00Z")
        default:
            guard text.utf8.count == 17, text.hasSuffix("Z") else { return Timestamp.iso8601(text) }
            return Timestamp.iso8601("\(text.dropLast()):00Z")
        }
    }
}
