/// What a job failed of. The raw values are the API's: the list is closed, and told in its document.
public enum JobErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "access_denied"
    case accessDeniedTrust = "access_denied_trust"
    case accessRevoked = "access_revoked"
    case externalIDMismatch = "external_id_mismatch"
    case roleNotRegistered = "role_not_registered"
    case roleNotActive = "role_not_active"
    case roleWithoutExternalID = "role_without_external_id"
    case invalidCredentials = "invalid_credentials"
    case credentialsExpired = "credentials_expired"
    case credentialsLost = "credentials_lost"
    case invalidSource = "invalid_source"
    case bucketNotFound = "bucket_not_found"
    case objectNotFound = "object_not_found"
    case endpointUnreachable = "endpoint_unreachable"
    case serviceError = "service_error"
    case quotaExceeded = "quota_exceeded"
    case serverError = "server_error"

    /// When it happens, and what helps.
    public var meaning: String {
        switch self {
        case .accessDenied: "S3 refuses the bucket. The message says which permission is missing."
        case .accessDeniedTrust:
            "The role can't be assumed: its trust policy does not name this server, or not this external ID."
        case .accessRevoked:
            "The role let the server in before, and does not any more. Verify it again when it does."
        case .externalIDMismatch: "The external ID was rotated after the job was submitted."
        case .roleNotRegistered: "The role was taken away after the job was submitted."
        case .roleNotActive: "The role's last verification failed."
        case .roleWithoutExternalID: "The role can be assumed without the external ID. Its trust policy must demand it."
        case .invalidCredentials: "The access key is unknown, or its secret or session token is wrong."
        case .credentialsExpired:
            "The access key, or its session token, has expired during the job. Submit the job again with a new one: "
                + "files that were indexed are skipped."
        case .credentialsLost:
            "The server was restarted, and the job's access key was in memory only. Submit the job again."
        case .invalidSource: "Bucket, region or endpoint do not fit together."
        case .bucketNotFound: "There is no bucket of this name."
        case .objectNotFound: "There is no object of this key in the bucket. Keys are compared byte for byte."
        case .endpointUnreachable: "The S3 or STS endpoint can't be reached."
        case .serviceError: "S3 or STS failed on their side, again and again. Retry later."
        case .quotaExceeded:
            "The organization has read as many bytes within 24 hours as its quota allows. What was indexed stays. "
                + "Submit the job again later, or ask the operator for more."
        case .serverError: "This server failed. Its operator finds the cause in the log."
        }
    }
}

/// Why a file was skipped or failed. The raw values are the API's: the list is closed, and told in its document.
public enum FileErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "access_denied"
    case kmsDenied = "kms_denied"
    case invalidCredentials = "invalid_credentials"
    case credentialsExpired = "credentials_expired"
    case objectArchived = "object_archived"
    case objectDeleted = "object_deleted"
    case changedDuringRead = "changed_during_read"
    case checksumMismatch = "checksum_mismatch"
    case unsupportedType = "unsupported_type"
    case empty
    case folderMarker = "folder_marker"
    case filtered
    case serviceError = "service_error"
    case readFailed = "read_failed"

    /// When it happens, and what helps.
    public var meaning: String {
        switch self {
        case .accessDenied: "S3 refuses this object. Allow the role s3:GetObject on it."
        case .kmsDenied: "The key that encrypts the object can't be used. Allow the role kms:Decrypt on it."
        case .invalidCredentials:
            "S3 does not know the access key, or its secret is wrong. Submit the job with another."
        case .credentialsExpired:
            "The session token has expired. Submit the job again with a new one: files that were indexed are skipped."
        case .objectArchived: "The object is archived. Restore it in S3, and index it again."
        case .objectDeleted: "The object was deleted before it could be read."
        case .changedDuringRead: "The object changed each time it was read. Index it when it is at rest."
        case .checksumMismatch: "The object's bytes do not have the checksum that S3 keeps of it. Upload it again."
        case .unsupportedType: "The object is no text that this server reads."
        case .empty: "The object has no bytes."
        case .folderMarker: "The key ends with '/': it stands for a folder."
        case .filtered: "The job's include and exclude patterns leave it out."
        case .serviceError: "S3 did not answer as it should, each time. Retry the job later."
        case .readFailed: "The object could not be read."
        }
    }
}
