/// What to run at once, as `many-runs` writes it.
struct Plan: Decodable {
    /// One run, into a store of its own.
    struct Item: Decodable {
        var bucket: String
        var endpointURL: String
        /// Reads by way of a role, which this service gives out; nil: with the keys of the environment.
        var stsEndpointURL: String?
        /// Stops the run after so many seconds; nil: never.
        var stopAfterSeconds: Double?
    }

    /// The budget that all runs share, in bytes.
    var memoryByteCount: Int
    /// Where the stores are made.
    var folder: String
    var runs: [Item]
}

/// What became of a run.
struct Ending: Encodable {
    var bucket: String
    /// An outcome of `RunReport`, or the code of the error that ended the run.
    var outcome: String
    /// From the first run's begin to this one's end.
    var seconds: Double
    var indexedCount: Int
    var failedReasons: [String: Int]
    var tokenCount: Int
}
