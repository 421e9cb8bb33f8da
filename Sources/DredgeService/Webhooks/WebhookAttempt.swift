internal import DredgeBase
internal import DredgeTransfer
internal import Foundation

/// What became of one attempt to deliver an event.
struct WebhookAttempt: Sendable {
    var time: Double
    var statusCode: Int?
    /// Why there was no answer, of a closed list; nil: there was one.
    var error: String?
    /// Seconds.
    var duration: Double
    /// Seconds that the receiver wants to be left alone; nil: it does not say.
    var retryAfter: Double?

    /// Only 2xx is success: a redirect is not followed.
    var isSuccess: Bool { error == nil && statusCode.map { 200..<300 ~= $0 } ?? false }
    /// Whether the receiver wants nothing more (RFC 9110, section 15.5.11).
    var isGone: Bool { statusCode == 410 }

    /// An attempt at `time` that came to an answer, or to an error. An answer that is too long to be read is one.
    init(at time: Double, duration: Double, _ result: Result<HTTPResponse, TransferError>) {
        self.time = time
        self.duration = duration
        switch result {
        case .success(let response): read(response, now: time)
        case .failure(let failure):
            if failure.code == .bodyTooLarge, let head = failure.head {
                read(head, now: time)
            } else {
                error = Self.word(failure.code)
            }
        }
    }

    private mutating func read(_ response: HTTPResponse, now: Double) {
        statusCode = response.status
        guard let text = response["Retry-After"] else { return }
        // A number that is too large for any type is a long wait too.
        retryAfter = text.allSatisfy(\.isASCII) && text.allSatisfy(\.isNumber) ? Double(text) ?? 0 : 0
        if let date = Timestamp.http(text) { retryAfter = max(0, date.timeIntervalSince1970 - now) }
    }

    private static func word(_ code: TransferError.Code) -> String {
        switch code {
        case .couldNotResolve: "could_not_resolve"
        case .couldNotConnect: "could_not_connect"
        case .tls, .certificate: "tls_failed"
        case .privateAddress: "private_address"
        case .connectTimeout, .stalled: "timed_out"
        case .connectionLost: "connection_lost"
        case .malformedAnswer, .bodyTooLarge: "malformed_answer"
        case .noDescriptors, .cancelled, .shutDown, .other: "not_sent"
        }
    }

    /// Seconds to the next attempt of a delivery after its n-th one, from 1; nil: that was the last.
    /// - Parameter jitter: from 0 to 1: receivers that fail under the load of many deliveries get them spread.
    static func delay(after count: Int, retryAfter: Double?, jitter: Double) -> Double? {
        let delays = ServiceLimits.webhookRetrySeconds
        guard (1...delays.count).contains(count) else { return nil }
        let wanted = min(retryAfter ?? 0, ServiceLimits.webhookRetryAfterSecondsMax)
        return max(delays[count - 1] * (1 + ServiceLimits.webhookJitterShare * jitter), wanted)
    }
}
