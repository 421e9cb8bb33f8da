import ArgumentParser
import DredgeAWS
import DredgePolicy

struct PolicyPermissionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permissions", abstract: "What the role, or whoever reads directly, must be allowed.",
        discussion: """
            With a prefix, listing is narrowed to it: an unprefixed list and HeadBucket are then refused, and a source \
            must have this prefix or a longer one.
            """,
        example: "dredge policy permissions contracts.yaml > permissions.json")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket

    @Flag(help: "Old versions of the objects, too.")
    var versions = false

    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let document = AccessPolicies.permissions(
            try bucket.requiredScope(subject), includesVersions: versions, key: try bucket.key(subject))
        try output.print(document, holder: { try PolicyHolder.role(subject, policyName: "DredgeAccess") })
    }
}

struct PolicyBucketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket", abstract: "A bucket policy that lets a reader in directly, without a role.",
        discussion: """
            Without --principal, the reader is the role that the source assumes. A reader of another account needs the \
            same permissions in its own account, too: dredge policy permissions.
            """,
        example: "dredge policy bucket contracts.yaml")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket
    @OptionGroup var principal: PolicyPrincipal

    @Flag(help: "Old versions of the objects, too.")
    var versions = false

    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let scope = try bucket.requiredScope(subject)
        let reader = try PolicyHolder.reader(principal, subject, bucket)
        let document = AccessPolicies.bucket(scope, reader: reader, includesVersions: versions)
        try output.print(document, holder: { .bucket(scope) }, notes: reader.notes)
    }
}

struct PolicyKMSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kms", abstract: "The statement of a key's policy that lets the reader decrypt through S3.",
        discussion: """
            Needed where the key's policy doesn't leave permissions to IAM, and for every reader of another account. \
            Without --principal, the reader is the role that the source assumes. With --format terraform it is a grant.
            """,
        example: "dredge policy kms contracts.yaml")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket
    @OptionGroup var principal: PolicyPrincipal
    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        guard let key = try bucket.key(subject) else {
            throw CommandFailure(
                .usage,
                "dredge: which key? Give it with --kms-key-arn, or as kms_key_arn of the source. An object of the "
                    + "bucket names it: aws s3api head-object --bucket BUCKET --key KEY --query SSEKMSKeyId")
        }
        let reader = try PolicyHolder.reader(principal, subject, bucket)
        let notes =
            output.format == .json
            ? ["Add the statement to the key's policy; alone it would lock everybody else out."] : []
        try output.print(
            AccessPolicies.key(key, reader: reader), holder: { .key(key, reader: reader) },
            notes: reader.notes + notes)
    }
}

/// The identity that gets a policy, or that reads.
enum PolicyHolder {
    static func role(_ subject: PolicySubject.Resolved, policyName: String) throws -> PolicySetup.Holder {
        let role = try subject.role()
        let template = try orUsage { () throws(AWSError) in try RoleTemplate(roleARN: role.roleARN) }
        return .role(name: template.name, policyName: policyName)
    }

    /// The role or user behind an identity.
    static func identity(_ principal: TrustedPrincipal, policyName: String) throws -> PolicySetup.Holder {
        let parts = (principal.arn?.resource ?? "").split(separator: "/")
        guard parts.count > 1, let name = parts.last else {
            throw CommandFailure(
                .usage,
                "dredge: this format needs to know the role or user that has the policy: give its ARN with --principal")
        }
        return parts[0] == "user"
            ? .user(name: String(name), policyName: policyName) : .role(name: String(name), policyName: policyName)
    }

    static func reader(
        _ principal: PolicyPrincipal, _ subject: PolicySubject.Resolved, _ bucket: PolicyBucket
    ) throws -> TrustedPrincipal {
        let reader = try principal.resolved(
            or: subject.hop?.roleARN, partition: bucket.partition(subject),
            missing: "who reads? \(PolicyPrincipal.howToFindOut)")
        guard reader.arn != nil else {
            throw CommandFailure(.usage, "dredge: a reader is a role, a user or an account, not an AWS service")
        }
        return reader
    }
}
