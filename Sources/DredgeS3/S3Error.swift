public import DredgeAWS
import DredgeBase
package import DredgeTransfer

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Why a request to S3 did not give what was asked, where, and what to do about it.
///
/// Built from an allow-list of what the service said (status, code, message, request ID), never from the raw body or
/// headers.
public struct S3Error: Error, Sendable {
    /// The closed list of what can be wrong.
    public enum Code: String, Sendable, CaseIterable {
        /// Refused by a policy. Also a missing key, when the caller may not list the bucket.
        case accessDenied
        /// There is no bucket of that name.
        case noSuchBucket
        /// The object (or its version) is gone, or never was.
        case noSuchKey
        /// `If-Match` failed: the object is no longer the version that was asked for. Of a write: its `WriteCondition`
        /// does not hold, or other writes to the key came between each time.
        case preconditionFailed
        /// In an archive storage class, not restored.
        case archived
        /// The object has no such bytes.
        case invalidRange
        /// The bucket is in another region, and the service did not say in which, or said so twice.
        case wrongRegion
        /// The service does not allow this on that resource, for example GET of a delete marker.
        case methodNotAllowed
        /// Unknown access key, or a signature that the service does not accept.
        case invalidCredentials
        /// A signature that the service does not accept, of keys that it made, or took before: what was signed came
        /// otherwise than it was sent.
        case signatureRefused
        /// The session token is over or unknown, also after a refresh.
        case expiredCredentials
        /// This machine's clock is more than 15 minutes off the service's.
        case clockSkewed
        /// The object's KMS key is disabled, gone, or refuses.
        case kms
        /// Longer than the service allows.
        case keyTooLong
        /// The bucket wants the requester to pay.
        case requesterPays
        /// Too fast for the service, also after all retries.
        case throttled
        /// The service failed on its side, also after all retries.
        case serviceFailure
        /// No connection to the endpoint.
        case unreachable
        /// This machine has no descriptor left for a connection, or a file of it can't be read or written.
        case machine
        /// The body broke off again and again.
        case shortBody
        /// The service answered with something that isn't an answer to what was asked.
        case malformedAnswer
        /// The bytes don't have the checksum that the service keeps of the object; of a write, what came to the service
        /// is not what was sent.
        case checksumMismatch
        /// There was nothing to sign with: see `cause`.
        case credentials
        /// The task was cancelled, or the transfer loop shut down.
        case cancelled
        /// Anything else: `serviceCode` and `message` tell.
        case other
    }

    /// What is wrong.
    public var code: Code
    /// The bucket asked.
    public var bucket: String
    /// The object asked. nil for what concerns the bucket: listings, settings.
    public var key: ObjectKey?
    /// The bytes asked, from the start of the object.
    public var range: Range<UInt64>?
    /// How often the request was sent.
    public var attemptCount: Int
    /// Status of the last answer. nil when there was none.
    public var status: Int?
    /// The service's own code, for example `SlowDown`.
    public var serviceCode: String?
    /// For a support case with the service.
    public var requestID: String?
    /// The service's own words about `serviceCode`.
    public var serviceMessage: String?
    /// Where the bucket is, as the answer says.
    public var bucketRegion: String?
    /// The service's clock.
    public var serviceDate: Date?
    /// What happened, one sentence or two, without a line break.
    public var message: String
    /// What to do next, a sentence or two.
    public var advice: String
    /// Why the last request got no answer; nil: it got one, or none was sent.
    package var transferCode: TransferError.Code?
    /// Set when `code` is `.credentials`: why there was nothing to sign with.
    public var cause: AWSError?

    /// True for what speaks of the whole source (bucket, credentials, endpoint), not of one object. A single key may be
    /// answered so all the same: only when another request agrees would every further one fail in the same way.
    public var isFatalForSource: Bool {
        switch code {
        case .noSuchBucket, .wrongRegion, .invalidCredentials, .signatureRefused, .expiredCredentials, .clockSkewed,
            .requesterPays,
            .unreachable, .machine, .credentials:
            true
        case .cancelled:
            false
        case .accessDenied:
            key == nil || serviceCode == "AllAccessDisabled"
        case .noSuchKey, .preconditionFailed, .archived, .invalidRange, .methodNotAllowed, .kms, .keyTooLong,
            .throttled,
            .serviceFailure, .shortBody, .malformedAnswer, .checksumMismatch, .other:
            // Without its listing there is no source.
            key == nil
        }
    }

    /// Whether the service itself is at fault, and not asked for too much.
    package var isOwnFailure: Bool {
        code == .serviceFailure && (status ?? 0) >= 500
            || code == .throttled && (status ?? 0) >= 500 && serviceCode != "SlowDown"
    }

    /// An error made by hand.
    public init(
        code: Code, bucket: String, key: ObjectKey? = nil, range: Range<UInt64>? = nil, attemptCount: Int = 1,
        status: Int? = nil, serviceCode: String? = nil, requestID: String? = nil, message: String, advice: String,
        cause: AWSError? = nil
    ) {
        self.code = code
        self.bucket = bucket
        self.key = key
        self.range = range
        self.attemptCount = attemptCount
        self.status = status
        self.serviceCode = serviceCode
        self.requestID = requestID
        self.message = message
        self.advice = advice
        self.cause = cause
    }

    /// The bytes of an object don't have the checksum that the service keeps of it.
    package static func checksumMismatch(bucket: String, key: ObjectKey, _ checksum: ObjectChecksum) -> S3Error {
        S3Error(
            code: .checksumMismatch, bucket: bucket, key: key,
            message: "the bytes that came don't have the \(checksum.algorithm.rawValue) that the service keeps of the "
                + "object",
            advice: Advice.checksumMismatch)
    }
}

extension S3Error.Code {
    /// For a person, who need not know the codes.
    package var words: String {
        switch self {
        case .accessDenied: "access denied"
        case .noSuchBucket: "no such bucket"
        case .noSuchKey: "no such key"
        case .preconditionFailed: "written meanwhile"
        case .archived: "archived"
        case .invalidRange: "shorter than listed"
        case .wrongRegion: "another region"
        case .methodNotAllowed: "method not allowed"
        case .invalidCredentials: "credentials not accepted"
        case .signatureRefused: "signature not accepted"
        case .expiredCredentials: "credentials expired"
        case .clockSkewed: "wrong clock"
        case .kms: "encryption key"
        case .keyTooLong: "key too long"
        case .requesterPays: "requester pays"
        case .throttled: "throttled"
        case .serviceFailure: "failure of the service"
        case .unreachable: "unreachable"
        case .machine: "limit of this machine"
        case .shortBody: "answer broken off"
        case .malformedAnswer: "answer not understood"
        case .checksumMismatch: "wrong checksum"
        case .credentials: "no credentials"
        case .cancelled: "cancelled"
        case .other: "refused"
        }
    }
}

extension S3Error: LocalizedError, CustomStringConvertible {
    /// The same as `description`.
    public var errorDescription: String? { description }

    /// One paragraph: where, what, what the service said, what to do.
    public var description: String {
        var place = "s3://\(printable(bucket.utf8))"
        if let key { place += "/\(key)" }
        if let range { place += " bytes \(range.lowerBound)..<\(range.upperBound)" }
        var facts: [String] = []
        if let serviceCode { facts.append(serviceCode) }
        if let status { facts.append("HTTP \(status)") }
        if let requestID { facts.append("request ID \(requestID)") }
        if attemptCount > 1 { facts.append("\(attemptCount) attempts") }
        let told = facts.isEmpty ? "" : " (\(facts.joined(separator: ", ")))"
        return "\(place): \(message)\(told). \(advice)"
    }
}
