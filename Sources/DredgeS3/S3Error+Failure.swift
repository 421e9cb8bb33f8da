import DredgeAWS
import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension S3Error {
    /// What is known beside the failure itself.
    struct Context {
        var attemptCount: Int
        var target: BucketTarget
        var limits: S3Limits
        var now: Date
        /// Whether the request was signed, or anonymous.
        var isSigned: Bool
        /// Whether that was with a session's credentials, which a service had made.
        var isOfSession = false
        /// Whether its keys are known to be right.
        var isProven = false
        /// Whether the session of a role that the source names signed.
        var isReadByRole = false
        /// The account that was told to S3 as the bucket's owner.
        var expectedBucketOwner: String?
        /// Whether the request agreed to pay.
        var requestPayer = false
    }

    static func cancelled(_ operation: Operation, attemptCount: Int) -> S3Error {
        S3Error(
            code: .cancelled, bucket: operation.bucket, key: operation.key, range: operation.range,
            attemptCount: attemptCount, message: "\(operation.words) was cancelled",
            advice: Advice.cancelled(operation))
    }

    /// There was nothing to sign with.
    static func credentials(_ error: AWSError, _ operation: Operation, attemptCount: Int) -> S3Error {
        guard error.code != .cancelled else { return .cancelled(operation, attemptCount: attemptCount) }
        return S3Error(
            code: .credentials, bucket: operation.bucket, key: operation.key, range: operation.range,
            attemptCount: attemptCount, status: error.status, serviceCode: error.serviceCode,
            requestID: error.requestID, message: "no credentials: \(error.step): \(error.message)",
            advice: error.advice, cause: error)
    }

    /// The error of a request whose last attempt ended with `failure`.
    init(_ failure: AttemptFailure, _ operation: Operation, context: Context) {
        self.init(
            code: .other, bucket: operation.bucket, key: operation.key, range: operation.range,
            attemptCount: context.attemptCount, message: "", advice: "")
        switch failure {
        case .service(let fault):
            code = fault.errorCode(isObject: operation.key != nil)
            if code == .invalidCredentials, fault.code == "SignatureDoesNotMatch", context.isProven {
                code = .signatureRefused
            }
            status = fault.status
            serviceCode = fault.code
            requestID = fault.requestID
            bucketRegion = fault.region
            serviceMessage = fault.message
            serviceDate = fault.date.flatMap(Timestamp.http)
            message = "\(operation.words) was refused: \(fault.code ?? "HTTP \(fault.status)")"
            if let said = fault.message { message += ", \"\(said)\"" }
            advice = Advice(operation: operation, context: context).text(for: code, fault: fault)
        case .transfer(let error):
            transferCode = error.code
            code = Self.code(error, hasBytes: error.head != nil)
            status = error.head?.status
            requestID = error.head?.requestID
            serviceDate = error.head?["date"].flatMap(Timestamp.http)
            message =
                "\(operation.words) at \(printable(error.authority.utf8)) failed: "
                + "\(printable(error.message.utf8, scalarCountMax: context.limits.messageCharacterCountMax))"
            advice = Advice(operation: operation, context: context).text(for: code, transfer: error)
        case .cancelled:
            self = .cancelled(operation, attemptCount: context.attemptCount)
        case .credentials(let error):
            self = .credentials(error, operation, attemptCount: context.attemptCount)
        case .shortBody:
            code = .shortBody
            message = "\(operation.words): the answer ended before its announced end"
            advice = Advice(operation: operation, context: context).text(for: code)
        case .unusable(let code, let said, let status, let requestID):
            self.code = code
            self.status = status
            self.requestID = requestID
            message = "\(operation.words): \(said)"
            advice = Advice(operation: operation, context: context).text(for: code)
        }
    }

    private static func code(_ error: TransferError, hasBytes: Bool) -> Code {
        switch error.code {
        case .couldNotResolve, .couldNotConnect, .tls, .certificate, .connectTimeout, .privateAddress: .unreachable
        case .noDescriptors: .machine
        case .stalled, .connectionLost: hasBytes ? .shortBody : .serviceFailure
        case .bodyTooLarge, .malformedAnswer: .malformedAnswer
        case .cancelled, .shutDown: .cancelled
        case .other: .other
        }
    }
}

extension Operation {
    /// `listing the bucket under "2025/"`
    var words: String {
        switch action {
        case .list(let prefix):
            prefix.bytes.isEmpty
                ? "listing the bucket" : "listing the bucket under \"\(printable(prefix.bytes, scalarCountMax: 120))\""
        case .get: "reading the object"
        case .head: "asking for the object's head"
        case .headBucket: "asking for the bucket's head"
        case .put: "writing the object"
        case .createUpload: "beginning the object's upload"
        case .uploadPart(let number): "uploading part \(number) of the object"
        case .completeUpload: "completing the object's upload"
        case .abortUpload: "aborting the object's upload"
        }
    }

    /// Whether it changes what is in the bucket.
    var isWrite: Bool {
        switch action {
        case .list, .get, .head, .headBucket: false
        case .put, .createUpload, .uploadPart, .completeUpload, .abortUpload: true
        }
    }

    /// What has to hold for it to happen.
    var condition: WriteCondition {
        switch action {
        case .put(let condition), .completeUpload(let condition): condition
        default: .none
        }
    }
}
