import Synchronization

/// Walks the hops of a chain: each AssumeRole is signed with the credentials of the one before.
final class RoleChain: Sendable {
    let hops: [RoleHop]
    /// What the last hop's session is narrowed to; nil: it isn't.
    let narrowing: SessionNarrowing?
    let base: BaseSource
    let defaultSessionName: String
    let endpoints: STSEndpointRules
    let client: STSClient
    private let onWarning: @Sendable (String) -> Void

    /// What STS's answers have shown, so that a refresh doesn't ask in vain again.
    private struct Lessons {
        /// Hops that a role's session signs although they look like the first.
        var chained: Set<Int> = []
        /// Hops that had a session before.
        var assumed: Set<Int> = []
        var width = Width.narrowed
    }
    private let lessons = Mutex(Lessons())

    /// How far the last hop's session is narrowed.
    private enum Width: Int {
        case narrowed
        /// For services whose policies know nothing of KMS and refuse what they don't know (Ceph's gateway).
        case narrowedWithoutKMS
        case all
    }

    init(
        hops: [RoleHop], narrowing: SessionNarrowing? = nil, base: BaseSource, defaultSessionName: String,
        endpoints: STSEndpointRules, client: STSClient, onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.hops = hops
        self.narrowing = narrowing
        self.base = base
        self.defaultSessionName = defaultSessionName
        self.endpoints = endpoints
        self.client = client
        self.onWarning = onWarning
    }

    /// New credentials of the last role. Everything is checked before the first request.
    func credentials() async throws(AWSError) -> Credentials { try await credentials(behind: hops.count) }

    /// New credentials of the hop before number `count`, the base's for 0.
    func credentials(behind count: Int) async throws(AWSError) -> Credentials {
        try validate()
        var current = try await base.resolved().credentials
        for index in 0..<count { current = try await assume(index, with: current) }
        return current
    }

    /// A session of hop number `index`, for who signs with `credentials`.
    func assume(_ index: Int, with credentials: Credentials) async throws(AWSError) -> Credentials {
        while true {
            do {
                let isRenewal = lessons.withLock { $0.assumed.contains(index) }
                let session = try await client.session(call(index), credentials: credentials, isRenewal: isRenewal)
                if !isRenewal { _ = lessons.withLock { $0.assumed.insert(index) } }
                return session
            } catch {
                // Old or unknown base keys may have been replaced in the file by the next attempt.
                if index == 0, [.expiredBaseCredentials, .unknownBaseCredentials, .wrongSecretKey].contains(error.code)
                {
                    await base.refused(credentials)
                }
                guard learns(from: error, at: index) else { throw error }
            }
        }
    }

    /// Throws what keeps a hop from being asked for at all. The hops behind number `last` don't count; nil: all do.
    func validate(through last: Int? = nil) throws(AWSError) {
        guard (1...AWSLimits.hopCountMax).contains(hops.count) else {
            throw AWSError(
                code: .invalidParameter, step: "assume a role", message: "a chain of \(hops.count) roles",
                advice: "A chain has 1 to \(AWSLimits.hopCountMax) roles.")
        }
        for index in hops.indices.prefix(through: last ?? hops.count - 1) { _ = try call(index) }
    }

    /// The call of a hop, or of what takes its place for a probe.
    func call(_ index: Int, as replacement: RoleHop? = nil) throws(AWSError) -> STSCall {
        let hop = replacement ?? hops[index]
        let place = hops.count == 1 ? "" : " (hop \(index + 1) of \(hops.count))"
        let step = "assume role \(hop.roleARN.printable)\(place)"
        let sessionName = hop.sessionName ?? defaultSessionName
        try hop.validate(sessionName: sessionName, step: step)
        guard let role = RoleARN(hop.roleARN) else { preconditionFailure("validated above") }
        return STSCall(
            step: step,
            endpoint: try STSEndpoint(hop: hop, role: role, rules: endpoints, step: step), hop: hop,
            isFirstHop: index == 0,
            parameters: hop.parameters(
                sessionName: sessionName, durationMax: durationMax(of: hop, at: index),
                policy: policy(of: hop, at: index, role: role)))
    }

    /// One hour where a role's session signs; nil: as long as the role allows.
    private func durationMax(of hop: RoleHop, at index: Int) -> Duration? {
        guard index > 0 || lessons.withLock({ $0.chained.contains(index) }) else { return nil }
        if let duration = hop.duration, duration > AWSLimits.chainedDurationMax {
            onWarning(
                "hop \(index + 1) (\(hop.roleARN.printable)) asks for \(duration.components.seconds) s; AWS ends the "
                    + "session of a role that was assumed by a role's session after "
                    + "\(AWSLimits.chainedDurationMax.components.seconds) s, so that is asked for")
        }
        return AWSLimits.chainedDurationMax
    }

    private func policy(of hop: RoleHop, at index: Int, role: RoleARN) -> String? {
        switch hop.sessionPolicy {
        case .document(let document): return document
        case .none: return nil
        case .narrowed:
            guard let narrowing, index == hops.count - 1 else { return nil }
            let width = lessons.withLock { $0.width }
            if width == .all { return nil }
            guard let document = narrowing.document(role.partition, width == .narrowed) else {
                warnThatNothingNarrows(hop, "no policy of \(RoleHopRules.sessionPolicyLengthMax) characters can say so")
                return nil
            }
            return document
        }
    }

    /// Whether another call of the same hop may succeed where this one failed.
    private func learns(from error: AWSError, at index: Int) -> Bool {
        let hop = hops[index]
        switch error.serviceCode {
        // "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        case "ValidationError" where error.message.contains("role chaining"):
            guard let duration = hop.duration, duration > AWSLimits.chainedDurationMax else { return false }
            return lessons.withLock { $0.chained.insert(index).inserted }
        case "PackedPolicyTooLarge", "PackedPolicyTooLargeException":
            return isWidened(hop, at: index, to: .all, because: error)
        case "MalformedPolicyDocument", "MalformedPolicyDocumentException":
            return isWidened(hop, at: index, to: .narrowedWithoutKMS, because: error)
                || isWidened(hop, at: index, to: .all, because: error)
        default: return false
        }
    }

    /// Whether that allows more than what was tried.
    private func isWidened(_ hop: RoleHop, at index: Int, to width: Width, because error: AWSError) -> Bool {
        guard hop.sessionPolicy == .narrowed, narrowing != nil, index == hops.count - 1 else { return false }
        let isWider = lessons.withLock { lessons in
            guard lessons.width.rawValue < width.rawValue else { return false }
            lessons.width = width
            return true
        }
        if isWider, width == .all {
            warnThatNothingNarrows(hop, "STS refuses the policy that would: \(error.serviceCode ?? "")")
        }
        return isWider
    }

    private func warnThatNothingNarrows(_ hop: RoleHop, _ reason: String) {
        onWarning(
            "the session of \(hop.roleARN.printable) is not narrowed to the source's bucket and prefix "
                + "(\(reason)): it may do "
                + "all that the role may")
    }
}

/// One call of STS, ready to be signed.
struct STSCall: Sendable {
    let step: String
    let endpoint: STSEndpoint
    let hop: RoleHop
    let isFirstHop: Bool
    let parameters: [(name: String, value: String)]
    /// Of a call that isn't signed: its token, in the place of a session token, so that it is kept out of messages as
    /// one.
    var identity: Credentials?

    var sessionName: String { parameters.first { $0.name == "RoleSessionName" }?.value ?? "" }

    /// As a form. Holds no secret but a web identity's token: secrets sign, they don't travel.
    var body: [UInt8] {
        Array(
            parameters.map { "\(URIEncoding.form($0.name))=\(URIEncoding.form($0.value))" }.joined(separator: "&")
                .utf8)
    }
}
