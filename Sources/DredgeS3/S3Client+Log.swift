import DredgeAWS
import DredgeTransfer
import Logging

extension S3Client {
    /// Tells that an attempt failed and is made again. `delay`: after which.
    func repeats(
        _ failure: AttemptFailure, of operation: Operation, attempt: Int, _ remedy: Remedy, delay: Duration = .zero
    ) {
        gate?.attemptRepeated()
        logger.debug(
            remedy == .slowDown ? "throttled, trying again" : "request failed, trying again",
            metadata: failure.metadata(of: operation, attempt: attempt, delay: delay))
    }
}

extension AttemptFailure {
    fileprivate func metadata(of operation: Operation, attempt: Int, delay: Duration) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "operation": "\(operation.action.name)", "attempt": .stringConvertible(attempt),
            "delay_ms": .stringConvertible(Int(delay / .milliseconds(1))),
        ]
        if let key = operation.key { metadata["key"] = "\(key)" }
        func note(status: Int?, requestID: String?) {
            if let status { metadata["status"] = .stringConvertible(status) }
            if let requestID { metadata["request"] = "\(requestID)" }
        }
        switch self {
        case .service(let fault):
            note(status: fault.status, requestID: fault.requestID)
            if let code = fault.code { metadata["code"] = "\(code)" }
            if let message = fault.message { metadata["reason"] = "\(message)" }
        case .transfer(let error):
            note(status: error.head?.status, requestID: error.head?.requestID)
            metadata["reason"] = "\(error.message)"
        case .unusable(_, let said, let status, let requestID):
            note(status: status, requestID: requestID)
            metadata["reason"] = "\(said)"
        case .shortBody: metadata["reason"] = "the answer ended before its announced end"
        case .credentials(let error): metadata["reason"] = "\(error.message)"
        case .cancelled: break
        }
        return metadata
    }
}

extension Operation.Action {
    /// As S3's API calls it.
    fileprivate var name: String {
        switch self {
        case .list: "ListObjectsV2"
        case .get: "GetObject"
        case .head: "HeadObject"
        case .headBucket: "HeadBucket"
        case .put: "PutObject"
        case .createUpload: "CreateMultipartUpload"
        case .uploadPart: "UploadPart"
        case .completeUpload: "CompleteMultipartUpload"
        case .abortUpload: "AbortMultipartUpload"
        }
    }
}
