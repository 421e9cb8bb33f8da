import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An answer of STS that is not a session: what it says, whether to try again, and what to tell a person.
struct STSProblem {
    let status: Int
    let serviceCode: String?
    let message: String?
    let requestID: String?
    /// The service's clock.
    let date: Date?

    /// Without what the service repeats of `secrets`.
    init(_ answer: CredentialAnswer, concealing secrets: RequestSecrets) {
        status = answer.status
        date = answer.date.flatMap(Timestamp.http)
        var limits = XMLReader.Limits()
        limits.byteCountMax = AWSLimits.stsAnswerByteCountMax
        let document = try? XMLReader.tree(of: answer.body, limits: limits)
        let error = document?.first("Error")
        serviceCode = secrets.without((error?["Code"]?.text).flatMap { $0.isEmpty ? nil : $0.printable })
        message = secrets.without(
            Self.beginning(error?["Message"]?.text), replacement: RequestSecrets.concealedMessage)
        requestID = secrets.without((document?.first("RequestId")?.text ?? answer.requestID)?.printable)
    }

    /// Codes of the AWS SDKs' retry behaviour ("Retry behavior", AWS SDKs and Tools Reference Guide) that STS knows.
    var isThrottled: Bool {
        [
            "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
            "TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete",
        ].contains(serviceCode) || status == 429
    }

    /// Failures that pass by themselves.
    var isTransient: Bool {
        [500, 502, 503, 504].contains(status)
            || ["RequestTimeout", "RequestTimeoutException", "InternalFailure", "IDPCommunicationError"].contains(
                serviceCode)
    }

    static let clockAdvice = "Set this machine's clock by NTP; AWS accepts signatures within 5 minutes of its own time."

    /// The error for a person. `credentials` are those that signed, `now` is by this machine's clock.
    func error(for call: STSCall, credentials: Credentials?, now: Date) -> AWSError {
        let skew = date.map { now.timeIntervalSince($0) } ?? 0
        let (code, advice) =
            webIdentityExplanation(call) ?? explanation(for: call, credentials: credentials, skew: skew)
        var said = message ?? "the service answered with status \(status)"
        if code == .clockSkewed, abs(skew) > 0 {
            said += " This machine's clock is \(Int(abs(skew))) s \(skew > 0 ? "ahead of" : "behind") the service's."
        }
        return AWSError(
            code: code, step: call.step, serviceCode: serviceCode, status: status, requestID: requestID, message: said,
            advice: advice)
    }

    private func explanation(for call: STSCall, credentials: Credentials?, skew: Double) -> (AWSError.Code, String) {
        let signer = call.isFirstHop ? "access key \(credentials?.shortID ?? "…")" : "the session of the hop before"
        switch serviceCode {
        case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestExpired",
            "RequestTimeTooSkewed":
            if abs(skew) > AWSLimits.clockSkewMax { return (.clockSkewed, Self.clockAdvice) }
            if credentials?.isProven == true { return (.signatureRefused, SignatureRefusal.changedAdvice) }
            return (
                .wrongSecretKey,
                SignatureRefusal.secretAdvice(signer: signer, isTemporary: credentials?.isTemporary == true)
            )
        case "ExpiredToken", "ExpiredTokenException":
            return (
                .expiredBaseCredentials,
                "The session of \(signer) has ended. Get new base credentials (log in again) and start again."
            )
        case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
            return (
                .unknownBaseCredentials,
                "AWS doesn't know \(signer): it was deleted or deactivated, belongs to another partition, "
                    + (credentials?.isTemporary == true
                        ? "or its session token isn't the one that was given with it."
                        : "or it is a temporary one (ASIA…) whose session token is missing.")
            )
        case "AccessDenied", "AccessDeniedException":
            return (.accessDenied, RoleRefusal.advice(call.hop, signer: signer, denial: Denial(message ?? "")))
        case "RegionDisabledException":
            return (
                .regionDisabled,
                "STS isn't activated in \(call.endpoint.region) for that account. Activate it in the IAM console under "
                    + "Account settings, or name another region for this role."
            )
        case "ValidationError", "ValidationException":
            return (.invalidParameter, validationAdvice(call))
        case "PackedPolicyTooLarge", "PackedPolicyTooLargeException":
            return (
                .invalidParameter,
                "Shorten the session policy, or give fewer and shorter session tags; packed together they "
                    + "are too large."
            )
        case "MalformedPolicyDocument", "MalformedPolicyDocumentException":
            return (
                .invalidParameter,
                "The session policy isn't a valid IAM policy. Check it with the IAM console's policy editor."
            )
        default:
            if isThrottled { return (.throttled, "Wait a little, or assume fewer roles at once.") }
            return (
                .serviceFailure,
                isTransient || status >= 500
                    ? AWSError.ownFailureAdvice
                    : "Is \(RequestURL(call.endpoint.url).host) an STS endpoint? Give the request ID to its operator."
            )
        }
    }

    private func validationAdvice(_ call: STSCall) -> String {
        guard call.hop.duration != nil else { return "Check the role ARN, the session name and the external ID." }
        return
            "Check the duration: it can't exceed the role's own maximum (MaxSessionDuration), nor one hour where a "
            + "role's session "
            + "signs the call. Leave it away for one hour."
    }

    /// The first paragraph of what the service says: a refused signature is followed by the canonical request, which
    /// holds the session token.
    private static func beginning(_ message: String?) -> String? {
        guard let first = message?.split(whereSeparator: \.isNewline).first, !first.isEmpty else { return nil }
        return String(
            String.UnicodeScalarView(
                first.unicodeScalars.prefix(AWSLimits.messageCharacterCountMax).filter { !$0.isControl }))
    }

    /// No answer at all.
    static func unreachable(_ error: TransferError, call: STSCall) -> AWSError {
        if error.code == .cancelled { return .cancelled(call.step) }
        var failure = AWSError(
            code: .unreachable, step: call.step, message: "no answer from \(error.authority): \(error.message)",
            advice: error.isOfProxy
                ? TransferError.proxyAdvice
                : "Check that this machine can reach \(error.authority) (name, port, proxy, firewall, VPC endpoint), "
                    + "and the STS endpoint and region if you named any."
                    + (call.endpoint.url.hasPrefix("https://sts-fips.")
                        ? " Not every region has a FIPS endpoint: where there is none, set use_fips: false." : ""))
        failure.transferCode = error.code
        return failure
    }
}

extension Credentials {
    /// `AKIA…1234`
    package var shortID: String {
        accessKeyID.utf8.count >= 16 ? "\(accessKeyID.prefix(4))…\(accessKeyID.suffix(4))".printable : "…"
    }
}
