public import DredgeBase

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One entry of a listing.
public struct ListedObject: Sendable {
    /// What can't be right about an entry.
    public struct Flaw: Sendable, Hashable {
        /// The closed list. The raw values stand in stores and reports.
        public enum Code: String, Sendable, CaseIterable {
            /// No number, or larger than any object.
            case listedSize
            /// Control characters, or longer than `S3Limits.eTagByteCountMax`.
            case listedETag
            /// Missing, longer than S3 allows, with a broken escape, or outside of the prefix: `key` is what can be
            /// told of it.
            case listedKey

            /// For a person, who need not know the codes.
            package var words: String {
                switch self {
                case .listedSize: "impossible size"
                case .listedETag: "impossible ETag"
                case .listedKey: "impossible key"
                }
            }
        }
        /// What.
        public var code: Code
        /// The middle of a sentence, safe to print.
        public var message: String

        /// Both.
        public init(code: Code, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// The object's name, decoded.
    public var key: ObjectKey
    /// Bytes of the object.
    public var size: UInt64
    /// Empty when the service gave none. Compare it, never verify it: it is a digest of the bytes for some objects
    /// only.
    public var eTag: ETag
    /// When the object was written, to the second or better.
    public var lastModified: Date?
    /// As the service named it, also names that are newer than this code. nil: STANDARD.
    public var storageClass: String?
    /// Why the entry can't be used; nil: it can. `size` and `eTag` may then be missing.
    public var flaw: Flaw?

    /// Whether `key` is the object's name.
    package var isNamed: Bool { flaw?.code != .listedKey }

    /// An entry made by hand.
    public init(key: ObjectKey, size: UInt64, eTag: ETag, lastModified: Date? = nil, storageClass: String? = nil) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }
}

/// One answer of ListObjectsV2.
public struct ListPage: Sendable {
    /// In the order of the service: byte order of the keys in general purpose buckets.
    public var objects: [ListedObject]
    /// Opaque; leads to the next page. nil: this is the last one.
    public var continuationToken: String?
    /// The memory of it, of what all listings share: to be held for as long as its objects are.
    package var room: (any AnyObject & Sendable)?

    /// A page made by hand.
    public init(objects: [ListedObject], continuationToken: String?) {
        self.objects = objects
        self.continuationToken = continuationToken
    }
}

/// What a GET told about the object.
public struct ObjectHead: Sendable {
    /// nil when the service gave none.
    public var eTag: ETag?
    /// nil in a bucket that never had versions.
    public var versionID: String?
    /// The object's `Content-Encoding`, for example `gzip`. The body is as stored, never decoded.
    public var contentEncoding: String?
    /// When the object was written, to the second: only where the service gave no ETag.
    public var lastModified: Date?
    /// The whole object's bytes (from Content-Range, else Content-Length).
    public var size: UInt64
    /// Attempts that the answer took.
    public var attemptCount = 1

    /// A head made by hand.
    public init(eTag: ETag?, versionID: String?, contentEncoding: String?, size: UInt64) {
        self.eTag = eTag
        self.versionID = versionID
        self.contentEncoding = contentEncoding
        self.size = size
    }

    /// Which version the answer was of.
    public var version: ObjectVersion {
        ObjectVersion(eTag: eTag, versionID: versionID, lastModified: lastModified, size: size)
    }
}

/// What tells one version of an object from another, as far as the service says it.
public struct ObjectVersion: Sendable, Hashable {
    /// nil when the service gave none.
    public var eTag: ETag?
    /// nil in a bucket that never had versions.
    public var versionID: String?
    /// To the second; nil where there is an ETag, which tells more.
    public var lastModified: Date?
    /// The whole object's bytes.
    public var size: UInt64

    /// A version made by hand.
    public init(eTag: ETag?, versionID: String?, lastModified: Date?, size: UInt64) {
        self.eTag = eTag
        self.versionID = versionID
        self.lastModified = lastModified
        self.size = size
    }

    /// Whether bytes of both may be put together: nothing that both tell differs. Versions of the same ETag have the
    /// same bytes, whatever else differs.
    public func isSame(as other: ObjectVersion) -> Bool {
        guard size == other.size else { return false }
        if let eTag, let theirs = other.eTag { return eTag == theirs }
        if let versionID, let theirs = other.versionID, versionID != theirs { return false }
        if let lastModified, let theirs = other.lastModified { return lastModified == theirs }
        return true
    }
}
