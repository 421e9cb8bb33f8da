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
/// fault of the object. Where nearly all objects fail with what time may mend, one that could be read before is asked
/// for a byte: when it comes, the others are at fault.
///
/// **Patience.** While the witness fails with what time may mend (no connection, no name, 5xx, a proxy's page), who
/// met the failure waits here, and one of them asks the witness now and then. Who waits holds nothing: neither memory
/// nor a place. No read is begun meanwhile (`admission`). After `Limits.outagePatience` the source is given up.
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
        /// Reads that were begun while nearly all objects failed, since one of them was read.
        var pauseCount = 0
        /// An object that was read; nil: none was by this run.
        var readKey: ObjectKey?
        var outage: Outage?
        var isGivenUp = false
        /// Of the source, and of its objects.
        var examinations = [false: Examination(), true: Examination()]

        /// Whether an outage of this kind is over now.
        mutating func endOutage(ofObjects: Bool) -> Bool {
            guard let outage, outage.isOfObjects == ofObjects else { return false }
            self.outage = nil
            return true
        }
    }

    /// The question to a witness, which one task asks for all who want to know.
    private struct Examination: Sendable {
        var isUnderWay = false
        var count = 0
        /// What the last one came to.
        var verdict = Verdict.object
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
    /// The key of an object that an earlier run stored; nil: none did.
    private let storedKey: @Sendable () async -> ObjectKey?
    /// For a witness's byte.
    private let pool = BufferPool(byteLimit: 1 << 16)
    private let monitor = Monitor(State(), order: .any)

    /// - Parameters:
    ///   - source: the source's name.
    ///   - onWait: called when the source begins to be waited for, and with nil when that is over.
    ///   - storedKey: the key of an object that an earlier run stored.
    init(
        _ service: any ObjectService, of source: String, in world: any World, patience: Duration,
        onWait: @escaping @Sendable (SourceWait?) -> Void,
        storedKey: @escaping @Sendable () async -> ObjectKey?
    ) {
        self.service = service
        self.source = source
        self.world = world
        self.patience = patience
        self.onWait = onWait
        self.storedKey = storedKey
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
    func read(_ key: ObjectKey) {
        let now = world.now()
        let isOver = monitor.update { state in
            state.hasAnswered = true
            state.lastAnswer = now
            state.pauseCount = 0
            state.readKey = key
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

    /// What `error`, which ended all attempts of a request, means. Waits while the source is at fault: hold nothing.
    func judge(_ error: S3Error) async throws(CancellationError) -> Verdict {
        guard error.isFatalForSource || error.isOfService else { return .object }
        guard error.isOfService, error.key != nil else { return try await examine(after: error, ofObjects: false) }
        // Single objects may fail; nearly all of them don't by themselves.
        guard monitor.read({ $0.share < Self.shareMin }) else { return .object }
        return try await examine(after: error, ofObjects: true)
    }

    /// Waits before something is tried the `count`-th time although the source is well.
    func pause(_ count: Int) async throws(CancellationError) { try await world.sleep(backoff(count)) }

    /// Returns when a read may begin: not while the source fails, and only now and then while nearly all of its objects
    /// do. Returns also when the source was given up.
    func admission() async throws(CancellationError) {
        if monitor.read({ $0.outage == nil }) { return }
        let pause = try await monitor.wait { state -> Duration?? in
            guard let outage = state.outage, !state.isGivenUp else { return .some(nil) }
            guard outage.isOfObjects else { return nil }
            // Patience is over: each object has its turn, and fails if it does.
            if self.world.now() - outage.since > self.patience { return .some(nil) }
            state.pauseCount += 1
            return .some(self.backoff(state.pauseCount / Self.pausesPerStep))
        }
        if let pause { try await world.sleep(pause) }
    }

    // MARK: The second witness

    /// Asks the witness until it answers or patience is over: one task for all who want to know.
    private func examine(after error: S3Error, ofObjects: Bool) async throws(CancellationError) -> Verdict {
        let seen = monitor.read { $0.examinations[ofObjects]!.count }
        let verdict: Verdict? = try await monitor.wait { state -> Verdict?? in
            let examination = state.examinations[ofObjects]!
            if examination.count > seen { return .some(examination.verdict) }
            if examination.isUnderWay { return nil }
            state.examinations[ofObjects]!.isUnderWay = true
            return .some(nil)
        }
        if let verdict { return verdict }
        do throws(CancellationError) {
            let verdict = try await probe(after: error, ofObjects: ofObjects)
            monitor.update { state in
                state.examinations[ofObjects]!.isUnderWay = false
                state.examinations[ofObjects]!.count += 1
                state.examinations[ofObjects]!.verdict = verdict
                if case .source = verdict { state.isGivenUp = true }
            }
            return verdict
        } catch {
            // Somebody else goes on, if there is anybody.
            monitor.update { $0.examinations[ofObjects]!.isUnderWay = false }
            throw error
        }
    }

    private func probe(after error: S3Error, ofObjects: Bool) async throws(CancellationError) -> Verdict {
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
                if ofObjects, try await !isWitnessRead() { return verdict(after: error) }
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
            let outage = begin(failure, isOfObjects: ofObjects && failure.key != nil)
            if world.now() - outage.since > patience { return .source(failure, outage.wait) }
            hasWaited = true
            try await world.sleep(min(backoff(delayCount), left(of: outage)))
            delayCount += 1
        }
    }

    // MARK: Nearly all objects fail

    /// Asks for a byte of an object that could be read before; false: there is none. Throws where it fails as the
    /// others do.
    private func isWitnessRead() async throws(S3Error) -> Bool {
        var key = monitor.read { $0.readKey }
        if key == nil { key = await storedKey() }
        guard let key, let byte = pool.bufferIfFree(byteCount: 1) else { return false }
        do throws(S3Error) {
            _ = try await service.get(key, range: 0..<1, ifMatch: ETag(""), into: byte)
        } catch {
            if error.isOfService || error.code == .unreachable || error.code == .cancelled { throw error }
            // It is gone, or refused for a reason of its own: no witness.
            monitor.update { if $0.readKey == key { $0.readKey = nil } }
            return false
        }
        let isOver = monitor.update { state in
            // What fails from now on is to be told from what failed before.
            state.share = 1
            return state.endOutage(ofObjects: true)
        }
        if isOver { onWait(nil) }
        return true
    }

    /// What a failure means while no object of the source could be read yet, though it lists: others are tried first.
    private func verdict(after error: S3Error) -> Verdict {
        let outage = begin(error, isOfObjects: true)
        return world.now() - outage.since > patience ? .object : .again
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
    /// Reads that are begun in an outage of objects until the pause between two of them grows.
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
    package var mayPass: Bool {
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
