public import DredgeTransfer

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Keys that sign requests. Cannot print itself (description, dump, Mirror show `AKIA…1234` at most); wipes the secret when the last copy goes.
public struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Date? = nil) {}
    public var accessKeyID: String { fatalError() }
    public var expiration: Date? { fatalError() }
    public var description: String { fatalError() }
    public var debugDescription: String { fatalError() }
    public var customMirror: Mirror { fatalError() }
}

/// What signs a request now.
public protocol CredentialSource: Sendable {
    /// Credentials that are good now; refreshes them first where they must be. Does not suspend while they are fresh.
    /// nil: requests go out unsigned (anonymous).
    func credentials() async throws(AWSError) -> Credentials?
    /// The service refused `credentials` as expired or unknown token: the next call of `credentials()` gets others.
    func refused(_ credentials: Credentials) async
}

/// One AssumeRole of a chain.
public struct RoleHop: Sendable, Hashable {
    public var roleARN: String
    public var externalID: String?
    /// nil: `dredge-<run id>`
    public var sessionName: String?
    public var duration: Duration?
    public var region: String?
    public var sessionPolicy: String?
    public var sourceIdentity: String?
    public var tags: [String: String] = [:]
    public init(roleARN: String, externalID: String? = nil, sessionName: String? = nil, duration: Duration? = nil, region: String? = nil) {
        self.roleARN = roleARN
        self.externalID = externalID
        self.sessionName = sessionName
        self.duration = duration
        self.region = region
    }
}

/// Where the keys that sign a source's first request come from.
public enum BaseCredentials: Sendable {
    /// Environment, then the shared config and credentials files with this profile (nil: AWS_PROFILE or `default`).
    case defaultChain(profile: String? = nil)
    case fixed(Credentials)
}

/// Builds what signs for a source.
public enum CredentialSources {
    public static func anonymous() -> any CredentialSource { fatalError() }
    /// The base credentials themselves.
    public static func base(_ base: BaseCredentials, environment: [String: String]) -> any CredentialSource { fatalError() }
    /// A session that walks `hops` from the base, refreshes ahead of its expiration, one refresh in flight.
    /// `region`: for STS where a hop names none (nil: AWS_REGION, AWS_DEFAULT_REGION, profile, else us-east-1 of the ARN's partition).
    /// `stsEndpointURL`: nil: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, else the regional endpoint.
    public static func assumeRole(
        _ hops: [RoleHop], base: BaseCredentials, defaultSessionName: String, region: String?, stsEndpointURL: String?,
        environment: [String: String], transfer: TransferLoop
    ) -> any CredentialSource { fatalError() }
}

/// SigV4: a pure function of its inputs, but for the cache of the signing key.
public struct SigV4Signer: Sendable {
    public init(region: String, service: String) {}
    /// Adds `host`-independent headers (x-amz-date, x-amz-content-sha256, x-amz-security-token, authorization) to `request`.
    /// `path`, `query` are already encoded once as S3 wants; the URL of `request` is made of the same.
    public func sign(_ request: inout HTTPRequest, credentials: Credentials, date: Date, unsignedPayload: Bool) {}
}

public struct AWSError: Error, Sendable {
    public enum Code: String, Sendable {
        case noCredentials, profileNotFound, malformedConfigFile, unsupportedConfig
        case accessDenied, expiredBaseCredentials, unknownBaseCredentials, wrongSecretKey, invalidParameter, regionDisabled, throttled
        case clockSkewed, unreachable, serviceFailure, malformedAnswer, cancelled
    }
    public var code: Code
    /// What was done: `assume role arn:… (hop 1 of 2)`
    public var step: String
    public var serviceCode: String?
    public var status: Int?
    public var requestID: String?
    public var message: String
    /// What to do next, a sentence or two.
    public var advice: String
    public init(code: Code, step: String, serviceCode: String? = nil, status: Int? = nil, requestID: String? = nil, message: String, advice: String) {
        self.code = code
        self.step = step
        self.serviceCode = serviceCode
        self.status = status
        self.requestID = requestID
        self.message = message
        self.advice = advice
    }
}
