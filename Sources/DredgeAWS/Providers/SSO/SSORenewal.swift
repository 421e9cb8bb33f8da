import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Asks IAM Identity Center for another login in the place of one that ends.
struct SSORenewal {
    let login: SSOLogin
    let token: SSOToken
    let context: ProviderContext
    let settings: EndpointSettings

    /// The new login. Its document is that of the old one, with what is new in it.
    func token(_ renewal: SSOToken.Renewal) async throws(AWSError) -> SSOToken {
        let members: [String: SecretJSON] = [
            "clientId": .text(renewal.clientID), "clientSecret": .text(renewal.clientSecret),
            "grantType": .text(.copying("refresh_token")), "refreshToken": .text(renewal.refreshToken),
        ]
        var request = HTTPRequest(
            method: .post, url: try login.endpoint(of: .ssoOIDC, settings) + "/token",
            headers: [("accept", "application/json"), ("content-type", "application/json")],
            body: SecretJSON.object(members).bytes)
        request.timeout = AWSLimits.ssoTimeout
        let askedAt = context.time.now()
        var answer: CredentialAnswer
        do throws(TransferError) {
            answer = try await CredentialEndpoint(context).answer(to: request)
        } catch {
            throw .noAnswer(
                error, from: "IAM Identity Center",
                advice: "Check sso_region, and that this machine can reach \(error.authority).")
        }
        defer { answer.wipe() }
        guard answer.status == 200 else { throw refusal(&answer) }
        let document = try CredentialDocument(&answer.body, place: "the answer of \(RequestURL(request.url).host)")
        guard let access = try document.secret("accessToken") else { throw document.missing("accessToken") }
        let end = askedAt.addingTimeInterval(try document.number("expiresIn").rounded(.down))
        var changes: [String: SecretJSON] = [
            "accessToken": .text(access), "expiresAt": .text(.copying(Timestamp.iso8601(end))),
        ]
        // Without another one the old stays good (RFC 6749, section 6).
        if let refresh = try document.secret("refreshToken") { changes["refreshToken"] = .text(refresh) }
        return try SSOToken(
            token.document.with(changes), name: "the renewed login", advice: login.advice
        ).valid(for: login, now: askedAt)
    }

    /// Of the answer only a code that is known (RFC 6749, section 5.2): nobody knows what else it holds.
    private func refusal(_ answer: inout CredentialAnswer) -> AWSError {
        let status = answer.status
        let document = try? CredentialDocument(&answer.body, place: "the answer")
        let known = (try? document?.text("error")).flatMap { code in
            [
                "invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client",
                "unsupported_grant_type", "access_denied", "expired_token", "slow_down",
            ].first { $0 == code }
        }
        let said = "IAM Identity Center refuses it" + (known.map { " (\($0))" } ?? "")
        if status == 429 { return .provider(.throttled, said, advice: "Wait a little.", status: status) }
        return status >= 500
            ? .provider(.serviceFailure, said, advice: AWSError.ownFailureAdvice, status: status)
            : .provider(.expiredBaseCredentials, said, advice: login.advice, status: status)
    }
}
