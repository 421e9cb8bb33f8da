/// An Amazon Resource Name in its parts: `arn:partition:service:region:account:resource` (AWS General Reference,
/// "Amazon Resource Names").
///
/// Only the form is checked here; what the parts of one kind of resource may be is for who uses them.
public struct ARN: Sendable, Hashable {
    /// `aws`, `aws-cn`, …: see `Partition`.
    public var partition: String
    /// `iam`, `s3`, `kms`, …
    public var service: String
    /// Empty for global resources (IAM) and for S3 buckets.
    public var region: String
    /// Empty for S3 buckets.
    public var account: String
    /// All that follows the fifth colon; may hold colons and slashes.
    public var resource: String

    /// An ARN of its parts.
    public init(partition: String, service: String, region: String = "", account: String = "", resource: String) {
        self.partition = partition
        self.service = service
        self.region = region
        self.account = account
        self.resource = resource
    }

    /// nil: fewer than six parts, a first one other than `arn`, or an empty partition, service or resource.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
            return nil
        }
        self.init(
            partition: String(parts[1]), service: String(parts[2]), region: String(parts[3]),
            account: String(parts[4]), resource: String(parts[5]))
    }

    /// Whether `text` has the form of an account's ID: twelve digits.
    public static func isAccountID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension ARN: CustomStringConvertible {
    /// As AWS writes it.
    public var description: String { "arn:\(partition):\(service):\(region):\(account):\(resource)" }
}
