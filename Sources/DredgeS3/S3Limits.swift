/// Every limit of this layer.
public struct S3Limits: Sendable {
    /// Bytes of one answer of ListObjectsV2. A page of 1,000 keys of 1,024 bytes, each byte percent-encoded, takes
    /// under 4 MiB.
    public var listAnswerByteCountMax = 4 << 20
    /// Bytes of the buffer in which an answer is received at first…
    static let listAnswerByteCountAtFirst = 64 << 10
    /// …and how many times larger the next one is, where an answer doesn't fit.
    static let listAnswerGrowth = 8
    /// Entries of an answer: S3 gives no more ("ListObjectsV2", max-keys).
    package static let listEntryCountMax = 1_000
    /// The largest object that is believed: 64 TiB, above S3's own limit of 50 TB ("Amazon S3 quotas"). A size above it
    /// is a broken answer.
    public static let objectByteCountMax: UInt64 = 1 << 46
    /// Bytes of a key ("Naming Amazon S3 objects").
    public static let keyByteCountMax = 1_024
    /// The same in a listing, where each may be percent-encoded.
    static let keyTextByteCountMax = 3 * keyByteCountMax
    /// Bytes of the text of an element of a listing that are read, the token of the next page included.
    static let listTextByteCountMax = 8 << 10
    /// Bytes of an entry's size or time that are looked at.
    static let wordByteCountMax = 64
    /// Bytes of a storage class that are kept; the longest name has 19.
    static let storageClassByteCountMax = 64
    /// Bytes of an ETag that is believed; S3's have under 48.
    public static let eTagByteCountMax = 1_024
    /// Keys of a page; S3 gives no more than 1,000.
    public var listKeyCountMax = 1_000
    /// Pages of the full size that one client reads at once; others wait.
    public var listCountInFlightMax = 1
    /// Attempts of a request where neither the policy, the environment nor the profile says a number.
    static let attemptCountMax = 3
    /// HEAD requests and writes that one client has in flight at once; others wait.
    public var headCountInFlightMax = 64
    /// While nothing has ever answered at an endpoint, this many failures to connect are enough to call it unreachable:
    /// a wrong host name should not take a minute to be told.
    public var connectAttemptCountMax = 3
    /// A request that breaks again and again but brings bytes each time may take this many times
    /// the attempts that a request without progress has.
    public var progressAttemptFactor = 10
    /// Characters of a service's message that are kept in an error.
    public var messageCharacterCountMax = 500

    /// Bytes of a part of an upload, at the least, and of what goes up in one request, at the most. S3 wants 5 MiB or
    /// more ("Amazon S3 multipart upload limits"); larger parts cost fewer requests.
    public var uploadPartByteCountMin = 16 << 20
    /// Parts of one upload ("Amazon S3 multipart upload limits").
    static let uploadPartCountMax = 10_000
    /// Bytes of a part of a download to a file.
    public var downloadPartByteCount = 8 << 20
    /// Parts of one upload or download that are in flight at once: so many parts are in memory.
    public var partCountInFlightMax = 4
    /// How often the upload of a file is begun, where it can't be completed for what others do to the key.
    static let uploadCountMax = 3
    /// Bytes of an upload's ID that is believed; those of S3 have some 150.
    static let uploadIDByteCountMax = 1_024
    /// Time of one attempt to complete an upload, for which S3 may take several minutes ("CompleteMultipartUpload").
    static let completionDurationMax: Duration = .seconds(600)
    /// Attempts to abort an upload…
    static let abortAttemptCountMax = 2
    /// …and the time of one: somebody waits for it whose task may have been cancelled.
    static let abortDurationMax: Duration = .seconds(5)

    /// Bytes of each part but the last of the upload of so many bytes: a multiple of 1 MiB where it is more than the
    /// least.
    func uploadPartByteCount(of byteCount: UInt64) -> UInt64 {
        let least = (byteCount + UInt64(Self.uploadPartCountMax) - 1) / UInt64(Self.uploadPartCountMax)
        let step: UInt64 = 1 << 20
        return least <= UInt64(uploadPartByteCountMin)
            ? UInt64(uploadPartByteCountMin) : (least + step - 1) / step * step
    }

    /// Bytes that an answer in a buffer of so many takes until it is recorded: the buffer, the texts of its entries,
    /// and its objects.
    package static func listByteCount(forAnswer byteCount: Int) -> Int { byteCount / 2 * 5 + (256 << 10) }

    /// The defaults.
    public init() {}

    /// Traps where the numbers contradict each other.
    func check() {
        precondition((1...1_000).contains(listKeyCountMax), "S3 gives 1 to 1,000 keys a page, not \(listKeyCountMax)")
        precondition(
            uploadPartByteCountMin > 0 && downloadPartByteCount > 0 && partCountInFlightMax > 0,
            "parts of nothing, or none in flight, move nothing")
        precondition(
            listAnswerByteCountMax > 0 && listCountInFlightMax > 0 && headCountInFlightMax > 0
                && connectAttemptCountMax > 0
                && progressAttemptFactor > 0, "a limit of nothing lets nothing through")
    }
}
