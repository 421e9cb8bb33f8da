import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Temporary credentials that stay fresh (I9).
///
/// Until the advisory window nobody does anything but read them, under a lock held for nanoseconds and without
/// suspending. In the advisory window one caller starts a refresh in the background and all go on with the old ones. In
/// the mandatory window all wait for that one refresh.
///
/// A refresh that failed in the background is tried again a little later, each time after a longer while. One that
/// others wait for is tried again for as long as the old credentials last, if the failure is one that may pass; a
/// refusal is told at once, since waiting would not change it. Once told, a failure is not remembered: the next caller
/// tries anew, after a rest of up to some seconds where the failure may pass.
final class Session: CredentialSource {
    private let clock: ServiceClock
    private let fetch: @Sendable () async throws(AWSError) -> Credentials
    // Not a Monitor: who waits is told the result of one refresh, which is not kept for others, and whether anybody
    // waits decides how long that refresh is tried.
    private let state = Mutex(State())

    /// - Parameters:
    ///   - clock: that of the service whose credentials these are: their expiration is in its terms.
    ///   - fetch: gets new credentials; never runs twice at a time.
    init(
        clock: ServiceClock, fetch: @escaping @Sendable () async throws(AWSError) -> Credentials
    ) {
        self.clock = clock
        self.fetch = fetch
    }

    deinit { close() }

    func credentials() async throws(AWSError) -> Credentials? { try await current().credentials }

    /// The credentials, and whether they came just now.
    func current() async throws(AWSError) -> (credentials: Credentials, isNew: Bool) {
        // What is decided under the lock is done under it, so that a refresh which ends in between isn't followed by a
        // needless one.
        let decision = state.withLock { state in
            let decision = state.decide(now: clock.now)
            if case .useAndRefresh = decision { startRefresh(&state) }
            return decision
        }
        switch decision {
        case .use(let credentials), .useAndRefresh(let credentials): return (credentials, false)
        case .wait: return (try await refreshed(), true)
        case .closed: throw Self.closed
        }
    }

    func refused(_ credentials: Credentials) async {
        state.withLock { $0.refuse(credentials) }
    }

    /// The refresh in flight.
    var refresh: Task<Void, Never>? { state.withLock { $0.refresh } }

    /// Until the session that is held ends; nil: none is, or it has no end.
    var secondsLeft: Double? {
        state.withLock { $0.expiration }.map { max(0, $0.timeIntervalSince(clock.now)) }
    }

    func close() {
        let (task, waiters) = state.withLock { $0.close() }
        task?.cancel()
        for waiter in waiters { waiter.resume(returning: .failure(Self.closed)) }
    }

    static let closed = AWSError(
        code: .cancelled, step: "sign a request", message: "the session was closed",
        advice: "Nothing is wrong: its run has ended.")

    /// Joins the refresh in flight, or starts one, and waits for it or for the caller's cancellation, which leaves the
    /// refresh alone.
    private func refreshed() async throws(AWSError) -> Credentials {
        let id = state.withLock { $0.makeWaiterID() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Credentials, AWSError>, Never>) in
                let joining = state.withLock { state in
                    let joining = state.join(continuation, id: id, isCancelled: Task.isCancelled, now: clock.now)
                    if case .waits = joining { startRefresh(&state) }
                    return joining
                }
                switch joining {
                case .waits: break
                case .use(let credentials): continuation.resume(returning: .success(credentials))
                case .closed: continuation.resume(returning: .failure(Self.closed))
                case .cancelled: continuation.resume(returning: .failure(.cancelled("refresh a session")))
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.leave(id: id) }
            waiter?.resume(returning: .failure(.cancelled("refresh a session")))
        }
        return try result.get()
    }

    /// Starts a refresh unless one is in flight. It belongs to nobody, so that no caller's cancellation ends it for the
    /// others.
    private func startRefresh(_ state: inout State) {
        guard state.refresh == nil, !state.isClosed else { return }
        // Holds the session until it ends: whoever waits gets an answer. `close` cancels it.
        state.refresh = Task { [self] in
            let rest = self.state.withLock { $0.rest(now: clock.now) }
            if rest > 0 { try? await clock.sleep(.seconds(rest)) }
            while true {
                let result: Result<Credentials, AWSError>
                do throws(AWSError) { result = .success(try await fetch()) } catch { result = .failure(error) }
                let dice = clock.random(0.5...1)
                switch self.state.withLock({ $0.finish(result, now: clock.now, dice: dice) }) {
                case .tell(let waiters):
                    for waiter in waiters { waiter.resume(returning: result) }
                    return
                case .tryAgain(let seconds):
                    try? await clock.sleep(.seconds(seconds))
                }
            }
        }
    }
}
