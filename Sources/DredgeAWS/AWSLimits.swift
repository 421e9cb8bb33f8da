/// Every limit of this layer.
public enum AWSLimits {
    /// AssumeRole calls of one chain. AWS itself has no limit; a longer chain is a mistake.
    public static let hopCountMax = 10
    /// `DurationSeconds`, least (STS API reference, AssumeRole).
    public static let durationMin: Duration = .seconds(900)
    /// `DurationSeconds`, most.
    public static let durationMax: Duration = .seconds(43_200)
    /// The same for a role that is assumed with a role's session ("role chaining", IAM User Guide).
    public static let chainedDurationMax: Duration = .seconds(3600)
    /// Tags of a session (STS API reference).
    public static let tagCountMax = 50

    /// Attempts of one STS call.
    static let stsAttemptCountMax = 5
    /// Full jitter doubles from here for failures of the service and the network…
    static let stsRetryDelayMin = 0.1
    /// …from here for throttling…
    static let stsThrottleDelayMin = 1.0
    /// …and ends here. Seconds.
    static let stsRetryDelayMax = 5.0
    /// Bytes of an STS answer. A real one has about 2 KiB.
    static let stsAnswerByteCountMax = 256 << 10
    /// Characters of a service's message that an error repeats.
    static let messageCharacterCountMax = 2000

    /// A session is refreshed in the background from here before its expiration, or from a quarter of its life where that is shorter.
    static let advisoryWindowMax = 900.0
    /// No request is signed any more from here before its expiration, or from a sixth of its life where that is shorter. Seconds.
    static let mandatoryWindowMax = 600.0
    /// A failed refresh in the background is tried again after this, or after a twentieth of the life where that is shorter. Seconds.
    static let advisoryRetryDelayMax = 60.0
    /// Clocks that differ by more than this explain a refused signature (AWS allows 5 minutes for most services, 15 for S3). Seconds.
    static let clockSkewMax = 240.0

    /// Bytes of a config or credentials file.
    static let configFileByteCountMax = 4 << 20

    /// Levels of a policy's JSON; a policy in a template has some fifteen.
    static let policyDepthMax = 64
}
