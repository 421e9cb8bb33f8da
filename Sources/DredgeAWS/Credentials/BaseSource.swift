import Synchronization

/// Base credentials: looked up once, kept until they end or are refused, then looked up again, since a file may have
/// new ones.
///
/// Those that expire are refreshed as a role's session is: ahead of time, with one look-up in flight for all who ask.
public final class BaseSource: CredentialSource {
    private let session: Session
    private let provider: Provider
    private let forget: @Sendable () -> Void

    /// Whoever gave the credentials that the session holds.
    private final class Provider: Sendable {
        let name = Mutex("")
    }

    /// What the chain finds.
    init(_ chain: DefaultChain) {
        let provider = Provider()
        self.provider = provider
        forget = { chain.forget() }
        session = Session(clock: chain.clock) { () async throws(AWSError) in
            let resolved = try await chain.resolved()
            provider.name.withLock { $0 = resolved.provider }
            return resolved.credentials
        }
    }

    /// These.
    init(_ credentials: Credentials) {
        provider = Provider()
        provider.name.withLock { $0 = "the access key of the configuration" }
        forget = {}
        session = Session(clock: ServiceClock()) { () async throws(AWSError) in credentials }
    }

    /// Those that a program gives when it is asked.
    init(_ callback: CredentialCallback) {
        provider = Provider()
        provider.name.withLock { $0 = callback.name }
        forget = {}
        let clock = ServiceClock()
        session = Session(clock: clock) { () async throws(AWSError) in try await callback.call(at: clock) }
    }

    /// Credentials that are good now, and who gave them. Doesn't suspend while they are fresh.
    public func resolved() async throws(AWSError) -> ResolvedCredentials {
        guard let credentials = try await session.credentials() else {
            preconditionFailure("a session always has credentials, or an error")
        }
        return ResolvedCredentials(credentials: credentials, provider: provider.name.withLock { $0 })
    }

    /// Credentials that are good now. Doesn't suspend while they are fresh.
    public func credentials() async throws(AWSError) -> Credentials? { try await session.credentials() }

    /// The service refused them: the next call looks them up again.
    public func refused(_ credentials: Credentials) async { await session.refused(credentials) }

    /// Lets them go; every source that was given this one ends with it.
    public func close() {
        session.close()
        forget()
    }
}

extension BaseSource: CustomReflectable {
    /// Without children: the chain's environment has secrets in it.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
