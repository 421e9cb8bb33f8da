import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Keys in AWS_ACCESS_KEY_ID and its companions.
struct EnvironmentProvider {
    let context: ProviderContext

    func answer() throws(AWSError) -> ProviderAnswer {
        guard let id = context.variable("AWS_ACCESS_KEY_ID") else {
            return .nothing("environment", "AWS_ACCESS_KEY_ID isn't set")
        }
        guard let secret = context.variable("AWS_SECRET_ACCESS_KEY") else {
            throw .provider(
                "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't", advice: "Set both, or none.")
        }
        // The environment doesn't change any more: a moment that is past is told of, one to come can't lead to a
        // refresh.
        if let text = context.variable("AWS_CREDENTIAL_EXPIRATION"), let end = Timestamp.iso8601(text),
            end <= context.time.now()
        {
            throw .provider(
                .expiredBaseCredentials,
                "the credentials of the environment ended at \(Timestamp.iso8601(end)) (AWS_CREDENTIAL_EXPIRATION)",
                advice: "Get new ones and start again, or name a profile that can renew them.")
        }
        let token = context.variable("AWS_SESSION_TOKEN") ?? context.variable("AWS_SECURITY_TOKEN")
        return .found(
            try Credentials(
                checkedID: id, secretAccessKey: .copying(secret), sessionToken: token.map { .copying($0) },
                place: "the environment"), "environment variables")
    }
}
