/// Transfers that are under way.
public struct OpenTransfers: Sendable, Hashable {
    /// How many.
    public var count: Int
    /// The URL of the one that began first, without its query.
    public var firstURL: String
    /// When that one began.
    public var firstBegan: ContinuousClock.Instant
}
