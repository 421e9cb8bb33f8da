import DredgeAWS
import DredgeBase
import DredgeLedger
import DredgeS3

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What ended a run, or kept it from starting: it concerns a source as a whole, the store or this machine, not one
/// object.
public struct RunError: Error, Sendable {
    /// The closed list of causes.
    public enum Code: String, Sendable {
        /// A source or a limit can't be used as it is.
        case invalidSource
        /// No session, or none that the service accepts.
        case credentials
        /// The service refuses the whole source.
        case accessDenied
        /// A role can be assumed without its external ID, and the source requires one.
        case overTrust
        /// There is no such bucket.
        case noSuchBucket
        /// No answer from the endpoint.
        case unreachable
        /// The service answered with something else.
        case service
        /// The store can't be written.
        case store
        /// This machine gave out (threads, descriptors).
        case machine
    }

    /// Which cause.
    public var code: Code
    /// The source's name; nil: it concerns all of them.
    public var source: String?
    /// What was being done.
    public var step: String
    /// The S3 or STS error code.
    public var serviceCode: String?
    /// The HTTP status.
    public var status: Int?
    /// The service's id of the request.
    public var requestID: String?
    /// What happened.
    public var message: String
    /// What to do next.
    public var advice: String
    /// Other sources of the same run that failed too.
    public var others: [RunError] = []
    /// What was done all the same; nil: the run did not begin, or the store could not say.
    public var report: RunReport?
}

extension RunError: LocalizedError, CustomStringConvertible {
    /// What the command says: a line for this error, and one for each of `others`. A line has the source, the step,
    /// what happened, what the service said, and what to do next.
    public var description: String { ([self] + others).map(\.line).joined(separator: "\n") }

    /// The same as `description`.
    public var errorDescription: String? { description }

    private var line: String {
        let place = source.map { "source \"\(printable($0.utf8, scalarCountMax: 80))\": " } ?? ""
        var service: [String] = []
        if let serviceCode { service.append("code \(serviceCode)") }
        if let status { service.append("HTTP \(status)") }
        if let requestID { service.append("request \(requestID)") }
        let said = service.isEmpty ? "" : " (\(service.joined(separator: ", ")))"
        let sentence = message.closed
        let body = said.isEmpty ? sentence : sentence.dropLast() + said + "."
        // Steps begin with a verb in the imperative: `assume role …`, `list the bucket`.
        let text = "\(place)could not \(step.isEmpty ? "go on" : step): \(body) \(advice.closed)"
        // What others wrote may hold line breaks, and turns of the text.
        return printable(text.utf8)
    }
}

extension RunError {
    init(_ error: AWSError, source: String) {
        let code: Code =
            error.code == .unreachable ? .unreachable : error.code == .accessDenied ? .accessDenied : .credentials
        self.init(
            code: code, source: source, step: error.step, serviceCode: error.serviceCode, status: error.status,
            requestID: error.requestID, message: error.message, advice: error.advice)
    }

    init(_ error: S3Error, source: String, step: String) {
        if let cause = error.cause {
            self.init(cause, source: source)
            return
        }
        let code: Code =
            switch error.code {
            case .accessDenied, .requesterPays, .kms: .accessDenied
            case .noSuchBucket: .noSuchBucket
            case .unreachable: .unreachable
            case .machine: .machine
            case .invalidCredentials, .expiredCredentials, .credentials, .clockSkewed: .credentials
            default: .service
            }
        self.init(
            code: code, source: source, step: step, serviceCode: error.serviceCode, status: error.status,
            requestID: error.requestID, message: error.message, advice: error.advice)
    }

    /// The source was waited for, in vain.
    mutating func explain(_ wait: SourceWait, patience: Duration) {
        let seconds = patience.components.seconds
        message =
            "No answer of use since \(Timestamp.iso8601(wait.since)), for longer than the outage patience of "
            + "\(seconds) s. The last one: \(message)"
        advice = "Run again when the service is well: the run goes on where it was. \(advice)"
    }

    /// A plan was given up by who asked for it.
    static var cancelled: RunError {
        RunError(
            code: .service, step: "list the sources", message: "The task was cancelled.", advice: "Nothing is wrong.")
    }

    /// The check of the first promise: whatever went wrong, a run never calls itself complete with objects that nobody
    /// dealt with.
    static func forgotten(_ objectCount: Int) -> RunError {
        RunError(
            code: .machine, step: "close the run",
            message: "\(objectCount) objects of the listing were not dealt with.",
            advice: "This is a fault of dredge: please report it. The next run reads them.")
    }

    init(_ error: StoreError) {
        self.init(code: .store, step: "write to the store \(error.path)", message: error.message, advice: error.advice)
    }
}
