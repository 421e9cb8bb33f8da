/// Credentials, and who gave them.
public struct ResolvedCredentials: Sendable {
    /// What signs.
    public var credentials: Credentials
    /// For a person: `environment variables`, `profile 'vendor' in /home/me/.aws/config`, `EC2 instance metadata (role
    /// my-role)`.
    public var provider: String
}
