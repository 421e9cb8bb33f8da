/// A range of a listing's keys, in the order of their bytes.
public struct KeyRange: Sendable, Hashable {
    /// The range begins behind this key (nil: with the first one there is).
    public var after: [UInt8]?
    /// The last key that may be in it (nil: it goes to the end of the listing).
    public var last: [UInt8]?

    /// A range; without bounds, the whole listing.
    public init(after: [UInt8]? = nil, last: [UInt8]? = nil) {
        self.after = after
        self.last = last
    }
}
