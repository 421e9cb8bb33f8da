internal import Dredge

/// What a job or a file failed of, by the API's closed list of codes.
enum JobErrorCode {
    /// The code and the text of what ended a run.
    static func of(_ error: RunError) -> (code: String, message: String) {
        let isOfRole = error.step.hasPrefix("assume role")
        // What a role let it do before, it was let in for.
        let wasLetIn = error.report.map { $0.indexed.objects > 0 || isOfRole && $0.listed.objects > 0 } ?? false
        let code =
            switch error.code {
            case .invalidSource: "invalid_source"
            case .credentials where wasLetIn, .accessDenied where wasLetIn: "access_revoked"
            case .credentials: "invalid_credentials"
            case .accessDenied: isOfRole ? "access_denied_trust" : "access_denied"
            case .overTrust: "role_without_external_id"
            case .noSuchBucket: "bucket_not_found"
            case .unreachable: "endpoint_unreachable"
            case .service: "service_error"
            case .store, .machine: "server_error"
            }
        return (code, "\(error.message) \(error.advice)")
    }

    /// Whether the code says that a role that was verified lets nobody in any more.
    static func isOfRevokedRole(_ code: String) -> Bool { ["access_revoked", "access_denied_trust"].contains(code) }

    /// The code and the text of a file that was skipped or failed; nil: neither.
    static func of(_ file: StoredObject) -> (code: String, message: String)? {
        switch file.state {
        case .pending, .indexed, .unchanged: return nil
        case .vanished: return ("object_deleted", "The object was deleted before it could be read.")
        case .changed:
            return ("changed_during_read", "The object changed each time it was read. Index it when it is at rest.")
        case .skipped: return skipped(file.reason ?? "")
        case .failed: return failed(file.reason ?? "")
        }
    }

    private static func skipped(_ reason: String) -> (code: String, message: String) {
        switch reason {
        case "filtered": return ("filtered", "The job's include and exclude patterns leave it out.")
        case "empty": return ("empty", "The object has no bytes.")
        case "folder marker": return ("folder_marker", "The key ends with '/': it stands for a folder.")
        case "archived":
            return ("object_archived", "The object is archived. Restore it in S3, and index it again.")
        case "binary": return ("unsupported_type", "The object is no text.")
        default:
            return ("unsupported_type", "The object is no text that this server reads: \(reason).")
        }
    }

    private static func failed(_ reason: String) -> (code: String, message: String) {
        switch reason {
        case "accessDenied":
            return ("access_denied", "S3 refuses this object. Allow the role s3:GetObject on it.")
        case "kms":
            return ("kms_denied", "The key that encrypts the object can't be used. Allow the role kms:Decrypt on it.")
        case "archived": return ("object_archived", "The object is archived. Restore it in S3, and index it again.")
        case "throttled", "serviceFailure", "unreachable", "shortBody", "malformedAnswer":
            return ("service_error", "S3 did not answer as it should, each time (\(reason)). Retry the job later.")
        default: return ("read_failed", "The object could not be read: \(reason).")
        }
    }
}
