/// Every bound of the store, with its reason.
public enum StoreLimits {
    /// The most chunk bytes that a batch can hold, and that a reader accepts of one. Above any chunk of
    /// 1,048,576 tokens, the longest of which has 128 bytes.
    public static let batchRawByteCountMax = 256 << 20
    /// The most payload bytes (directory and compressed text) that a reader accepts.
    public static let batchPayloadByteCountMax = 512 << 20
    /// Memory of a store that is written to, where nobody sets another (`takeAtMost`).
    public static let memoryByteCount = 48 << 20
    /// The least of it that is of use.
    public static let memoryByteCountMin = 1 << 20
    /// Of the memory, bytes that may wait for the writer before it says that it has no room. What workers have in hand
    /// then may come on top.
    static func writeQueueByteCount(ofMemory byteCount: Int) -> Int { byteCount / 3 * 2 }
    /// Of the memory, SQLite's page cache of the writer; dirty pages above it go to the write-ahead log before the
    /// commit.
    static func pageCacheByteCount(ofMemory byteCount: Int) -> Int { byteCount / 3 }
    /// Bytes after which the writer commits. Few and large transactions: each commit rewrites the hot pages of the
    /// indexes.
    public static let transactionByteCount = 64 << 20
    /// Bytes of SQLite's log above which the writer waits up to `busyMilliseconds` for readers to let it begin the log
    /// anew; once more each time that it has grown by as much.
    public static let logByteCountMax = 4 * transactionByteCount
    /// Age after which the writer commits, so that a crash costs about a second of work.
    public static let transactionMilliseconds = 1_000
    /// SQLite's page size. A batch is a chain of overflow pages: 32 KiB wrote blobs of 1 MiB about a fifth faster than
    /// 4 KiB.
    public static let pageByteCount = 32 << 10
    /// SQLite's page cache of a reader.
    public static let readerPageCacheByteCount = 4 << 20
    /// Inflated batches that a reader keeps, because neighbouring objects were packed by several workers into several
    /// batches.
    public static let inflatedCacheByteCount = 64 << 20
    /// Parsed directories that `verify` keeps.
    public static let directoryCacheEntryCount = 500_000
    /// Milliseconds that a statement waits for a lock of another process (a reader that recovers the log).
    public static let busyMilliseconds = 5_000
    /// The highest number of a batch: a higher one is damage, and nothing could come behind it.
    static let batchIDMax: Int64 = 1 << 60
    /// The highest number of a source, a run or an object: a higher one is damage, and nothing could come behind it.
    static let numberMax: Int64 = 1 << 60
    /// Rows that a reader takes from SQLite at once.
    public static let readPageRowCount = 500
    /// Bytes of lines that an export hands over at once.
    public static let exportByteCount = 256 << 10
    /// Runs that `stats` lists.
    public static let statsRunCount = 10
    /// Bytes of a file that is verified whole when it is opened for writing: a fraction of a second.
    public static let checkedFileByteCount = 16 << 20
    /// Bytes of text of the batches that the end of a run packs anew, so that it takes no longer than a second or so.
    /// What is left over is for the next run, or `dredge store compact`.
    public static let repackedByteCount = 256 << 20
    /// Sources that an error names when another one is asked for.
    public static let namedSourceCount = 20
    /// Problems that `verify` lists before it only counts them.
    public static let problemCountMax = 1_000
    /// Keys that the outcome of a removal names.
    static let removedKeyCount = 20
    /// The longest object key, by S3's rules ("Creating object key names", Amazon S3 User Guide).
    public static let keyByteCountMax = 1_024
}
