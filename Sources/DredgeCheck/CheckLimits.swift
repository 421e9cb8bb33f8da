/// All limits of a check, in one place.
package enum CheckLimits {
    /// The longest that a check of one source takes, unless said otherwise.
    package static let durationMax: Duration = .seconds(120)
    /// The longest that it waits for a connection.
    static let connectTimeout: Duration = .seconds(5)
    /// The longest that it waits for the next byte.
    static let progressTimeout: Duration = .seconds(10)
    /// Connections that are open at once.
    static let connectionCountMax = 4
    /// Attempts of one request to S3.
    static let attemptCountMax = 3
    /// Pages of a listing that are looked through for an object that a run would read.
    static let pageCount = 10
    /// Listings that are asked for to name the prefixes that there are, where nothing lies under the source's.
    static let nearPrefixListingCount = 20
    /// Prefixes that are named then.
    static let nearPrefixCount = 5
}
