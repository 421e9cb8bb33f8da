/// The service's bounds, all of them.
public enum ServiceLimits {
    /// Bytes of a request's body.
    public static let bodyByteCountMax = 1 << 20
    /// Characters of a collection's name.
    public static let collectionNameLengthMax = 63
    /// Bytes of a collection's description, and of its metadata.
    public static let collectionTextByteCountMax = 16 << 10
    /// Characters of an organization's name.
    public static let organizationNameLengthMax = 200
    /// Characters of an idempotency key.
    public static let idempotencyKeyLengthMax = 255
    /// How long the same idempotency key answers the same job, in seconds.
    public static let idempotencySeconds: Double = 24 * 3_600
    /// Fields of a job's `custom_metadata`.
    public static let metadataFieldCountMax = 50
    /// Characters of a metadata name, of a text value, and of an item of a list.
    public static let metadataTextLengthMax = 1_024
    /// Items of a metadata list.
    public static let metadataListCountMax = 100
    /// Patterns of `include` and of `exclude`.
    public static let patternCountMax = 100
    /// Roles of an organization.
    public static let roleCountMax = 100
    /// Collections of an organization in one environment.
    public static let collectionCountMax = 10_000
    /// Jobs of an organization that have not ended.
    public static let openJobCountMax = 1_000
    /// Jobs that run at once, over all organizations.
    public static let runningJobCountMax = 8
    /// How long a rotated external ID may stay valid beside the new one, in seconds.
    public static let rotationOverlapSecondsMax = 24 * 3_600
    /// Entries of one page of collections, documents, jobs and chunks.
    public static let pageCountMax = 1_000
    /// Files of one page of a job.
    public static let filePageCountMax = 500
    /// Chunks of one page.
    public static let chunkPageCountMax = 500
    /// Open readers of chunk stores.
    public static let openReaderCountMax = 64
}
