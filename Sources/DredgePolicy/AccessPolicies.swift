import DredgeAWS
public import DredgeIAM

/// The policies that a reader of somebody else's bucket needs: each as small as it can be, and enough.
public enum AccessPolicies {
    /// The trust policy of a role: who may assume it.
    ///
    /// Tags and a source identity need actions of their own, which are narrowed to these keys and this identity
    /// ("Passing session tags in AWS STS" and "Monitor and control actions taken with assumed roles", IAM User Guide).
    /// - Parameters:
    ///   - externalID: what the caller must send; nil: nothing, so that anybody who can act as `caller` gets in.
    ///   - tagKeys: keys of session tags, those included that came with the caller's own session.
    ///   - sourceIdentity: also where a hop before set it, since it stays for the whole chain.
    public static func trust(
        _ caller: TrustedPrincipal, externalID: String?, tagKeys: [String] = [], sourceIdentity: String? = nil
    ) -> PolicyDocument {
        trust(
            caller, externalIDs: externalID.map { [$0] } ?? [], tagKeys: tagKeys, sourceIdentity: sourceIdentity)
    }

    /// The same for a role that takes any of several external IDs: while one is replaced by another. Without any it
    /// demands none.
    public static func trust(
        _ caller: TrustedPrincipal, externalIDs: [String], tagKeys: [String] = [], sourceIdentity: String? = nil
    ) -> PolicyDocument {
        let idCondition =
            externalIDs.isEmpty ? [] : [PolicyCondition("StringEquals", "sts:ExternalId", externalIDs)]
        var statements = [
            PolicyStatement(
                sid: "AssumeRole", principal: caller.principal, actions: ["sts:AssumeRole"],
                conditions: idCondition + caller.conditions)
        ]
        if !tagKeys.isEmpty {
            let keys = PolicyCondition("ForAllValues:StringEquals", "aws:TagKeys", Set(tagKeys).sorted())
            statements.append(
                PolicyStatement(
                    sid: "PassSessionTags", principal: caller.principal, actions: ["sts:TagSession"],
                    conditions: [keys] + caller.conditions))
        }
        if let sourceIdentity {
            let identity = PolicyCondition("StringEquals", "sts:SourceIdentity", [sourceIdentity])
            statements.append(
                PolicyStatement(
                    sid: "SetSourceIdentity", principal: caller.principal, actions: ["sts:SetSourceIdentity"],
                    conditions: [identity] + caller.conditions))
        }
        return PolicyDocument(statements: statements)
    }

    /// What the role itself, or whoever reads directly, must be allowed ("Required permissions for Amazon S3 API
    /// operations", Amazon S3 User Guide): to list under the prefix, to read its objects, and to have S3 decrypt them.
    /// - Parameters:
    ///   - includesVersions: old versions, too.
    ///   - key: what encrypts the bucket, if it is a key of the customer's own.
    public static func permissions(
        _ scope: BucketScope, includesVersions: Bool = false, key: EncryptionKey? = nil
    ) -> PolicyDocument {
        PolicyDocument(statements: scope.readingStatements(includesVersions: includesVersions) + decrypting(key))
    }

    /// A bucket policy that lets `reader` in directly, without a role of the owner's account. The reader's own account
    /// must allow it the same (`permissions`); and it must be able to use the bucket's key (`key`). Statements have no
    /// names, which could be taken already in the policy that they are added to.
    public static func bucket(
        _ scope: BucketScope, reader: TrustedPrincipal, includesVersions: Bool = false
    ) -> PolicyDocument {
        PolicyDocument(
            statements: scope.readingStatements(includesVersions: includesVersions).map { statement in
                var statement = statement
                statement.sid = nil
                statement.principal = reader.principal
                statement.conditions += reader.conditions
                return statement
            })
    }

    /// The statement of a key's policy that lets `reader` decrypt through S3. The resource of a key policy is `*`,
    /// which means the key that has it ("Key policies in AWS KMS", AWS KMS Developer Guide). For a role of the key's
    /// own account it is needed only where the key policy doesn't leave that to IAM.
    public static func key(_ key: EncryptionKey, reader: TrustedPrincipal) -> PolicyDocument {
        PolicyDocument(statements: [
            PolicyStatement(
                principal: reader.principal, actions: ["kms:Decrypt"], resources: ["*"],
                conditions: [key.throughS3] + reader.conditions)
        ])
    }

    /// What the identity that assumes the role must be allowed in its own account.
    public static func vendor(_ roles: RolePattern, tagsSession: Bool = false, setsSourceIdentity: Bool = false)
        -> PolicyDocument
    {
        PolicyDocument(statements: [
            assuming([roles], tagsSession: tagsSession, setsSourceIdentity: setsSourceIdentity)
        ])
    }

    static func assuming(
        _ roles: [RolePattern], tagsSession: Bool = false, setsSourceIdentity: Bool = false
    ) -> PolicyStatement {
        PolicyStatement(
            sid: "AssumeRole",
            actions: ["sts:AssumeRole"] + (tagsSession ? ["sts:TagSession"] : [])
                + (setsSourceIdentity ? ["sts:SetSourceIdentity"] : []),
            resources: roles.map(\.resource))
    }

    private static func decrypting(_ key: EncryptionKey?) -> [PolicyStatement] {
        key.map { [.decrypting($0.arn.description, through: $0.throughS3)] } ?? []
    }
}
