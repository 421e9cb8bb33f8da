import Dredge
import DredgeAWS
import Yams

/// Decodes the `auth:` of a source, and access keys wherever they stand.
struct AuthDecoding {
    let document: ConfigDocument

    init(_ document: ConfigDocument) { self.document = document }

    private static let kinds = ["assume_role", "access_key", "ambient", "anonymous"]
    static let advice = "give exactly one of assume_role, access_key, ambient, anonymous"

    /// nil where something is wrong, which has been reported.
    func auth(_ value: ConfigValue, isOtherService: Bool) -> SourceAuth? {
        if case .scalar = value.node { return bareAuth(value) }
        guard let mapping = ConfigMapping(value, known: Self.kinds, advice: Self.advice) else { return nil }
        let given = mapping.present(Self.kinds)
        // Each is decoded whatever stands beside it, so that all mistakes are told at once.
        let decoded = given.map { decode($0, isOtherService: isOtherService) }
        if given.isEmpty { value.report(Self.advice) }
        for other in given.dropFirst() { other.report("stands beside \(given[0].name); \(Self.advice)") }
        return decoded.count == 1 ? decoded[0] : nil
    }

    private func decode(_ kind: ConfigValue, isOtherService: Bool) -> SourceAuth? {
        switch kind.name {
        case "assume_role": hops(kind, isOtherService: isOtherService).map { .assumeRole($0) }
        case "access_key": accessKey(kind).map { .accessKey($0) }
        case "ambient": isBlank(kind) ? .ambient : nil
        default: isBlank(kind) ? .anonymous : nil
        }
    }

    /// `auth: ambient` and `auth: anonymous`. A message never shows the value: somebody could have put a key there.
    private func bareAuth(_ value: ConfigValue) -> SourceAuth? {
        guard let text = value.text(Self.advice) else { return nil }
        switch text.value {
        case "ambient": return .ambient
        case "anonymous": return .anonymous
        case "assume_role", "access_key":
            value.report("\(text.value) needs settings of its own: auth: {\(text.value): …}")
        default: value.report(Self.advice)
        }
        return nil
    }

    /// Whether nothing stands behind the key, as in `ambient: {}` and `ambient:`, or `true`. Else that is reported.
    private func isBlank(_ value: ConfigValue) -> Bool {
        if case .scalar(let scalar) = value.node, scalar.string == "true" { return true }
        return value.isEmpty || ConfigMapping(value, known: [], advice: "{}") != nil
    }

    func accessKey(_ value: ConfigValue) -> Credentials? {
        let advice = "{access_key_id: …, secret_access_key: …, session_token: …}"
        let keys = ["access_key_id", "secret_access_key", "session_token"]
        guard let mapping = ConfigMapping(value, known: keys, advice: advice) else { return nil }
        let identifier = mapping.required("access_key_id", "write the ID, as ${AWS_ACCESS_KEY_ID}").flatMap(accessKeyID)
        let secret = mapping.required("secret_access_key", "take it from the environment, as ${AWS_SECRET_ACCESS_KEY}")
            .flatMap { $0.secret(from: "AWS_SECRET_ACCESS_KEY") }
        let token = mapping["session_token"].map { $0.secret(from: "AWS_SESSION_TOKEN") }
        guard let identifier, let secret else { return nil }
        if case .some(.none) = token { return nil }
        return Credentials(accessKeyID: identifier, secretAccessKey: secret, sessionToken: token ?? nil)
    }

    /// The value is not shown: the secret could have been put there by mistake.
    private func accessKeyID(_ value: ConfigValue) -> String? {
        guard let text = value.text("write the ID, as ${AWS_ACCESS_KEY_ID}") else { return nil }
        guard let complaint = FieldRules.accessKeyID(text.value) else { return text.value }
        value.report("the value \(complaint)")
        return nil
    }
}
