/// On whose behalf a call is made: what its key says.
public struct Caller: Sendable, Hashable {
    /// The key's identifier.
    public var keyID: String
    /// The organization's identifier, a UUID.
    public var organization: String
    /// Keys see the collections and jobs of their own environment only.
    public var environment: APIEnvironment
}

/// What a key is for.
public enum APIEnvironment: String, Sendable, Hashable, CaseIterable, Codable {
    case development, staging, production

    /// Stands in the key.
    var keyPart: String {
        switch self {
        case .development: "dev"
        case .staging: "stage"
        case .production: "prod"
        }
    }
}
