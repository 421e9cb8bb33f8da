import DredgeBase
import Synchronization

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The time as a service has it: signatures and expirations are in its terms.
///
/// It is the machine's until an answer's `Date` header shows that the two are more than `AWSLimits.clockSkewMax` apart;
/// from then on it is the machine's corrected by the difference. One for each service that a source talks to: services
/// of different makers need not agree.
package final class ServiceClock: Sendable {
    private struct State {
        /// The service's time less the machine's, in seconds.
        var offset = 0.0
        /// The last header and what it says: it changes once a second, answers come in thousands.
        var header = ""
        var date: Date?
        /// When a correction was told last, by the sign of the offset.
        var toldAt: [Int: Date] = [:]

        mutating func isToBeTold(at now: Date) -> Bool {
            let direction = (offset > 0 ? 1 : 0) - (offset < 0 ? 1 : 0)
            if let last = toldAt[direction], abs(now.timeIntervalSince(last)) < AWSLimits.clockTellingInterval {
                return false
            }
            toldAt[direction] = now
            return true
        }
    }

    private let time: TimeSource
    private let onCorrection: @Sendable (_ secondsAhead: Double) -> Void
    private let state = Mutex(State())

    /// - Parameter onCorrection: told by how many seconds the machine's clock is ahead of the service's (below zero:
    ///   behind), when that is found to be too much, and with 0 when it no longer is: of each once an hour at the most,
    ///   since of several servers behind one address one may have another time.
    package init(
        _ time: TimeSource = .system, onCorrection: @escaping @Sendable (_ secondsAhead: Double) -> Void = { _ in }
    ) {
        self.time = time
        self.onCorrection = onCorrection
    }

    /// The service's time, as far as is known.
    package var now: Date { machineTime.addingTimeInterval(offset) }

    /// What this machine takes for the time.
    package var machineTime: Date { time.now() }

    /// What is added to the machine's time, in seconds; 0 until an answer showed a difference that matters.
    package var offset: Double { state.withLock { $0.offset } }

    /// Whether an answer has told the service's time.
    package var isKnown: Bool { state.withLock { $0.date != nil } }

    /// Learns from an answer. Its `Date` lies somewhere between the request and now: only what is outside of that tells
    /// of a wrong clock, so that a slow answer doesn't. A header is parsed once, however many answers repeat it.
    /// - Parameters:
    ///   - header: the answer's `Date`; nothing is learnt from one that is no date.
    ///   - sentAt: `machineTime` before the request was sent.
    package func observe(_ header: String?, sentAt: Date) {
        guard let header else { return }
        let now = machineTime
        let corrected = state.withLock { state -> Double? in
            if state.header != header {
                state.header = header
                state.date = Timestamp.http(header)
            }
            guard let date = state.date else { return nil }
            // The header has whole seconds, cut off.
            let least = date.timeIntervalSince(now)
            let most = max(least, date.addingTimeInterval(1).timeIntervalSince(sentAt))
            let accepted = (least - AWSLimits.clockSkewMax)...(most + AWSLimits.clockSkewMax)
            guard !accepted.contains(state.offset) else { return nil }
            // Back to none where the machine's clock was set right meanwhile.
            state.offset = accepted.contains(0) ? 0 : (least + most) / 2
            return state.isToBeTold(at: now) ? state.offset : nil
        }
        if let corrected { onCorrection(-corrected) }
    }

    /// Waits. Throws when the task is cancelled.
    package func sleep(_ duration: Duration) async throws { try await time.sleep(duration) }

    /// A number out of the range, all alike.
    package func random(_ range: ClosedRange<Double>) -> Double { time.random(range) }
}
