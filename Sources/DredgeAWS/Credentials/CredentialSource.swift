public import DredgeTransfer
public import Logging

/// What signs a request now.
public protocol CredentialSource: Sendable {
    /// Credentials that are good now; refreshes them first where they must be. Doesn't suspend while they are fresh, so
    /// that it can be asked before every attempt of every request.
    /// - Returns: nil where requests go out unsigned (anonymous).
    func credentials() async throws(AWSError) -> Credentials?

    /// The service refused `credentials` as expired or unknown: the next call of `credentials()` gets others. Does
    /// nothing when they were replaced already, so that a hundred requests which fail together cause one refresh.
    func refused(_ credentials: Credentials) async

    /// Lets the credentials go, so that they are wiped as soon as no request uses them, and ends a refresh in flight.
    /// The source gives none afterwards.
    func close()
}

extension CredentialSource {
    /// Nothing to let go.
    public func close() {}
}

/// Where the keys that sign a source's first request come from.
public enum BaseCredentials: Sendable {
    /// The providers that AWS tools ask, in their order, with this profile (nil: AWS_PROFILE or `default`):
    /// environment, roles of the shared config and credentials files, web identity, SSO, keys of the files, a program,
    /// container, instance metadata. What the environment says of keys and of a web identity is skipped where a profile
    /// is named here.
    case defaultChain(profile: String? = nil)
    /// These.
    case fixed(Credentials)
    /// Those that the program gives when it is asked.
    case callback(CredentialCallback)
}

/// Builds what signs for a source.
public enum CredentialSources {
    /// Signs nothing.
    public static func anonymous() -> any CredentialSource { AnonymousSource() }

    /// The base credentials themselves. They are looked up at the first call, ahead of their expiration, and after they
    /// were refused; sources that share one look them up once.
    /// - Parameters:
    ///   - environment: the process's environment, or what stands for it; nothing else is read from it.
    ///   - defaultSessionName: for roles of a profile that name none, for example `dredge-<run id>`.
    ///   - onWarning: told what a person should know though it is no failure, in a sentence.
    ///   - logger: is told which roles are assumed, and what is tried again.
    public static func base(
        _ base: BaseCredentials, environment: [String: String], transfer: TransferLoop,
        defaultSessionName: String = "dredge", onWarning: @escaping @Sendable (String) -> Void = { _ in },
        logger: Logger = Logger(label: "dredge", factory: { _ in SwiftLogNoOpLogHandler() })
    ) -> BaseSource {
        switch base {
        case .fixed(let credentials): fixed(credentials)
        case .callback(let callback): calling(callback)
        case .defaultChain(let profile):
            BaseSource(
                DefaultChain(
                    profile: profile,
                    context: ProviderContext(
                        environment: environment, http: LoopTransport(transfer), defaultSessionName: defaultSessionName,
                        onWarning: onWarning, logger: logger)))
        }
    }

    /// These credentials, which nobody looks up.
    public static func fixed(_ credentials: Credentials) -> BaseSource { BaseSource(credentials) }

    /// Those that a program gives when it is asked.
    public static func calling(_ callback: CredentialCallback) -> BaseSource { BaseSource(callback) }

    /// A session of the last of `hops`, each assumed with the session of the one before and the first with the base.
    /// All of them are refreshed ahead of their expiration, with one refresh in flight.
    ///
    /// Nothing is sent before the first call of `credentials()`; a hop that STS can't accept is refused there too,
    /// before any request.
    /// - Parameters:
    ///   - hops: at least one, at most `AWSLimits.hopCountMax`.
    ///   - narrowing: what the last hop's session is narrowed to, where its policy is `.narrowed`; nil: it may do what
    ///     the role may.
    ///   - sessions: shared with other sources that assume the same roles.
    public static func assumeRole(
        _ hops: [RoleHop], access: STSAccess, narrowing: SessionNarrowing? = nil,
        sessions: SessionCache = SessionCache()
    ) -> any CredentialSource {
        sessions.source(access.chain(hops, narrowing: narrowing))
    }
}

/// Signs nothing.
struct AnonymousSource: CredentialSource {
    func credentials() async throws(AWSError) -> Credentials? { nil }
    func refused(_ credentials: Credentials) async {}
}
