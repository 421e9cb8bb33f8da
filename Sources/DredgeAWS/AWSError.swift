package import DredgeTransfer

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Why there is nothing to sign with, or why a service refused to give it.
///
/// Built from an allow-list: no request, no header, no secret is ever part of it. Its `description` is one paragraph
/// for a person.
public struct AWSError: Error, Sendable, Hashable {
    /// What happened.
    public enum Code: String, Sendable, CaseIterable {
        /// No provider of the chain has credentials.
        case noCredentials
        /// A profile was named that no file has.
        case profileNotFound
        /// A config or credentials file can't be read as one.
        case malformedConfigFile
        /// A profile or the environment asks for a provider that isn't supported.
        case unsupportedConfig
        /// The service denied the call.
        case accessDenied
        /// The credentials that signed are out of date.
        case expiredBaseCredentials
        /// The service doesn't know the access key that signed.
        case unknownBaseCredentials
        /// The secret doesn't belong to the access key.
        case wrongSecretKey
        /// The signature doesn't fit, though a service made the keys, or took them before: what was signed came
        /// otherwise than it was sent.
        case signatureRefused
        /// A parameter is not what the service takes.
        case invalidParameter
        /// STS isn't activated in the region.
        case regionDisabled
        /// Too many calls, also after all retries.
        case throttled
        /// This machine's clock and the service's are too far apart.
        case clockSkewed
        /// No answer from the endpoint.
        case unreachable
        /// The service failed, also after all retries, or in a way not known here.
        case serviceFailure
        /// An answer that can't be understood.
        case malformedAnswer
        /// The task was cancelled, or the session closed.
        case cancelled
    }

    /// What happened.
    public var code: Code
    /// What was done, for example `assume role arn:… (hop 1 of 2)`.
    public var step: String
    /// The service's own code, for example `AccessDenied`.
    public var serviceCode: String?
    /// The HTTP status.
    public var status: Int?
    /// What AWS support asks for.
    public var requestID: String?
    /// What went wrong: the service's own words where it gave any.
    public var message: String
    /// What to do next, a sentence or two.
    public var advice: String
    /// Why the last request got no answer; nil: it got one, or none was sent.
    package var transferCode: TransferError.Code?
    /// Where no provider of the chain has credentials: each of them, in the order in which they were asked. `message`
    /// has it in words.
    public var providers: [ProviderReason] = []

    /// An error with all its parts.
    public init(
        code: Code, step: String, serviceCode: String? = nil, status: Int? = nil, requestID: String? = nil,
        message: String,
        advice: String
    ) {
        self.code = code
        self.step = step
        self.serviceCode = serviceCode
        self.status = status
        self.requestID = requestID
        self.message = message
        self.advice = advice
    }
}

/// Why a provider of base credentials did not answer.
public struct ProviderReason: Sendable, Hashable {
    /// For example `EC2 instance metadata`.
    public var provider: String
    /// For example `AWS_EC2_METADATA_DISABLED is set`.
    public var reason: String
    /// What to do about it, where something has to be done; nil: it isn't there, as on most machines.
    public var advice: String?
}

extension ProviderReason: CustomStringConvertible {
    /// `provider: reason`
    public var description: String { "\(provider): \(reason)" }
}

extension AWSError {
    /// What to do about a failure that is the service's own.
    package static let ownFailureAdvice =
        "This is the service's own failure: nothing of yours is to be changed. Try again later; if it goes on, give "
        + "the request ID to the service's support."

    /// Whether the service itself is at fault.
    package var isOwnFailure: Bool { code == .serviceFailure && (status ?? 0) >= 500 }
}

extension AWSError: LocalizedError, CustomStringConvertible {
    /// The same as `description`.
    public var errorDescription: String? { description }

    /// One paragraph: step, what the service said, what to do.
    public var description: String {
        var answer: [String] = []
        if let serviceCode { answer.append(serviceCode) }
        if let status { answer.append("HTTP \(status)") }
        if let requestID { answer.append("request \(requestID)") }
        let service = answer.isEmpty ? "" : " (\(answer.joined(separator: ", ")))"
        return "could not \(step): \(message)\(service). \(advice)"
    }
}
