import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A role of IAM Identity Center, with the token that `aws sso login` has left (AWS SDKs and Tools Reference Guide,
/// "IAM Identity Center credential provider"; GetRoleCredentials in the IAM Identity Center Portal API Reference).
struct SSOProvider {
    let profile: String
    let files: ProfileFiles
    let context: ProviderContext
    let settings: EndpointSettings
    let tokens: SSOTokens

    func answer() async throws(AWSError) -> ProviderAnswer {
        guard let login = try SSOLogin(profile: profile, files) else {
            let isHalf = ["sso_session", "sso_start_url"].contains { files.value($0, profile: profile) != nil }
            return .nothing(
                "SSO",
                "the profile '\(profile.printable)' has "
                    + (isHalf ? "neither sso_account_id nor sso_role_name, which a role needs" : "no sso_account_id"))
        }
        // First, so that a login isn't renewed for a request that can't be made.
        let portal = try login.endpoint(of: .sso, settings)
        let token = try await tokens.token(of: login, settings: settings)
        let bearer = token.accessToken.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        var request = HTTPRequest(
            url: "\(portal)/federation/credentials?role_name=\(URIEncoding.query(login.role))"
                + "&account_id=\(URIEncoding.query(login.account))",
            headers: [("accept", "application/json"), ("x-amz-sso_bearer_token", bearer)])
        request.timeout = AWSLimits.ssoTimeout
        var answer: CredentialAnswer
        do throws(TransferError) {
            answer = try await CredentialEndpoint(context).answer(to: request)
        } catch {
            throw .noAnswer(
                error, from: "SSO of the profile '\(profile.printable)'",
                advice: "Check sso_region, and that this machine can reach \(error.authority).")
        }
        defer { answer.wipe() }
        guard answer.status == 200 else { throw refusal(answer.status, login) }
        let place = "the answer of \(RequestURL(request.url).host)"
        let role = try CredentialDocument(&answer.body, place: place).object("roleCredentials")
        let end = Date(timeIntervalSince1970: try role.number("expiration") / 1000)
        return .found(
            try role.credentials(
                id: "accessKeyId", secret: "secretAccessKey", token: "sessionToken", needsToken: true,
                expiration: role.valid(end, now: context.time.now())),
            "SSO (role \(login.role.printable) in account \(login.account.printable), profile '\(profile.printable)')")
    }

    private func refusal(_ status: Int, _ login: SSOLogin) -> AWSError {
        let (code, what, advice): (AWSError.Code, String, String) =
            switch status {
            case 401: (.expiredBaseCredentials, "the login is not accepted any more", login.advice)
            case 403, 404:
                (
                    .accessDenied, "the login may not use that role, or there is none of that name",
                    "Check sso_account_id and sso_role_name against what the access portal shows for you."
                )
            case 400:
                (
                    .invalidParameter, "the request is not accepted",
                    "Check sso_account_id, sso_role_name and sso_region."
                )
            case 429: (.throttled, "too many requests", "Wait a little.")
            default: (.serviceFailure, "the service has a failure of its own", AWSError.ownFailureAdvice)
            }
        return .provider(
            code,
            "SSO of the profile '\(profile.printable)' (role \(login.role.printable), account "
                + "\(login.account.printable)): \(what), "
                + "status \(status)", advice: advice, status: status)
    }
}
