#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a HEAD tells about an object, each value as the service wrote it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
public struct ObjectFacts: Sendable {
    /// What a listing would say of it now.
    public var object: ListedObject
    /// nil in a bucket that never had versions.
    public var versionID: String?
    /// `AES256`, `aws:kms`, `aws:kms:dsse`, or newer than this code. nil: the service does not say.
    public var encryption: String?
    /// The ARN of the KMS key that encrypts the object.
    public var kmsKeyID: String?
    /// `ARCHIVE_ACCESS` or `DEEP_ARCHIVE_ACCESS`: Intelligent-Tiering keeps it where it can't be read before it is
    /// restored.
    public var archiveStatus: String?
    /// `ongoing-request="true"`, or `"false"` with an `expiry-date`: a copy of an archived object is on its way, or
    /// there.
    public var restore: String?
    /// Whether the request was charged to who sent it.
    public var isRequesterCharged: Bool
    /// The service's clock.
    public var serviceDate: Date?
    /// Of all its bytes; nil: the service was not asked, or has none.
    package var checksum: ObjectChecksum?
}

/// What a HEAD tells about a bucket (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
public struct BucketFacts: Sendable {
    /// Where it is; nil: the service does not say.
    public var region: String?
    /// Whether the name is the alias of an access point.
    public var isAccessPointAlias: Bool
    /// The service's clock.
    public var serviceDate: Date?
}
