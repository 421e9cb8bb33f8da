public import DredgeBase

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One object of a listing, as a ledger records it.
public struct ListingEntry: Sendable {
    /// The key's bytes.
    public var key: [UInt8]
    /// Bytes of the object.
    public var size: UInt64
    /// The listed ETag; empty when the service gave none.
    public var eTag: ETag
    /// When it was last modified.
    public var lastModified: Date?
    /// S3's storage class (nil: not given).
    public var storageClass: String?
    /// Why the listing alone says that the object is not to be fetched; nil: it doesn't.
    public var skipReason: SkipReason?
    /// Why the entry can't be used, so that the object fails; nil: it can.
    public var failReason: String?
    /// Whether the object is to be fetched also where this version's content is stored already.
    public var isReread = false

    /// All parts.
    public init(
        key: [UInt8], size: UInt64, eTag: ETag, lastModified: Date? = nil, storageClass: String? = nil,
        skipReason: SkipReason? = nil, failReason: String? = nil
    ) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
        self.skipReason = skipReason
        self.failReason = failReason
    }
}

/// What a ledger knows of an object from before it is listed.
public struct KnownObject: Sendable, Hashable {
    /// A version of an object.
    public struct Version: Sendable, Hashable {
        /// Its ETag.
        public var eTag: ETag
        /// Bytes of the object.
        public var size: UInt64

        /// Both.
        public init(eTag: ETag, size: UInt64) {
            self.eTag = eTag
            self.size = size
        }

        /// Whether the listing shows this version. Without an ETag nothing tells two versions of the same size apart.
        func isListed(as entry: ListingEntry) -> Bool {
            !eTag.isEmpty && eTag == entry.eTag && size == entry.size
        }
    }

    /// The key's bytes.
    public var key: [UInt8]
    /// The version whose chunks are stored; nil: none are.
    public var content: Version?
    /// The version whose bytes said that it is not to be indexed; nil: there is none.
    public var skipped: Version?
    /// Why that version is skipped.
    public var skipReason: String?
    /// Whether it was not listed any more, and its removal was withheld.
    public var isWithheld: Bool

    /// All parts.
    public init(
        key: [UInt8], content: Version? = nil, skipped: Version? = nil, skipReason: String? = nil,
        isWithheld: Bool = false
    ) {
        self.key = key
        self.content = content
        self.skipped = skipped
        self.skipReason = skipReason
        self.isWithheld = isWithheld
    }
}

/// What a listed object needs. The one rule for it: a ledger applies it when it records a listing, a plan when it
/// compares one.
public enum ListingDecision: Sendable, Hashable {
    /// It is to be fetched.
    case fetch
    /// Its content is stored already.
    case unchanged
    /// It is not to be fetched.
    /// - `reason`: the raw value of a `SkipReason`, or one of a later version of this library.
    /// - `readETag`: the version whose bytes gave the reason, so that it is not read again; nil: the listing gave it.
    /// - `keepsContent`: what is stored of the object stays; else it goes when the listing is complete, as the
    ///   `RemovalRule` has it.
    case skip(reason: String, readETag: ETag?, keepsContent: Bool)
    /// Its entry can't be used. What is stored of it stays.
    case fail(reason: String)

    /// Decides for `entry`, of which `known` is known; nil: nothing is.
    public init(_ entry: ListingEntry, known: KnownObject?) {
        let isStored = !entry.isReread && known?.content?.isListed(as: entry) ?? false
        if let reason = entry.failReason, entry.skipReason == nil {
            self = .fail(reason: reason)
        } else if let reason = entry.skipReason, !(isStored && reason.keepsContent) {
            self = .skip(reason: reason.rawValue, readETag: nil, keepsContent: reason.keepsContent)
        } else if isStored {
            self = .unchanged
        } else if entry.skipReason == nil, let skipped = known?.skipped, skipped.isListed(as: entry) {
            self = .skip(reason: known?.skipReason ?? "", readETag: skipped.eTag, keepsContent: false)
        } else {
            self = .fetch
        }
    }

    /// The state that it brings about.
    public var state: ObjectState {
        switch self {
        case .fetch: .pending
        case .unchanged: .unchanged
        case .skip: .skipped
        case .fail: .failed
        }
    }

    /// Why the object is skipped or fails; nil: it does neither.
    public var reason: String? {
        switch self {
        case .fetch, .unchanged: nil
        case .skip(let reason, _, _), .fail(let reason): reason
        }
    }

    /// Whether what is stored of the object is left over by it: no older version of what is to be read, but nothing
    /// that is wanted.
    public var leavesContentOver: Bool {
        if case .skip(_, _, keepsContent: false) = self { true } else { false }
    }
}
