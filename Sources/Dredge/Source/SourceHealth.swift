import DredgeAWS
import DredgeBase
import DredgeS3
import DredgeTransfer

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Tells whether a failed request is the fault of what was asked for or of the source as a whole, and waits while the
/// source fails.
///
/// **Two witnesses.** A failure that speaks of the source (its credentials, its bucket, no connection) concerns the
/// source only when a request of another kind agrees: a listing of one key. When that is answered, what failed is the
/// fault of the object.
///
/// **Patience.** While both fail with what time may mend (no connection, no name, 5xx, a proxy's page), or nearly all
/// objects do, who reads the source waits here, and asks for one key now and then. That holds no place in the bucket's
/// gate. After `Limits.outagePatience` the source is given up.
final class SourceHealth: Sendable {
    /// What a failure means for who met it.
    enum Verdict: Sendable {
        /// The source is well: what was asked for is at fault.
        case object
        /// It was the source, and it is over: ask again.
        case again
        /// It is the source, and no time will mend it, or has in so long a wait.
        case source(S3Error, SourceWait?)
    }

    private struct State: Sendable {
        /// Whether the source has ever answered with what it was asked for.
        var hasAnswered = false
        /// When a page or an object last came; nil: never yet.
        var lastAnswer: ContinuousClock.Instant?
        /// The part of objects that were read at their first visit, of the last ones; the newest count most.
        var share = 1.0
        /// How often the failures of objects were waited out since one of them was read.
        var pauseCount = 0
        var outage: Outage?
        var isExamining = false
        var examinationCount = 0
        /// What the last examination came to.
        var verdict = Verdict.object

        /// Whether an outage of this kind is over now.
        mutating func endOutage(ofObjects: Bool) -> Bool {
            guard let outage, outage.isOfObjects == ofObjects else { return false }
            self.outage = nil
            return true
        }
    }

    private struct Outage: Sendable {
        /// Since when nothing of use has come.
        var since: ContinuousClock.Instant
        /// The source lists, but nearly all objects fail.
        var isOfObjects: Bool
        var wait: SourceWait
    }

    private let source: String
    private let service: any ObjectService
    private let world: any World
    private let patience: Duration
    private let onWait: @Sendable (SourceWait?) -> Void
    private let monitor = Monitor(State(), order: .any)

    /// - Parameters:
    ///   - source: the source's name.
    ///   - onWait: called when the source begins to be waited for, and with nil when that is over.
    init(
        _ service: any ObjectService, of source: String, in world: any World, patience: Duration,
        onWait: @escaping @Sendable (SourceWait?) -> Void
    ) {
        self.service = service
        self.source = source
        self.world = world
        self.patience = patience
        self.onWait = onWait
    }

    /// A page of the listing came.
    func listed() {
        let now = world.now()
        monitor.update { state in
            state.hasAnswered = true
            // While objects fail, their wait goes on.
            if state.outage == nil { state.lastAnswer = now }
        }
    }

    /// A part of an object came.
    func read() {
        let now = world.now()
        let isOver = monitor.update { state in
            state.hasAnswered = true
            state.lastAnswer = now
            state.pauseCount = 0
            guard state.outage != nil else { return false }
            state.outage?.since = now
            return state.endOutage(ofObjects: false)
        }
        if isOver { onWait(nil) }
    }

    /// An object was read, or was not at its first visit.
    func visited(isRead: Bool) {
        let isOver = monitor.update { state in
            state.share += ((isRead ? 1 : 0) - state.share) / Self.visitMemory
            return state.share >= Self.shareMin && state.endOutage(ofObjects: true)
        }
        if isOver { onWait(nil) }
    }

    /// What `error`, which ended all attempts of a request, means. Waits while the source is at fault.
    func judge(_ error: S3Error) async throws(CancellationError) -> Verdict {
        guard error.isFatalForSource || error.isOfService else { return .object }
        if error.isOfService, let pause = pause() {
            // Nearly all objects fail: another one would tell nothing new, and count against it what isn't its fault.
            let verdict = try await examine(after: error)
            guard case .object = verdict else { return verdict }
            return try await rest(pause, after: error)
        }
        return error.isOfService && error.key != nil ? .object : try await examine(after: error)
    }

    /// Waits before something is tried the `count`-th time although the source is well.
    func pause(_ count: Int) async throws(CancellationError) { try await world.sleep(backoff(count)) }

    // MARK: Nearly all objects fail

    /// How long to wait before the next object is tried; nil: enough of them are read.
    private func pause() -> Duration? {
        monitor.update { state in
            guard state.share < Self.shareMin else { return nil }
            state.pauseCount += 1
            return backoff(state.pauseCount / Self.pausesPerStep)
        }
    }

    private func rest(_ pause: Duration, after error: S3Error) async throws(CancellationError) -> Verdict {
        let outage = begin(error, isOfObjects: true)
        if world.now() - outage.since > patience { return .source(error, outage.wait) }
        try await world.sleep(min(pause, left(of: outage)))
        return .again
    }

    // MARK: The second witness

    /// Asks the source for one key, until it answers or patience is over: one task for all who want to know.
    private func examine(after error: S3Error) async throws(CancellationError) -> Verdict {
        let seen = monitor.read { $0.examinationCount }
        let verdict: Verdict? = try await monitor.wait { state -> Verdict?? in
            if state.examinationCount > seen { return .some(state.verdict) }
            if state.isExamining { return nil }
            state.isExamining = true
            return .some(nil)
        }
        if let verdict { return verdict }
        do throws(CancellationError) {
            let verdict = try await probe(after: error)
            monitor.update { state in
                state.isExamining = false
                state.examinationCount += 1
                state.verdict = verdict
            }
            return verdict
        } catch {
            // Somebody else goes on, if there is anybody.
            monitor.update { $0.isExamining = false }
            throw error
        }
    }

    private func probe(after error: S3Error) async throws(CancellationError) -> Verdict {
        var delayCount = 0
        var hasWaited = false
        while true {
            let failure: S3Error
            do throws(S3Error) {
                try await service.probe()
                let isOver = monitor.update { state in
                    state.hasAnswered = true
                    return hasWaited && state.endOutage(ofObjects: false)
                }
                if isOver { onWait(nil) }
                return hasWaited ? .again : .object
            } catch {
                failure = error
            }
            if failure.code == .cancelled {
                if Task.isCancelled { throw CancellationError() }
                return .source(failure, nil)
            }
            // What only somebody can mend is told at once. So is a wrong host name or endpoint: before the first
            // answer, only what the service itself calls a failure of its own is waited out.
            guard failure.mayPass, failure.isOwnedByService || monitor.read({ $0.hasAnswered }) else {
                return .source(failure, nil)
            }
            let outage = begin(failure, isOfObjects: false)
            if world.now() - outage.since > patience { return .source(failure, outage.wait) }
            hasWaited = true
            try await world.sleep(min(backoff(delayCount), left(of: outage)))
            delayCount += 1
        }
    }

    /// The outage that goes on, or one that begins now.
    private func begin(_ error: S3Error, isOfObjects: Bool) -> Outage {
        let (now, date) = (world.now(), world.date())
        let (outage, isNew) = monitor.update { state in
            if let outage = state.outage { return (outage, false) }
            let since = state.lastAnswer ?? now
            let wait = SourceWait(
                source: source, since: date.addingTimeInterval((since - now) / .seconds(1)), reason: error.message)
            let outage = Outage(since: since, isOfObjects: isOfObjects, wait: wait)
            state.outage = outage
            return (outage, true)
        }
        if isNew { onWait(outage.wait) }
        return outage
    }

    /// The time until patience ends, and a little more.
    private func left(of outage: Outage) -> Duration {
        max(.zero, patience - (world.now() - outage.since)) + .milliseconds(10)
    }

    /// With full jitter, so that many machines that wait for one service don't come back at once.
    private func backoff(_ count: Int) -> Duration {
        let ceiling = min(Limits.outageDelayMax, Limits.outageDelayMin * (1 << min(count, 20)))
        let share = Double(world.random() >> 11) / Double(1 << 53)
        return Limits.outageDelayMin / 2 + (ceiling - Limits.outageDelayMin / 2) * share
    }

    /// Visits that the share remembers, about.
    private static let visitMemory = 32.0
    /// Below it, it is not single objects that fail.
    private static let shareMin = 0.25
    /// Failures after which the pause grows: those in flight come at once.
    private static let pausesPerStep = 64
}

/// A source that a run waits for, because it fails as a whole.
public struct SourceWait: Sendable, Hashable {
    /// The source's name.
    public var source: String
    /// When it last gave what it was asked for.
    public var since: Date
    /// What it answers instead.
    public var reason: String
}

extension S3Error {
    /// The service answers, but not with what it should: single objects may do that too.
    fileprivate var isOfService: Bool {
        switch code {
        case .throttled, .serviceFailure, .shortBody, .malformedAnswer, .other: true
        default: false
        }
    }

    /// Whether time may mend it: also what is not S3's answer at all, as of a proxy that fails.
    var mayPass: Bool {
        switch code {
        case .throttled, .serviceFailure, .shortBody, .malformedAnswer: true
        case .unreachable: transferCode != .certificate
        case .credentials: cause?.code.mayPass ?? false
        default: false
        }
    }

    /// Whether a service, S3 or STS, says that it is itself at fault.
    fileprivate var isOwnedByService: Bool {
        code == .throttled || cause?.code == .throttled || max(status ?? 0, cause?.status ?? 0) >= 500
    }
}
