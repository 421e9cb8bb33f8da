public import DredgeBase
public import DredgeLedger

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One object, with its state and what is stored of it.
public struct StoredObject: Sendable, Hashable {
    /// The version whose chunks are in the store.
    public struct Content: Sendable, Hashable {
        /// Its ETag.
        public var eTag: ETag
        /// Bytes of the object.
        public var size: UInt64
        /// Its version ID, in a versioned bucket.
        public var versionID: String?
        /// Bytes of the document: what chunk offsets count in.
        public var byteCount: UInt64
        /// The run that stored it.
        public var run: RunID
    }
    /// Its row.
    public var id: ObjectID
    /// The source's name.
    public var source: String
    /// The bucket.
    public var bucket: String
    /// The source's prefix: where it was changed, documents of both may be stored.
    public var prefix: String
    /// The source's endpoint; nil: AWS's.
    public var endpointURL: String?
    /// The key's bytes.
    public var key: [UInt8]
    /// Bytes, as listed.
    public var size: UInt64
    /// The listed ETag.
    public var eTag: ETag
    /// When it was last modified.
    public var lastModified: Date?
    /// S3's storage class.
    public var storageClass: String?
    /// Where it stands.
    public var state: ObjectState
    /// Why it was skipped or failed.
    public var reason: String?
    /// Attempts that its outcome took.
    public var attemptCount: Int
    /// Of the last error.
    public var requestID: String?
    /// What is stored; nil: nothing.
    public var content: Content?
    /// Chunks stored.
    public var chunkCount: Int
    /// Their tokens.
    public var tokenCount: Int

    /// The key as text; bytes that are no UTF-8 are replaced (U+FFFD), so that two keys may look the same.
    public var keyText: String { String(decoding: key, as: UTF8.self) }

    /// Whether what is stored may be of an older version than the bucket has: it is to be fetched again, or that
    /// failed.
    public var isStale: Bool { content != nil && state != .indexed && state != .unchanged }

    /// When the version that is stored was last modified; nil: nothing is stored, or the listing that is known had
    /// another version, or did not say.
    public var contentLastModified: Date? { content?.eTag == eTag ? lastModified : nil }
}

/// One chunk.
public struct StoredChunk: Sendable, Hashable {
    /// The source's name.
    public var source: String
    /// The bucket.
    public var bucket: String
    /// The source's prefix: where it was changed, documents of both may be stored.
    public var prefix: String
    /// The source's endpoint; nil: AWS's.
    public var endpointURL: String?
    /// The key's bytes.
    public var key: [UInt8]
    /// Of the version that was read.
    public var eTag: ETag
    /// Of the version that was read, in a versioned bucket.
    public var versionID: String?
    /// When that version was last modified; nil: the listing that is known had another one, or did not say.
    public var lastModified: Date?
    /// Its place among the object's chunks, from 0.
    public var ordinal: Int
    /// Of its first byte in the document.
    public var byteOffset: UInt64
    /// Bytes.
    public var byteLength: Int
    /// Tokens.
    public var tokenCount: Int
    /// Its bytes, exactly as in the document: not always valid UTF-8.
    public var text: [UInt8]

    /// `text` as a string; bytes that are no UTF-8 are replaced (U+FFFD).
    public var string: String { String(decoding: text, as: UTF8.self) }

    /// The key as text; bytes that are no UTF-8 are replaced (U+FFFD), so that two keys may look the same.
    public var keyText: String { String(decoding: key, as: UTF8.self) }
}
