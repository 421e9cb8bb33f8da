import DredgeAWS
import DredgeIAM

extension PolicySetup {
    /// A template of CloudFormation in JSON, with a newline at the end. nil for the policy of a key or an access point,
    /// which CloudFormation can only write together with one that it makes.
    public var cloudFormationTemplate: String? {
        let resources: JSONValue
        var outputs: JSONValue?
        var description: String
        switch holder {
        case .newRole(let role):
            description = "Role \(role.name)"
            resources = .object(["Role": Self.role(role, trust: document)])
            outputs = .object([
                "RoleArn": .object([
                    "Description": "The role to assume",
                    "Value": .object(["Fn::GetAtt": .array(["Role", "Arn"])]),
                ])
            ])
        case .role(let name, let policyName):
            description = "Permissions of the role \(name)"
            resources = .object(["Policy": inlinePolicy(policyName, holder: ("Roles", name))])
        case .user(let name, let policyName):
            description = "Permissions of the user \(name)"
            resources = .object(["Policy": inlinePolicy(policyName, holder: ("Users", name))])
        case .bucket(let scope):
            description = "Policy of \(scope.listResource). Only where it has none yet"
            guard case .name(let bucket) = scope.address else { return nil }
            resources = .object([
                "Policy": .object([
                    "Type": "AWS::S3::BucketPolicy",
                    "Properties": .object(["Bucket": .string(bucket), "PolicyDocument": document.json]),
                ])
            ])
        case .key: return nil
        }
        if case .newRole = holder { description += ". Deploy with --capabilities CAPABILITY_NAMED_IAM" }
        if case .role = holder { description += ". Deploy with --capabilities CAPABILITY_IAM" }
        if case .user = holder { description += ". Deploy with --capabilities CAPABILITY_IAM" }
        let template = JSONValue.object([
            "AWSTemplateFormatVersion": "2010-09-09", "Description": .string(description), "Resources": resources,
            "Outputs": outputs,
        ])
        return template.prettyText + "\n"
    }

    private static func role(_ role: RoleTemplate, trust: PolicyDocument) -> JSONValue {
        let permissions = role.permissions.map { permissions in
            JSONValue.array([
                .object(["PolicyName": .string(RoleTemplate.permissionsName), "PolicyDocument": permissions.json])
            ])
        }
        return .object([
            "Type": "AWS::IAM::Role",
            "Properties": .object([
                "RoleName": .string(role.name), "Path": .string(role.path),
                "MaxSessionDuration": JSONValue(.number(String(role.sessionSecondsMax))),
                "AssumeRolePolicyDocument": trust.json, "Policies": permissions,
            ]),
        ])
    }

    private func inlinePolicy(_ name: String, holder: (kind: String, name: String)) -> JSONValue {
        let members: [(String, JSONValue)] = [
            ("PolicyName", .string(name)), (holder.kind, .array([.string(holder.name)])),
            ("PolicyDocument", document.json),
        ]
        return .object([
            "Type": "AWS::IAM::Policy",
            "Properties": JSONValue(
                .object(members.map { JSONValue.Member(name: $0.0, place: .none, value: $0.1) })),
        ])
    }
}
