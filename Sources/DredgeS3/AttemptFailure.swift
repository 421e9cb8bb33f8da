import DredgeAWS
import DredgeTransfer

/// Why one attempt gave nothing that can be used.
enum AttemptFailure: Error {
    /// The service refused or failed.
    case service(ServiceFault)
    /// No answer, or one that broke.
    case transfer(TransferError)
    /// The answer ended early, without an error of the transport.
    case shortBody
    /// The task was cancelled before it was sent.
    case cancelled
    /// The credentials ended while the request waited for memory or for the processor, and there are no others.
    case credentials(AWSError)
    /// An answer that isn't what was asked: guessing could give wrong bytes. What is malformed is asked again.
    case unusable(S3Error.Code, String, status: Int, requestID: String?)

    /// Without what the service repeats of the request's secrets, in whatever it says.
    func concealing(_ secrets: RequestSecrets) -> AttemptFailure {
        switch self {
        case .service(var fault):
            fault.code = secrets.without(fault.code)
            fault.message = secrets.without(fault.message, replacement: RequestSecrets.concealedMessage)
            fault.requestID = secrets.without(fault.requestID)
            fault.region = secrets.without(fault.region)
            fault.storageClass = secrets.without(fault.storageClass)
            fault.accessTier = secrets.without(fault.accessTier)
            fault.date = secrets.without(fault.date)
            return .service(fault)
        case .transfer(var error):
            if secrets.areRepeated(in: error.message) { error.message = RequestSecrets.concealedMessage }
            if let id = error.head?.requestID, secrets.areRepeated(in: id) { error.head = nil }
            return .transfer(error)
        case .unusable(let code, let said, let status, let requestID):
            return .unusable(
                code, secrets.areRepeated(in: said) ? RequestSecrets.concealedMessage : said, status: status,
                requestID: secrets.without(requestID))
        case .shortBody, .cancelled, .credentials: return self
        }
    }

    /// What can be done about it.
    var remedy: Remedy {
        switch self {
        case .service(let fault): fault.remedy
        case .transfer(let error):
            switch error.code {
            case .couldNotResolve, .couldNotConnect, .connectTimeout, .tls: .reconnect
            case .certificate: .verifyAgain
            // What is larger than it can be, or no HTTP, comes of a proxy or a service in trouble.
            case .noDescriptors, .stalled, .connectionLost, .bodyTooLarge, .malformedAnswer: .wait
            case .privateAddress, .cancelled, .shutDown, .other: .none
            }
        case .shortBody: .wait
        case .unusable(.malformedAnswer, _, _, _): .wait
        case .unusable, .cancelled, .credentials: .none
        }
    }
}

/// What may make the next attempt succeed.
enum Remedy: Equatable {
    /// Nothing.
    case none
    /// Time.
    case wait
    /// Time, and asking for less.
    case slowDown
    /// Time, if the endpoint exists at all.
    case reconnect
    /// Another look at the certificate: one connection may have met another host than all others do.
    case verifyAgain
    /// Other credentials.
    case refreshCredentials
    /// Another region; nil: the answer did not say which.
    case changeRegion(String?)
    /// A signature in the service's time.
    case correctClock
}

extension ServiceFault {
    /// By the code where there is one, else by the status.
    var remedy: Remedy {
        switch code {
        case "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
            "RequestThrottledException", "RequestLimitExceeded", "TooManyRequests", "TooManyRequestsException",
            "BandwidthLimitExceeded", "ServiceUnavailable", "KMS.ThrottlingException":
            return .slowDown
        case "InternalError", "RequestTimeout", "RequestTimeoutException", "OperationAborted",
            "ConditionalRequestConflict", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody":
            // Another write to the key was under way, or what was sent came otherwise than it went.
            return .wait
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken":
            return .refreshCredentials
        case "RequestTimeTooSkewed":
            return .correctClock
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            return .changeRegion(region)
        default:
            break
        }
        if isForeign { return .wait }
        switch status {
        case 301, 302, 307, 308:
            return .changeRegion(region)
        case 200..<300:
            // An error document after the head of a success.
            return .wait
        case 400 where code == nil && region != nil:
            // HEAD of a bucket of another region: no body, but the header.
            return .changeRegion(region)
        case 429, 503:
            // Without a code (HEAD, proxies) 503 may be either; easing off is right for both.
            return .slowDown
        case 408, 500, 502, 504:
            return .wait
        default:
            return .none
        }
    }

    /// Whether a multipart upload has to begin anew: another write to the key came between
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>), or the upload is gone. An
    /// attempt whose answer was lost may have completed it, or somebody has aborted it.
    var asksForNewUpload: Bool { code == "ConditionalRequestConflict" || code == "NoSuchUpload" }

    /// Which of the closed list it is.
    func errorCode(isObject: Bool) -> S3Error.Code {
        if isForeign { return .malformedAnswer }
        switch code {
        case "AccessDenied", "AllAccessDisabled", "AccountProblem": return .accessDenied
        case "NoSuchBucket": return .noSuchBucket
        case "NoSuchKey", "NoSuchVersion": return .noSuchKey
        case "PreconditionFailed", "ConditionalRequestConflict": return .preconditionFailed
        // The upload is gone, not the object.
        case "NoSuchUpload": return .other
        case "BadDigest", "XAmzContentSHA256Mismatch": return .checksumMismatch
        case "InvalidObjectState": return .archived
        case "InvalidRange": return .invalidRange
        case "MethodNotAllowed": return .methodNotAllowed
        case "InvalidAccessKeyId", "SignatureDoesNotMatch": return .invalidCredentials
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken": return .expiredCredentials
        case "RequestTimeTooSkewed": return .clockSkewed
        case "KeyTooLongError": return .keyTooLong
        case "InvalidPayer": return .requesterPays
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            return .wrongRegion
        case .some(let code) where code.hasPrefix("KMS."): return .kms
        default: break
        }
        if remedy == .slowDown { return .throttled }
        if remedy == .wait { return .serviceFailure }
        switch status {
        case 301, 302, 307, 308: return .wrongRegion
        case 400 where code == nil && region != nil: return .wrongRegion
        case 401, 403: return .accessDenied
        case 404: return isObject ? .noSuchKey : .noSuchBucket
        case 405: return .methodNotAllowed
        case 412: return .preconditionFailed
        case 416: return .invalidRange
        case 500...: return .serviceFailure
        default: return .other
        }
    }
}
