/// What is under way in an engine at a moment, of all its runs.
public struct EngineFigures: Sendable, Hashable {
    /// Reads of objects' parts that are in flight.
    public var requestCountInFlight: Int
    /// Reads that wait until they may be sent.
    public var requestCountWaiting: Int
    /// Parts that have arrived and wait for a worker.
    public var partCountWaiting: Int
    /// Bytes of memory that are reserved for what is fetched.
    public var memoryByteCount: Int
    /// The most of them.
    public var memoryByteCountMax: Int
    /// Seconds until the first session of a role that is in use ends, 0 or more; nil: none is in use. Sessions are
    /// renewed well before.
    public var sessionSecondsLeft: Double?
}
