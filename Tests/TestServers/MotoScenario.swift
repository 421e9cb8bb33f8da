public import Foundation

/// What a moto server is to hold: users, roles, buckets. All of it lies in one account, since moto looks for policies
/// there only.
public struct MotoScenario: Codable, Sendable {
    /// A user with one access key.
    public struct User: Codable, Sendable {
        /// Part of its ARN.
        public var name: String
        /// What it may do, as an IAM policy in JSON.
        public var policy: String?

        /// A user.
        public init(_ name: String, policy: String? = nil) {
            self.name = name
            self.policy = policy
        }
    }

    /// A role.
    public struct Role: Codable, Sendable {
        /// Part of its ARN.
        public var name: String
        /// Who may assume it, as an IAM policy in JSON.
        public var trust: String
        /// What it may do, as an IAM policy in JSON.
        public var policy: String?

        /// A role.
        public init(_ name: String, trust: String, policy: String? = nil) {
            self.name = name
            self.trust = trust
            self.policy = policy
        }
    }

    /// A bucket and its objects.
    public struct Bucket: Codable, Sendable {
        /// Its name.
        public var name: String
        /// Where it lies.
        public var region: String
        /// Whether it keeps old versions.
        public var isVersioned: Bool
        /// In it.
        public var objects: [Object]

        /// A bucket.
        public init(_ name: String, region: String = "us-east-1", isVersioned: Bool = false, objects: [Object] = []) {
            self.name = name
            self.region = region
            self.isVersioned = isVersioned
            self.objects = objects
        }
    }

    /// An object.
    public struct Object: Codable, Sendable {
        /// Names it.
        public var key: String
        /// Its bytes.
        public var content: Data
        /// nil: STANDARD
        public var storageClass: String?
        /// The Content-Encoding header.
        public var contentEncoding: String?
        /// The checksum that is kept of it, as boto3 names it: `CRC32`, `SHA1` or `SHA256`. nil: none.
        public var checksumAlgorithm: String?

        /// An object.
        public init(_ key: String, _ content: Data, storageClass: String? = nil, contentEncoding: String? = nil) {
            self.key = key
            self.content = content
            self.storageClass = storageClass
            self.contentEncoding = contentEncoding
        }
    }

    /// An access key of a user.
    public struct AccessKey: Codable, Sendable {
        /// The access key ID.
        public var id: String
        /// The secret access key.
        public var secret: String

        /// A key made by hand, which no server knows.
        public init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    /// What came of a scenario.
    public struct Outcome: Codable, Sendable {
        /// By the user's name.
        public var accessKeys: [String: AccessKey]
        /// By bucket and key, with their quotes.
        public var eTags: [String: [String: String]]
    }

    /// The users.
    public var users: [User]
    /// The roles.
    public var roles: [Role]
    /// The buckets.
    public var buckets: [Bucket]

    /// A scenario.
    public init(users: [User] = [], roles: [Role] = [], buckets: [Bucket] = []) {
        self.users = users
        self.roles = roles
        self.buckets = buckets
    }

    /// The account that everything is in.
    public static let account = "123456789012"
    /// The ARN of a role.
    public static func roleARN(_ name: String) -> String { "arn:aws:iam::\(account):role/\(name)" }
    /// The ARN of a user.
    public static func userARN(_ name: String) -> String { "arn:aws:iam::\(account):user/\(name)" }
    /// The ARN of a role's session, as moto compares it with the principals of a trust policy. (AWS takes the role's
    /// own ARN too.)
    public static func sessionARN(_ role: String, sessionName: String) -> String {
        "arn:aws:sts::\(account):assumed-role/\(role)/\(sessionName)"
    }

    /// A trust policy for principals, optionally with an external ID.
    public static func trust(_ principals: [String], externalID: String? = nil) -> String {
        let condition = externalID.map { #","Condition":{"StringEquals":{"sts:ExternalId":"\#($0)"}}"# } ?? ""
        return policy(
            #"{"Effect":"Allow","Principal":{"AWS":[\#(quoted(principals))]},"Action":"sts:AssumeRole"\#(condition)}"#)
    }

    /// A policy that allows actions on resources.
    public static func allow(_ actions: [String], on resources: [String]) -> String {
        policy(#"{"Effect":"Allow","Action":[\#(quoted(actions))],"Resource":[\#(quoted(resources))]}"#)
    }

    /// What an indexer needs: to list one bucket and to read its objects.
    public static func read(bucket: String) -> String {
        policy(
            #"{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::\#(bucket)"]},"#
                + #"{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::\#(bucket)/*"]}"#)
    }

    /// A policy of statements.
    public static func policy(_ statements: String) -> String {
        #"{"Version":"2012-10-17","Statement":[\#(statements)]}"#
    }

    private static func quoted(_ strings: [String]) -> String { strings.map { "\"\($0)\"" }.joined(separator: ",") }
}

extension MotoScenario {
    /// A vendor, a customer's role that demands an external ID and may read one bucket, and a role in between that may
    /// assume another. The users: `vendor` (may assume every role), `stranger` (may nothing). The roles:
    /// `customer-read`, `hub` (no external ID, may assume `customer-behind-hub`), `customer-behind-hub` (demands the
    /// external ID, trusts the hub's session `through-hub`).
    public static func vendorAndCustomer(bucket: String = "acme-contracts", externalID: String, objects: [Object])
        -> MotoScenario
    {
        MotoScenario(
            users: [User("vendor", policy: allow(["sts:AssumeRole"], on: ["*"])), User("stranger")],
            roles: [
                Role(
                    "customer-read", trust: trust([userARN("vendor")], externalID: externalID),
                    policy: read(bucket: bucket)),
                Role("hub", trust: trust([userARN("vendor")]), policy: allow(["sts:AssumeRole"], on: ["*"])),
                Role(
                    "customer-behind-hub",
                    trust: trust(
                        [sessionARN("hub", sessionName: "through-hub"), roleARN("hub")], externalID: externalID),
                    policy: read(bucket: bucket)),
            ],
            buckets: [Bucket(bucket, objects: objects)])
    }
}
