public import DredgeLedger

/// What became of a store that was written anew.
public struct StoreRewriteReport: Sendable, Codable, Hashable {
    /// Objects that it has now.
    public var objectCount = 0
    /// Objects that were to be forgotten, and are.
    public var forgottenObjectCount = 0
    /// Rows that were not as they had been written, or could not be read.
    public var droppedRowCount = 0
    /// Objects among them, which are new to the next run: it reads them again. At least: where rows could not be read,
    /// nobody knows how many they were.
    public var droppedObjectCount = 0
    /// Objects whose content was dropped, because some of it was damaged. The next run reads them again.
    public var requeuedObjectCount = 0
    /// Batches that were damaged.
    public var droppedBatchCount = 0
    /// Chunks of no object that have gone.
    public var removedChunkCount = 0
    /// Whether the settings could not be made out: then no content was kept, and the next run's settings hold.
    public var hasLostSettings = false
    /// The name that the old file has now, where its settings or tables could not be made out; nil: it is gone.
    public var keptPath: String?
    /// Bytes of the file and its log before.
    public var byteCountBefore: UInt64 = 0
    /// Bytes of the file now.
    public var byteCountAfter: UInt64 = 0
    /// The first of what was dropped, at most `StoreLimits.problemCountMax`.
    public var problems: [StoreProblem] = []

    /// Of a store of which nothing is known yet, or that was left as it was.
    public init() {}

    /// Whether anything was dropped because it was damaged.
    public var hasDropped: Bool {
        droppedRowCount > 0 || requeuedObjectCount > 0 || droppedBatchCount > 0 || hasLostSettings
    }
}

/// Which objects to forget: those to which all of it applies.
public struct ForgetFilter: Sendable, Hashable {
    /// Of the sources with this name.
    public var source: String?
    /// With a key that begins with these bytes.
    public var prefix: [UInt8]?
    /// With this key.
    public var key: [UInt8]?
    /// Whose content this run stored.
    public var run: RunID?

    /// What is nil applies to all objects.
    public init(source: String? = nil, prefix: [UInt8]? = nil, key: [UInt8]? = nil, run: RunID? = nil) {
        self.source = source
        self.prefix = prefix
        self.key = key
        self.run = run
    }

    /// Whether whole sources are meant, not some of their keys.
    var isOfWholeSources: Bool { prefix == nil && key == nil && run == nil }

    /// Byte for byte: what looks the same may be another source.
    func matches(source name: String?) -> Bool {
        guard let source else { return true }
        return name.map { source.utf8.elementsEqual($0.utf8) } ?? false
    }
    func matches(key other: [UInt8]) -> Bool {
        (key == nil || key == other) && other.starts(with: prefix ?? [])
    }
    func matches(contentRun other: RunID?) -> Bool { run == nil || run == other }
}
