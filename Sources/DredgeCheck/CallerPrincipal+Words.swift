import DredgeAWS

extension CallerPrincipal {
    /// For a sentence: `the user dredge`.
    var words: String {
        switch kind {
        case .user: "the user \(arn.split(separator: "/").last.map(String.init) ?? arn)"
        case .role(let name): "the role \(name)"
        case .singleSignOnRole(let set): "the permission set \(set)"
        case .rootUser: "the root user"
        case .other: arn
        }
    }

    /// Where its policies are edited.
    var policyPlace: String {
        switch kind {
        case .user: "IAM console of account \(account), Users, Add permissions, Create inline policy"
        case .role: "IAM console of account \(account), Roles, Add permissions, Create inline policy"
        case .singleSignOnRole: "IAM Identity Center, Permission sets, Inline policy"
        case .rootUser, .other: "IAM console of account \(account)"
        }
    }
}
