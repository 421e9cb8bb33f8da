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
    /// Deleted between listing and fetch.
    case vanished
    /// Kept changing while it was fetched.
    case changed
}

/// Why an object is not indexed although nothing is wrong with it. The raw values stand in stores and reports.
public enum SkipReason: String, Sendable, CaseIterable {
    /// The source's patterns leave it out.
    case filtered
    /// A key that ends in `/` and has no bytes: consoles make them for empty folders.
    case folderMarker = "folder marker"
    /// No bytes.
    case empty
    /// GLACIER, DEEP_ARCHIVE or an archive tier: it must be restored before it can be read.
    case archived
    /// A NUL among its first 8 KiB.
    case binary

    /// Whether what is stored of the object stays: an archived object still has the content that was read before.
    public var keepsContent: Bool { self == .archived }
}
