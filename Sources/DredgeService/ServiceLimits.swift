/// The service's bounds, all of them.
public enum ServiceLimits {
    // MARK: Connections

    /// Connections at once, where the process may have twice as many descriptors; else half of these. Others wait until
    /// one is closed.
    public static let connectionCountMax = 4_096
    /// Descriptors without which no server starts.
    public static let descriptorCountMin = 256
    /// How long a client may take from connecting to the end of a request's head, in seconds.
    public static let headSeconds = 20
    /// How long it may take from there to the end of the body.
    public static let bodySeconds = 60
    /// How long a connection stays open without a request.
    public static let idleSeconds = 75
    /// How long a client may leave an answer lie that does not fit into the buffers.
    public static let unreadSeconds = 120
    /// How long a refused connection stays half open, so that its client can read why.
    public static let lingerSeconds = 2
    /// Bytes of a request's target, of one header field, and of all together.
    public static let headByteCountMax = 32 << 10
    /// Fields of a request's head.
    public static let headFieldCountMax = 100
    /// How long nothing is accepted after accepting failed, in milliseconds.
    public static let acceptPauseMilliseconds = 200
    /// How long requests may go on that are in flight when the server is asked to end, in seconds.
    public static let drainSeconds = 10
    /// How long the server may take to end when these are through, in seconds. Then the process ends as it is.
    public static let shutDownSeconds = 30
    /// How long a verification of a role may take, in seconds.
    public static let verificationSeconds = 60

    // MARK: Requests

    /// Streams of events that a key follows at once.
    public static let streamCountMaxOfKey = 32
    /// How often a job is looked at for those who follow it, in milliseconds: once for all of them.
    public static let streamLookMilliseconds = 1_000
    /// How long what a look at a job found is answered to those who ask for the same, in milliseconds.
    static let jobLookMilliseconds = 250
    /// Files of an answer that is kept: one of more is made for each who asks.
    static let jobLookFileCountMax = 50
    /// Answers that are kept for them at once.
    static let jobLookCountMax = 256
    /// Answers that are kept at once for those who follow jobs.
    public static let streamLookCountMax = 4_096
    /// Bytes of a request's body.
    public static let bodyByteCountMax = 1 << 20
    /// Bytes of a body that is read where it arrives; a larger one on a thread of its own.
    public static let smallBodyByteCountMax = 16 << 10
    /// So many at once.
    static let bodyThreadCount = 2
    /// Larger ones that wait for that at once.
    static let bodyWaitingCountMax = 64
    /// Values of a body.
    static let jsonValueCountMax = 50_000
    /// Lists and objects of a body that are in each other.
    static let jsonDepthMax = 64
    /// Problems of a request that are told one by one.
    public static let problemCountMax = 100
    /// Characters of an access key's ID, and of its secret.
    public static let accessKeyLengthMax = 128
    /// Characters of a session token.
    public static let sessionTokenLengthMax = 16_384
    /// Characters of buckets, ARNs and endpoints.
    public static let addressLengthMax = 2_048
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
    /// Bytes of all patterns of `include` together, and of `exclude`.
    static let patternByteCountMax = 16 << 10
    /// Roles of an organization.
    public static let roleCountMax = 100
    /// Collections of an organization in one environment.
    public static let collectionCountMax = 10_000
    /// Jobs whose requests are kept in memory.
    static let knownRequestCountMax = 1_000
    /// Jobs of an organization that have not ended.
    public static let openJobCountMax = 1_000
    /// Keys whose rates are kept, behind which those that are idle are forgotten.
    static let rateCountMax = 10_000
    /// How far back quotas look, in seconds.
    static let quotaSeconds: Double = 24 * 3_600
    /// How often it is noted what a job has read, in seconds.
    static let byteCountNoteSeconds = 10
    /// Jobs that run at once, over all organizations.
    public static let runningJobCountMax = 8
    /// Jobs of one organization that run at once.
    public static let runningJobCountOfOrganization = 6
    /// How long STS may take to tell who the server is, and how long it is not asked again when it did not, in seconds.
    static let identitySeconds = 10
    static let identityPauseSeconds = 60
    /// Bytes that stand before each external ID.
    static let externalIDPrefixByteCountMax = 64
    /// Seconds from a try to store where a job stands to the next one: doubled from the first to the last.
    static let storeRetrySecondsMin = 1
    static let storeRetrySecondsMax = 60
    /// How long a rotated external ID may stay valid beside the new one, in seconds.
    public static let rotationOverlapSecondsMax = 24 * 3_600
    /// Entries of one page of collections, documents, jobs and chunks.
    public static let pageCountMax = 1_000
    /// Files of one page of a job.
    public static let filePageCountMax = 500
    /// Chunks of one page.
    public static let chunkPageCountMax = 500
    /// Bytes of the text of one page of chunks: the chunks behind are on the next page.
    public static let chunkPageByteCountMax = 8 << 20
    /// Open readers of chunk stores.
    public static let openReaderCountMax = 64
    /// Bytes of a word that search compares: what is behind them is left out.
    static let searchWordByteCountMax = 64
    /// Different words of a query that are searched for.
    static let searchQueryWordCountMax = 64
    /// Results of a query.
    static let searchResultCountMax = 100
    /// Conditions of a metadata filter, and how deep they may be nested.
    static let filterConditionCountMax = 256
    static let filterDepthMax = 16
    /// Values of an `$in` or `$nin`.
    static let filterValueCountMax = 1_000
    /// How long it may take to find a query's results, in seconds.
    static let querySeconds = 5
    /// Queries that wait for their turn.
    static let queryWaitingCountMax = 64
    /// Files that are read or written as a whole at once; and files that are opened or deleted at once.
    static let fileThreadCount = 8
    /// Documents and chunks that are read at once for a search.
    static let searchPageCount = 500
    /// Pairs of a word and a chunk that are kept in memory until they are written as a segment, 20 bytes each.
    static let searchPostingCountMax = 1 << 20
    /// Collections, over all organizations, that keep such pairs at once.
    static let searchBuildCountMax = 2
    /// Segments of a search, behind which an update waits until some are merged.
    static let searchSegmentCountMax = 64
    /// Neighbouring segments of like size that are made one.
    static let searchMergeCount = 4
    /// Words whose count is kept, of each open search.
    static let searchWordCacheCountMax = 4_096
    /// Searches that are open.
    static let openSearchCountMax = 16
    /// How long a query waits for a search file that is being made, in seconds.
    static let searchWaitSeconds: Double = 10
    /// Entries of one page of changes.
    public static let changePageCountMax = 500

    // The console.
    /// How long somebody stays signed in, in seconds.
    public static let consoleSessionSeconds = 12 * 3_600
    /// Sessions at once.
    public static let consoleSessionCountMax = 4_096
    /// Sessions of one key at once.
    public static let consoleSessionCountMaxOfKey = 64
    /// Characters of a key's name.
    public static let keyNameLengthMax = 100
    /// Valid keys of an organization in one environment, behind which the console makes no other.
    public static let keyCountMax = 1_000
    /// How long a key's last use is not noted again, in seconds.
    public static let keyUseSeconds: Double = 3_600

    // MARK: Webhooks

    /// Endpoints of an organization in one environment.
    public static let webhookEndpointCountMax = 20
    /// Collections of an endpoint's filter, and syncs.
    public static let webhookFilterCountMax = 10
    /// Bytes of an endpoint's URL.
    public static let webhookURLByteCountMax = 2_048
    /// Bytes of an endpoint's description.
    public static let webhookDescriptionByteCountMax = 1_024
    /// Random bytes of a secret; the standard wants 24 to 64.
    static let webhookSecretByteCount = 32
    /// How long a replaced secret signs beside the new one, in seconds.
    public static let webhookSecretOverlapSeconds: Double = 24 * 3_600
    /// Seconds from a failed attempt to the next one: the standard's example.
    static let webhookRetrySeconds: [Double] = [
        5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600,
    ]
    /// Such a share may be added to them by chance.
    static let webhookJitterShare = 0.1
    /// The longest wait that a receiver can ask for, in seconds.
    static let webhookRetryAfterSecondsMax: Double = 24 * 3_600
    /// The longest time from an attempt's start to the end of its answer, in seconds.
    static let webhookTimeoutSeconds = 20
    /// Requests in flight, of all organizations, and of one; an endpoint has one.
    static let webhookRequestCountMax = 32
    static let webhookOrganizationRequestMax = 4
    /// Bytes of an answer's head, and of its body, which nobody reads.
    static let webhookHeadByteCountMax = 16 << 10
    static let webhookAnswerByteCount = 4 << 10
    /// How often is looked for deliveries that are due, in seconds; new ones are sent at once.
    static let webhookLookSeconds = 2
    /// Deliveries of an endpoint that are kept.
    public static let webhookDeliveryCountMax = 2_000
    /// Deliveries of an endpoint that are still to be sent, behind which the oldest are given up.
    static let webhookPendingCountMax = 20_000
    /// How long a delivery is kept, in seconds.
    public static let webhookDeliverySeconds: Double = 30 * 86_400
    /// Attempts of a delivery that are kept.
    public static let webhookAttemptCountMax = 50
    /// How old a failed delivery may be that is recovered, in seconds.
    public static let webhookRecoverySeconds: Double = 7 * 86_400

    // MARK: Syncs

    /// Syncs of an organization in one environment.
    public static let syncCountMax = 200
    /// Minutes between two runs of a sync: up to a year.
    public static let syncIntervalMinutes = 5...(366 * 24 * 60)
    /// How often is looked for syncs that are due, in seconds, and how many are started at a look.
    static let syncLookSeconds = 5
    static let syncStartCountMax = 100
    /// Bytes of a key, by S3.
    static let keyByteCountMax = 1_024
}
