import DredgeAWS
import Yams

/// The flat form of a source: the keys under which a document storage keeps the role to assume, the bucket and its KMS
/// key. Such a configuration can be used unchanged, as the whole file or as an item of `sources`. Other settings may
/// stand beside its keys under their usual names.
enum FlatForm {
    /// For a key of the flat form, the usual key of the same setting.
    static let usualKeys = [
        "s3BucketArn": "bucket_arn", "kmsKeyArn": "kms_key_arn", "chainedAssumeRoleRegion": "region",
    ]
    static let roleKey = "chainedAssumeRole"
    static let externalIDKey = "chainedAssumeRoleExternalId"
    static let keys = ["s3BucketArn", "kmsKeyArn", "chainedAssumeRole", "chainedAssumeRoleRegion", externalIDKey]

    /// Whether `value` is a mapping with any of the keys.
    static func isUsed(in value: ConfigValue) -> Bool {
        guard case .mapping(let mapping) = value.node else { return false }
        return mapping.contains { key, _ in key.scalar.map { keys.contains($0.string) } ?? false }
    }
}

extension ConfigMapping {
    /// A setting under its usual name or that of the flat form; reports it if it stands there under both.
    func setting(_ name: String) -> ConfigValue? {
        let flat = FlatForm.usualKeys.first { $0.value == name }.flatMap { self.flat($0.key) }
        guard let usual = self[name] else { return flat }
        flat?.report("stands beside \(name); give one of them")
        return usual
    }

    /// A key of the flat form. One without a value counts as absent, since programs write all keys.
    func flat(_ name: String) -> ConfigValue? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The role of the flat form. nil: it names none. `.some(nil)`: something is wrong, which has been reported.
    func flatRole(isOtherService: Bool) -> RoleHop?? {
        let externalID = flat(FlatForm.externalIDKey)
        guard let role = flat(FlatForm.roleKey) else {
            guard let orphan = externalID else { return nil }
            orphan.report("needs \(FlatForm.roleKey), the ARN of the role that it belongs to")
            return .some(nil)
        }
        let arn = role.checked("write the ARN of the role to assume") {
            FieldRules.roleARN($0, isOtherService: isOtherService)
        }
        let identifier = externalID.map {
            $0.checked("write the ID that the role's trust policy asks for", by: RoleHopRules.externalID)
        }
        guard let arn else { return .some(nil) }
        if case .some(.none) = identifier { return .some(nil) }
        return .some(RoleHop(roleARN: arn, externalID: identifier ?? nil))
    }
}
