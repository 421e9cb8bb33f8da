import Dredge
import DredgeAWS
import DredgePolicy

/// Policies to paste, made for exactly this source and these principals; nil where it is not known who or what is to be
/// named.
enum CheckDocuments {
    /// Stands in a document for an external ID that is still to be agreed on.
    static let externalIDPlaceholder = "AN-ID-OF-YOUR-CHOICE"

    /// A trust policy of the role of `hop` that lets in `principal` alone.
    static func trust(of hop: RoleHop, externalID: String?, principal: CallerPrincipal?) -> PasteDocument? {
        guard let principal, let caller = trusted(principal) else { return nil }
        let policy = AccessPolicies.trust(
            caller, externalID: externalID, tagKeys: Array(hop.tags.keys), sourceIdentity: hop.sourceIdentity)
        let name = hop.roleARN.split(separator: "/").last.map(String.init) ?? hop.roleARN
        return document("Trust policy of the role \(name)", narrowed(policy, to: principal))
    }

    /// The policy of an identity that is to assume the role of `hop`.
    static func assume(_ hop: RoleHop, title: String) -> PasteDocument? {
        guard let role = try? RolePattern(roleARN: hop.roleARN) else { return nil }
        return document(
            title,
            AccessPolicies.vendor(role, tagsSession: !hop.tags.isEmpty, setsSourceIdentity: hop.sourceIdentity != nil))
    }

    /// What a reader of the source needs.
    static func reading(_ source: Source, partition: String?, holder: String, keyARN: String? = nil) -> PasteDocument? {
        guard let scope = scope(source, partition) else { return nil }
        return document("Policy for \(holder)", AccessPolicies.permissions(scope, key: key(keyARN ?? source.kmsKeyARN)))
    }

    /// What the owner of a bucket of another account adds to its policy.
    static func bucket(_ source: Source, reader: CallerPrincipal?) -> PasteDocument? {
        guard let reader, let scope = scope(source, reader.partition), let who = trusted(reader) else { return nil }
        return document(
            "Bucket policy of \(source.bucket)", narrowed(AccessPolicies.bucket(scope, reader: who), to: reader))
    }

    /// What is added to the policy of a key.
    static func key(_ keyARN: String?, reader: CallerPrincipal?) -> PasteDocument? {
        guard let reader, let who = trusted(reader), let key = key(keyARN) else { return nil }
        return document("Key policy of \(key.arn)", narrowed(AccessPolicies.key(key, reader: who), to: reader))
    }

    static func bucketARN(_ source: Source, partition: String?) -> String {
        scope(source, partition)?.listResource ?? source.bucket
    }

    private static func scope(_ source: Source, _ partition: String?) -> BucketScope? {
        try? BucketScope(bucket: source.bucket, partition: partition ?? "aws", prefix: source.prefix)
    }

    private static func key(_ keyARN: String?) -> EncryptionKey? { keyARN.flatMap { try? EncryptionKey($0) } }

    private static func trusted(_ principal: CallerPrincipal) -> TrustedPrincipal? {
        principal.kind == .rootUser ? nil : try? TrustedPrincipal(principal.arn)
    }

    /// The policy with a condition on the principal's ARN, where a statement can't name the principal exactly.
    private static func narrowed(_ policy: PolicyDocument, to principal: CallerPrincipal) -> PolicyDocument {
        guard let pattern = principal.pattern else { return policy }
        var policy = policy
        for index in policy.statements.indices {
            policy.statements[index].conditions.append(PolicyCondition("ArnLike", "aws:PrincipalArn", [pattern]))
        }
        return policy
    }

    private static func document(_ title: String, _ policy: PolicyDocument) -> PasteDocument {
        PasteDocument(title: title, json: policy.prettyJSON)
    }
}
