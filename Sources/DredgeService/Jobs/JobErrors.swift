internal import Dredge
internal import DredgeCheck

extension JobErrorCode {
    /// The code and the text of what ended a run.
    /// - Parameter hasRole: whether the job got in with a role; else with an access key.
    static func of(_ error: RunError, hasRole: Bool) -> (code: String, message: String) {
        // What somebody let the job do before, it was let in for.
        let wasLetIn = error.report.map { $0.indexed.objects > 0 || error.isOfRole && $0.listed.objects > 0 } ?? false
        let code: JobErrorCode =
            switch error.code {
            case .invalidSource: .invalidSource
            // The server's own credentials, with which it assumes roles.
            case .credentials where error.isOfRole: .serverError
            case .credentials where wasLetIn && !hasRole: .credentialsExpired
            case .credentials where wasLetIn, .accessDenied where wasLetIn: .accessRevoked
            case .credentials: .invalidCredentials
            case .accessDenied: error.isOfRole ? .accessDeniedTrust : .accessDenied
            case .overTrust: .roleWithoutExternalID
            case .noSuchBucket: .bucketNotFound
            case .unreachable: .endpointUnreachable
            case .service: .serviceError
            case .store, .machine: .serverError
            }
        switch code {
        case .accessDeniedTrust,
            .accessRevoked where error.isOfRole:
            let text = "POST /v2/integrations/aws/verify tells, step by step, what to change."
            return (code.rawValue, "\(code.meaning) STS said: \(error.message.asSentence) \(text)")
        // What the server's own credentials are is for the operator's log.
        case .serverError: return (code.rawValue, code.meaning)
        default: return (code.rawValue, "\(error.message.asSentence) \(error.advice)")
        }
    }
}

extension RunError {
    fileprivate var isOfRole: Bool { step.hasPrefix("assume role") }

    /// Whether a role refused that was verified before: it lets nobody in any more.
    var isOfRevokedRole: Bool { isOfRole && code == .accessDenied }
}

extension FileErrorCode {
    /// The code and the text of a file that was skipped or failed; nil: neither.
    static func of(_ file: StoredObject) -> (code: FileErrorCode, message: String)? {
        let code: FileErrorCode
        switch file.state {
        case .pending, .indexed, .unchanged: return nil
        case .vanished: code = .objectDeleted
        case .changed: code = .changedDuringRead
        case .skipped: code = ofSkipped(file.reason ?? "")
        case .failed: code = ofFailed(file.reason ?? "")
        }
        let isGeneral = [.unsupportedType, .serviceError, .readFailed].contains(code)
        let detail = isGeneral ? file.reason.map { " (\(FailReason.words($0)))" } ?? "" : ""
        return (code, code.meaning + detail)
    }

    private static func ofSkipped(_ reason: String) -> FileErrorCode {
        switch SkipReason(rawValue: reason) {
        case .filtered: .filtered
        case .empty: .empty
        case .folderMarker: .folderMarker
        case .archived: .objectArchived
        default: .unsupportedType
        }
    }

    private static func ofFailed(_ reason: String) -> FileErrorCode {
        switch reason {
        case "accessDenied": .accessDenied
        case "kms": .kmsDenied
        case "invalidCredentials", "credentials": .invalidCredentials
        case "expiredCredentials": .credentialsExpired
        case "archived": .objectArchived
        case "checksumMismatch": .checksumMismatch
        case "throttled", "serviceFailure", "signatureRefused", "unreachable", "shortBody", "malformedAnswer":
            .serviceError
        default: .readFailed
        }
    }
}
