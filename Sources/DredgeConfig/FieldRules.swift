import Dredge
import DredgeAWS
package import Foundation

/// Rules for single values, shared by the config file and the flags. Each returns nil where the value is right, else
/// what is wrong and what would be right, as the end of a sentence that begins with the value.
package enum FieldRules {
    package static func name(_ text: String) -> String? {
        if text.isEmpty || text.utf8.count > ConfigLimits.nameByteCountMax {
            return "is not a name of 1 to \(ConfigLimits.nameByteCountMax) bytes"
        }
        return Quoting.escaped(text) == text ? nil : "has control characters; a name has none"
    }

    package static func storePath(_ text: String) -> String? {
        if text.isEmpty { return "is empty; write the path of the store's file" }
        if text.utf8.contains(0) { return "has a NUL character; no file can have that name" }
        return text.hasSuffix("/") ? "is a directory; write the path of the store's file" : nil
    }

    /// Of what stands where a bucket's name does in a URL: the name, or an access point's ARN.
    package static func bucket(_ text: String, isLegacyAllowed: Bool) -> String? {
        guard text.hasPrefix("arn:") else {
            return BucketAddress.nameComplaint(text, isLegacyAllowed: isLegacyAllowed)
        }
        do throws(BucketAddressProblem) {
            _ = try BucketAddress(text)
            return nil
        } catch {
            return error.complaint
        }
    }

    /// Of a bucket's ARN, or an access point's.
    static func bucketARN(_ text: String) -> String? {
        do throws(BucketAddressProblem) {
            _ = try BucketAddress(arn: text)
            return nil
        } catch {
            return error.complaint
        }
    }

    /// Of a pattern of keys.
    package static func keyPattern(_ pattern: String) -> String? {
        do {
            _ = try GlobPattern(pattern)
            return nil
        } catch {
            return "is not a pattern: \(error)"
        }
    }

    package static let dateAdvice = "write a date or a time in UTC, as 2026-01-31 or 2026-01-31T12:00:00Z"

    /// Of `2026-01-31` (its begin in UTC) or `2026-01-31T12:00:00Z`.
    package static func date(_ text: String) -> String? {
        moment(text) == nil ? "is no date: \(dateAdvice)" : nil
    }

    /// nil: it is none.
    package static func moment(_ text: String) -> Date? {
        let text = text.utf8.count == 10 ? "\(text)T00:00:00Z" : text
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        guard text.hasSuffix("Z"), let date = try? Date(text, strategy: style) else { return nil }
        // Of the 30th of February it would make another day.
        let second = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
        return second.formatted(.iso8601).dropLast() == text.prefix(19) ? date : nil
    }

    package static func prefix(_ text: String) -> String? {
        text.utf8.count <= ConfigLimits.prefixByteCountMax
            ? nil : "is longer than a key can be (\(ConfigLimits.prefixByteCountMax) bytes)"
    }

    package static func accountID(_ text: String) -> String? {
        ARN.isAccountID(text) ? nil : "is not an AWS account ID, which has 12 digits"
    }

    package static func deletions(_ text: String) -> String? {
        RemovalRule.Mode(rawValue: text) == nil
            ? "is not one of: \(RemovalRule.Mode.allCases.map(\.rawValue).joined(separator: ", "))" : nil
    }

    package static func requestPayer(_ text: String) -> String? {
        text == "requester" ? nil : "is nobody who can pay; write requester, or leave it out"
    }

    /// - Parameter isOtherService: the role is not AWS's own: then the account may be absent or a name (Ceph, MinIO).
    package static func roleARN(_ text: String, isOtherService: Bool) -> String? {
        let example = "arn:aws:iam::123456789012:role/ReadRole"
        guard ConfigLimits.roleARNLength.contains(text.count) else {
            return "is not a role's ARN (20 to 2048 characters), which looks like \(example)"
        }
        let fields = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "arn", !text.contains(where: \.isWhitespace) else {
            return "is not a role's ARN, which looks like \(example)"
        }
        if isOtherService { return nil }
        guard fields[1] == "aws" || fields[1].hasPrefix("aws-") else {
            return "is of no AWS partition: \(quoted(fields[1])) should be aws, aws-cn or aws-us-gov"
        }
        if fields[2] == "sts" { return "is a session's ARN; write the role's, which looks like \(example)" }
        guard fields[2] == "iam" else {
            return "is not an ARN of IAM but of \(quoted(fields[2])); a role's looks like \(example)"
        }
        guard fields[3].isEmpty else { return "has a region, which a role's ARN has not: it looks like \(example)" }
        guard ARN.isAccountID(fields[4]) else {
            return "has the account \(quoted(fields[4])); an AWS account ID has 12 digits"
        }
        guard fields[5].hasPrefix("role/"), fields[5].utf8.count > 5 else {
            return "names \(quoted(fields[5])), which is no role; a role's ARN looks like \(example)"
        }
        guard RoleARN.isNameOfOne(fields[5]) else {
            return "names \(quoted(fields[5])), which is no one role: its name has letters, digits and characters of "
                + "_+=,.@-"
        }
        return nil
    }

    package static func kmsKeyARN(_ text: String) -> String? {
        let arn = ARN(text)
        let isRight =
            arn?.service == "kms" && arn?.region.isEmpty == false && ARN.isAccountID(arn?.account ?? "")
            && (arn?.resource.hasPrefix("key/") == true || arn?.resource.hasPrefix("alias/") == true)
        return isRight ? nil : "is not a KMS key's ARN, which looks like arn:aws:kms:us-east-1:123456789012:key/…"
    }

    /// Access key IDs: `AccessKeyId` of STS is 16 to 128 of `\w`; other services are freer.
    package static func accessKeyID(_ text: String) -> String? {
        let isRight =
            (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        return isRight ? nil : "is not an access key ID, which looks like AKIAIOSFODNN7EXAMPLE"
    }

    private static func quoted(_ text: Substring) -> String { Quoting.quoted(String(text)) }
}
