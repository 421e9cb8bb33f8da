/// AssumeRoleWithWebIdentity (STS API reference): a token in the place of a signature.
extension STSCall {
    /// The call for `hop`, whose role and session name alone count. Everything is checked before the request.
    init(
        webIdentity hop: RoleHop, token: String, endpoints: STSEndpointRules, step: String
    ) throws(AWSError) {
        try hop.validate(sessionName: hop.sessionName ?? "", step: step)
        // A token has no white space; a file may have a line break behind it.
        let token = token.filter { !$0.isWhitespace }
        guard let role = RoleARN(hop.roleARN), (4...AWSLimits.webIdentityTokenCountMax).contains(token.utf8.count)
        else {
            throw AWSError(
                code: .invalidParameter, step: step,
                message:
                    "the token has \(token.utf8.count) bytes, and can have 4 to \(AWSLimits.webIdentityTokenCountMax)",
                advice: "Check what writes the token's file.")
        }
        self.init(
            step: step,
            endpoint: try STSEndpoint(hop: hop, role: role, rules: endpoints, step: step),
            hop: hop, isFirstHop: true,
            parameters: [
                ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", hop.roleARN),
                ("RoleSessionName", hop.sessionName ?? ""), ("WebIdentityToken", token),
            ],
            identity: Credentials(accessKeyID: "", secretAccessKey: "", sessionToken: token))
    }
}

extension STSProblem {
    /// What the codes of AssumeRoleWithWebIdentity mean; nil: it has none of its own for this.
    func webIdentityExplanation(_ call: STSCall) -> (AWSError.Code, String)? {
        guard call.identity != nil else { return nil }
        switch serviceCode {
        case "ExpiredTokenException", "ExpiredToken":
            return (
                .expiredBaseCredentials,
                "The token in the file has ended. Whoever writes the file has to replace it in time."
            )
        case "InvalidIdentityToken":
            return (
                .accessDenied,
                "The token isn't from an identity provider that the role's account knows, or is not meant for it: "
                    + "check the IAM OIDC "
                    + "provider (URL and audience sts.amazonaws.com)."
            )
        case "IDPRejectedClaim":
            return (.accessDenied, "The identity provider refused the token. Check that it is meant for this role.")
        case "IDPCommunicationError":
            return (
                .serviceFailure, "AWS could not reach the identity provider. Try again, and check its public address."
            )
        case "AccessDenied", "AccessDeniedException":
            return (
                .accessDenied,
                "AWS gives the same answer for all of these, likely ones first: (1) the role's trust policy "
                    + "doesn't allow "
                    + "sts:AssumeRoleWithWebIdentity to the token's identity provider; (2) its conditions on sub or "
                    + "aud don't fit the "
                    + "token, for example another service account or namespace; (3) the role doesn't exist: check "
                    + "account, path and "
                    + "spelling."
            )
        default: return nil
        }
    }
}
