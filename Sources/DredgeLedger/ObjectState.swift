/// Where an object of a ledger stands. The raw values stand in stores and reports.
public enum ObjectState: String, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
    /// Not fetched yet.
    case pending
    /// Stored by the run that listed it last.
    case indexed
    /// Stored by an earlier run, with the ETag and size that were listed last.
    case unchanged
    /// Not to be indexed, for a reason.
    case skipped
    /// Could not be read, for a reason.
    case failed
    /// Deleted between listing and fetch. With a reason of `RemovalDecision`: not listed any more, and kept all the
    /// same.
    case vanished
    /// Kept changing while it was fetched.
    case changed
}

/// Why an object is not indexed although nothing is wrong with it. The raw values stand in stores and reports.
public struct SkipReason: RawRepresentable, Hashable, Sendable {
    /// As stores and reports have it.
    public let rawValue: String

    /// A reason by its raw value, also one of a later version of this library.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The source's patterns leave it out.
    public static let filtered = SkipReason(rawValue: "filtered")
    /// A key that ends in `/` and has no bytes: consoles make them for empty folders.
    public static let folderMarker = SkipReason(rawValue: "folder marker")
    /// No bytes.
    public static let empty = SkipReason(rawValue: "empty")
    /// GLACIER, DEEP_ARCHIVE or an archive tier: it must be restored before it can be read.
    public static let archived = SkipReason(rawValue: "archived")
    /// A NUL among its first 8 KiB, and no format that is known.
    public static let binary = SkipReason(rawValue: "binary")
    /// A format that is not plain text, by its media type.
    public static func unsupportedType(_ mediaType: String) -> Self { Self(rawValue: "unsupported type: \(mediaType)") }
    /// Compressed as a whole.
    public static func compressed(_ compression: String) -> Self { Self(rawValue: "compressed: \(compression)") }
    /// Text that is not UTF-8, in a way that its bytes tell.
    public static func encoding(_ encoding: String) -> Self { Self(rawValue: "encoding: \(encoding)") }

    /// Whether what is stored of the object stays: an archived object still has the content that was read before.
    public var keepsContent: Bool { Self.keepingContent.contains(self) }

    /// The reasons that a listing alone gives.
    public static let ofListing: [SkipReason] = [.filtered, .folderMarker, .empty, .archived]

    /// The reasons for which what is stored of an object stays.
    public static let keepingContent: [SkipReason] = [.archived]
}
