/// Whose credentials they are, as AWS sees it (STS API reference, GetCallerIdentity). Asking needs no permission.
public struct CallerIdentity: Sendable, Hashable, Codable {
    /// Twelve digits.
    public var account: String
    /// `arn:aws:iam::…:user/…`, `arn:aws:sts::…:assumed-role/…/…`, `arn:aws:iam::…:root`.
    public var arn: String
    /// `AIDA…`, or `AROA…:session`.
    public var userID: String

    /// An identity made by hand.
    public init(account: String, arn: String, userID: String) {
        self.account = account
        self.arn = arn
        self.userID = userID
    }
}

extension CallerIdentity {
    /// Reads the answer of a GetCallerIdentity.
    init(in answer: CredentialAnswer, call: STSCall) throws(AWSError) {
        var limits = XMLReader.Limits()
        limits.byteCountMax = AWSLimits.stsAnswerByteCountMax
        let result = (try? XMLReader.tree(of: answer.body, limits: limits))?.first("GetCallerIdentityResult")
        guard let result, let arn = result["Arn"]?.text, let account = result["Account"]?.text,
            arn.hasPrefix("arn:"), !account.isEmpty
        else {
            throw AWSError(
                code: .malformedAnswer, step: call.step, status: answer.status, requestID: answer.requestID,
                message: "the answer names no identity",
                advice:
                    "Is \(RequestURL(call.endpoint.url).host) an STS endpoint, or a proxy or a portal in front of one?")
        }
        func clean(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.isControl }.prefix(2048)))
        }
        self.init(account: clean(account), arn: clean(arn), userID: clean(result["UserId"]?.text ?? ""))
    }
}

/// The principal of an identity, as a trust policy names it.
public struct CallerPrincipal: Sendable, Hashable {
    /// The kinds of identities that matter to who writes a trust policy.
    public enum Kind: Sendable, Hashable {
        case user
        /// The name is known from the session's ARN, which leaves out the role's path.
        case role(name: String)
        /// A role that IAM Identity Center (SSO) made: its path isn't known, and its name changes when it is made anew.
        case singleSignOnRole(permissionSet: String)
        /// It can't assume roles at all.
        case rootUser
        case other
    }

    /// What it is.
    public var kind: Kind
    /// `aws`, `aws-cn`, …
    public var partition: String
    /// Twelve digits.
    public var account: String
    /// What a trust policy names: the user's or the role's ARN; the account's for a role of IAM Identity Center.
    public var arn: String
    /// The pattern that `aws:PrincipalArn` must match where `arn` names more than this principal.
    public var pattern: String?

    /// nil: not an ARN of a principal.
    public init?(callerARN: String) {
        let parts = callerARN.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", !parts[5].isEmpty else { return nil }
        partition = parts[1]
        account = parts[4]
        let names = parts[5].split(separator: "/").map(String.init)
        switch (parts[2], names.first) {
        case ("iam", "root"?):
            kind = .rootUser
            arn = callerARN
        case ("iam", "user"?):
            kind = .user
            arn = callerARN
        case ("iam", "role"?):
            kind = .role(name: names.last ?? "")
            arn = callerARN
        case ("sts", "assumed-role"?) where names.count >= 2:
            let name = names[1]
            let root = "arn:\(parts[1]):iam::\(parts[4])"
            if name.hasPrefix("AWSReservedSSO_"), let end = name.lastIndex(of: "_") {
                // The suffix is new whenever the permission set is assigned anew (IAM Identity Center User Guide,
                // "Referencing permission sets in resource policies").
                let set = String(name[..<end].dropFirst("AWSReservedSSO_".count))
                kind = .singleSignOnRole(permissionSet: set)
                arn = "\(root):root"
                pattern = "\(root):role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_\(set)_*"
            } else {
                kind = .role(name: name)
                arn = "\(root):role/\(name)"
            }
        default:
            kind = .other
            arn = callerARN
        }
    }
}
