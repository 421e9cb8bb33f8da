internal import Dredge
internal import DredgeAWS
internal import DredgeCheck
internal import Logging
internal import Synchronization

/// Whom customers' roles are to trust: what the operator says, or whose the server's own credentials are.
final class ServerPrincipal: Sendable {
    private struct State: Sendable {
        var arn: String?
        var lookup: Task<String?, Never>?
        var failed: ContinuousClock.Instant?
    }
    private let state: Mutex<State>
    private let engine: Engine

    init(configured: String?, engine: Engine) {
        state = Mutex(State(arn: configured))
        self.engine = engine
    }

    /// The ARN; nil: it can't be found out now. The first caller asks STS, the others wait for what it says.
    func arn() async -> String? {
        let lookup = state.withLock { state -> Task<String?, Never>? in
            if state.arn != nil { return nil }
            if let lookup = state.lookup { return lookup }
            if let failed = state.failed, failed.duration(to: .now) < .seconds(ServiceLimits.identityPauseSeconds) {
                return nil
            }
            let lookup = Task { await self.lookUp() }
            state.lookup = lookup
            return lookup
        }
        guard let lookup else { return state.withLock { $0.arn } }
        return await lookup.value
    }

    private func lookUp() async -> String? {
        let arn = await ask()
        state.withLock { state in
            (state.lookup, state.arn) = (nil, arn)
            state.failed = arn == nil ? .now : nil
        }
        return arn
    }

    private func ask() async -> String? {
        let engine = engine
        do {
            let identity = try await withThrowingTaskGroup(of: CallerIdentity?.self) { group in
                group.addTask { try await engine.callerIdentity() }
                group.addTask {
                    try await Task.sleep(for: .seconds(ServiceLimits.identitySeconds))
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let identity, let principal = CallerPrincipal(callerARN: identity.arn) else { return nil }
            engine.logger.notice("customers' roles are to trust \(principal.arn), as STS tells")
            return principal.arn
        } catch {
            engine.logger.warning("whom customers' roles are to trust is not known: \(error)")
            return nil
        }
    }
}
