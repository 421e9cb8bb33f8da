import Synchronization

/// Sessions of roles, shared by all sources that assume the same roles in the same way: each call of STS is made once
/// for all of them, and so is each refresh.
///
/// There is a session for each hop of a chain, so that chains which begin alike share what they have in common. Two
/// hops are alike when their base credentials are the same `BaseSource` and all calls of STS up to them say the same:
/// endpoint, role, session name, external ID, duration, tags and policy. A session ends, and its credentials are wiped,
/// when the last source that uses it is closed.
///
/// All chains of a cache are walked over the transfer loop of whoever came first, and what is found out about a shared
/// session, such as a policy that STS does not take, is told to that one.
public final class SessionCache: Sendable {
    private struct Entry {
        let session: Session
        /// Of the session that signs for this one; nil: the base does.
        let signer: SessionKey?
        /// Sources, and sessions that this one signs for.
        var userCount = 0
    }
    private let entries = Mutex<[SessionKey: Entry]>([:])

    /// A cache without sessions. Nothing is sent before a source is asked for credentials.
    public init() {}

    /// Sessions that are in use.
    package var sessionCount: Int { entries.withLock { $0.count } }

    /// Until the first session that is in use ends; nil: none has an end yet.
    package var secondsLeft: Double? {
        entries.withLock { $0.values.map(\.session) }.compactMap(\.secondsLeft).min()
    }

    /// What signs with the last session of `chain`.
    func source(_ chain: RoleChain) -> any CredentialSource {
        let keys: [SessionKey]
        do throws(AWSError) {
            keys = try chain.sessionKeys()
        } catch {
            // It is told when credentials are asked for, unless the settings are right by then.
            return Session(clock: chain.client.clock) { () async throws(AWSError) in try await chain.credentials() }
        }
        return entries.withLock { entries in
            for (index, key) in keys.enumerated() where entries[key] == nil {
                let signer = index == 0 ? nil : keys[index - 1]
                let signing = signer.flatMap { entries[$0]?.session }
                entries[key] = Entry(session: Session(hop: index, of: chain, signedWith: signing), signer: signer)
                if let signer { entries[signer]?.userCount += 1 }
            }
            let last = keys[keys.count - 1]
            guard let session = entries[last]?.session else { preconditionFailure("made above") }
            entries[last]?.userCount += 1
            return SharedSession(session) { self.letGo(last) }
        }
    }

    /// Ends one use of a session, and the session with the last one.
    private func letGo(_ key: SessionKey) {
        let ended = entries.withLock { entries in
            var ended: [Session] = []
            var next: SessionKey? = key
            while let key = next {
                guard var entry = entries[key] else { preconditionFailure("a session was let go twice") }
                entry.userCount -= 1
                guard entry.userCount == 0 else {
                    entries[key] = entry
                    break
                }
                entries[key] = nil
                ended.append(entry.session)
                next = entry.signer
            }
            return ended
        }
        for session in ended { session.close() }
    }
}

/// A source's use of a session that others may use too.
private final class SharedSession: CredentialSource {
    private let session: Session
    private let letGo: @Sendable () -> Void
    private let isClosed = Atomic(false)

    init(_ session: Session, letGo: @escaping @Sendable () -> Void) {
        self.session = session
        self.letGo = letGo
    }

    deinit { close() }

    func credentials() async throws(AWSError) -> Credentials? {
        if isClosed.load(ordering: .relaxed) { throw Session.closed }
        let credentials = try await session.credentials()
        // It may have been closed while it waited for others' refresh.
        if isClosed.load(ordering: .relaxed) { throw Session.closed }
        return credentials
    }

    func refused(_ credentials: Credentials) async { await session.refused(credentials) }

    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { letGo() }
    }
}

extension RoleChain {
    /// A key for the session of each hop. Throws what keeps a hop from being asked for at all.
    fileprivate func sessionKeys() throws(AWSError) -> [SessionKey] {
        try validate()
        var keys: [SessionKey] = []
        for index in hops.indices {
            keys.append(SessionKey(try call(index), signedWith: keys.last ?? SessionKey(base)))
        }
        return keys
    }
}

extension Session {
    /// The session of hop number `index`. `signer`: of the hop before; nil: the chain's base signs.
    fileprivate convenience init(hop index: Int, of chain: RoleChain, signedWith signer: Session?) {
        self.init(clock: chain.client.clock) { () async throws(AWSError) in
            // Before anything is sent: a file that says where STS is may have changed.
            try chain.validate(through: index)
            guard let signer else {
                return try await chain.assume(index, with: try await chain.base.resolved().credentials)
            }
            let (credentials, isNew) = try await signer.current()
            do throws(AWSError) {
                return try await chain.assume(index, with: credentials)
            } catch {
                // A session may be revoked before its time; AWS gives no code of its own for that.
                guard !isNew, error.code.isOfSigner else { throw error }
                await signer.refused(credentials)
                return try await chain.assume(index, with: try await signer.current().credentials)
            }
        }
    }
}

extension AWSError.Code {
    /// Whether other credentials of the same signer may be let in where these weren't.
    fileprivate var isOfSigner: Bool {
        [.accessDenied, .expiredBaseCredentials, .unknownBaseCredentials, .wrongSecretKey, .signatureRefused].contains(
            self)
    }
}
