import DredgeAWS
import DredgeIAM

/// Finds the policies in what `terraform show -json` prints of a plan or a state ("JSON Output Format", Terraform
/// documentation): each resource has them as strings, under its address.
struct TerraformPlan {
    private let root: JSONValue

    /// nil: `root` is something else.
    init?(_ root: JSONValue) {
        guard root["format_version"] != nil, root["planned_values"] ?? root["values"] != nil else { return nil }
        self.root = root
    }

    struct Text {
        /// As `aws_iam_role.reader.assume_role_policy`.
        var path: String
        var kind: PolicyKind
        var value: JSONValue
    }

    /// The policies that are known, which are strings.
    var texts: [Text] {
        (root["planned_values"] ?? root["values"])?["root_module"].map(Self.texts(ofModule:)) ?? []
    }

    private static func texts(ofModule module: JSONValue) -> [Text] {
        let own = (module["resources"]?.array ?? []).flatMap { resource in
            texts(of: resource["values"], type: resource["type"]?.string, address: address(resource))
        }
        return own + (module["child_modules"]?.array ?? []).flatMap(texts(ofModule:))
    }

    private static func texts(of values: JSONValue?, type: String?, address: String) -> [Text] {
        guard let type else { return [] }
        var texts: [Text] = []
        for (name, kind) in attributes(ofType: type) {
            if let value = values?[name], value.string?.isEmpty == false {
                texts.append(Text(path: "\(address).\(name)", kind: kind, value: value))
            }
        }
        for (index, inline) in (values?["inline_policy"]?.array ?? []).enumerated() {
            if let value = inline["policy"], value.string?.isEmpty == false {
                texts.append(Text(path: "\(address).inline_policy[\(index)].policy", kind: .permissions, value: value))
            }
        }
        return texts
    }

    /// Policies that a plan doesn't tell, since they depend on what is yet to be made.
    var unknown: [PolicyFinding] {
        (root["resource_changes"]?.array ?? []).flatMap { change -> [PolicyFinding] in
            guard let type = change["type"]?.string else { return [] }
            return Self.attributes(ofType: type).compactMap { name, _ in
                guard let value = change["change"]?["after_unknown"]?[name], case .boolean(true) = value.content else {
                    return nil
                }
                return PolicyFinding(
                    rule: "policy-unknown", severity: .advice, line: value.place.line, column: value.place.column,
                    path: "\(Self.address(change)).\(name)",
                    message: "this policy is known only after terraform apply, and was not looked at",
                    advice: "Check it then: terraform show -json, without a plan.")
            }
        }
    }

    private static func address(_ resource: JSONValue) -> String { (resource["address"]?.string ?? "?").printable }

    /// The attributes of a type of resource that hold policies.
    private static func attributes(ofType type: String) -> [(name: String, kind: PolicyKind)] {
        switch type {
        case "aws_iam_role": [("assume_role_policy", .trust)]
        case "aws_s3_bucket_policy", "aws_s3_bucket", "aws_s3_access_point", "aws_s3control_access_point_policy":
            [("policy", .bucket)]
        case "aws_kms_key", "aws_kms_key_policy", "aws_kms_external_key", "aws_kms_replica_key": [("policy", .kms)]
        case let type where type.hasPrefix("aws_iam_") && type.hasSuffix("policy"): [("policy", .permissions)]
        default: []
        }
    }
}
