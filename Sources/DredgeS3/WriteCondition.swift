public import DredgeBase

/// What must hold of a key for a write to it to happen, judged by S3 at the moment of the write
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>). Needs signed requests.
public enum WriteCondition: Sendable, Hashable {
    /// Nothing: what is there is replaced.
    case none
    /// No object has the key: of several who write at once, one does.
    case absent
    /// The object is this version, which must have been named by the service: of several who replace it at once, one
    /// does. Takes `s3:GetObject` beside `s3:PutObject`.
    case matches(ETag)
}

extension WriteCondition {
    /// What tells it to the service.
    var headers: [(name: String, value: String)] {
        switch self {
        case .none: return []
        case .absent: return [("If-None-Match", "*")]
        case .matches(let eTag):
            precondition(!eTag.isEmpty, "an object without an ETag can't be told from another")
            return [("If-Match", eTag.header)]
        }
    }
}
