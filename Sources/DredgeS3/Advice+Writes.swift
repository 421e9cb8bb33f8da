extension Advice {
    /// What to do about a write; nil: the same as about a read.
    func ofWrite(for code: S3Error.Code, fault: ServiceFault?) -> String? {
        switch code {
        case .preconditionFailed where fault?.code == "ConditionalRequestConflict":
            "Others write to this key all the time: read the object, and write it again if it has to be."
        case .preconditionFailed:
            switch operation.condition {
            case .matches:
                "The object was written again since it was read: read it, and decide anew. \(Self.lostAnswer)"
            case .absent, .none: "There is an object of this key already: read it, and compare. \(Self.lostAnswer)"
            }
        case .noSuchKey:
            "The object that was to be replaced is gone: write it under the condition that there is none, if it is "
                + "still wanted."
        case .methodNotAllowed:
            "The service does not allow to write this: an endpoint that is not S3, or that only reads."
        case .kms:
            "See to the bucket's KMS key: it must be enabled, not pending deletion, and its key policy must allow "
                + "\(Self.kmsWriteActions) to the identity that writes."
        case .serviceFailure where fault?.code == "NotImplemented":
            "The service does not know what is asked, perhaps a write under a condition: take a newer version of it, "
                + "or another service."
        case .serviceFailure, .shortBody:
            "The service or the way to it is disturbed. The write may have happened all the same: look at the object "
                + "before it is written again."
        case .checksumMismatch:
            "Something on the way changes what is sent: send it another way, without the proxy, and check this "
                + "machine's memory."
        case .other where fault?.code == "NoSuchUpload":
            "Somebody aborts uploads to this key: check the bucket's lifecycle rules, and upload again."
        default: nil
        }
    }

    static func cancelled(_ operation: Operation) -> String {
        operation.isWrite
            ? "Nothing is wrong. The write may have happened all the same: look at the object before it is written "
                + "again."
            : "Nothing is wrong: what was not read can be asked for again."
    }

    /// The permissions that a write takes
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions>).
    var writeActions: String {
        if case .abortUpload = operation.action { return "s3:AbortMultipartUpload" }
        if case .matches = operation.condition { return "s3:PutObject and, for the condition, s3:GetObject" }
        return "s3:PutObject"
    }

    /// A multipart upload decrypts its parts to put them together.
    static let kmsWriteActions = "kms:GenerateDataKey and kms:Decrypt"

    private static let lostAnswer = "If it is what was to be written, an attempt whose answer was lost has written it."
}
