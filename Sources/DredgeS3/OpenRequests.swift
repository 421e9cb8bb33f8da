/// Requests to a bucket that are under way.
public struct OpenRequests: Sendable, Hashable {
    /// How many.
    public var count: Int
    /// The key that the one that began first asks for; nil: it asks for the listing, or the bucket.
    public var firstKey: ObjectKey?
    /// When that one began: of a request that is made again, this attempt.
    public var firstBegan: ContinuousClock.Instant

    /// So many, of which this one began first.
    public init(count: Int, firstKey: ObjectKey?, firstBegan: ContinuousClock.Instant) {
        self.count = count
        self.firstKey = firstKey
        self.firstBegan = firstBegan
    }
}
