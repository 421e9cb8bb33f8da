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
    /// Time of one attempt, after which it counts as unanswered.
    static let stsAttemptDurationMax: Duration = .seconds(10)
    /// Bytes of an STS answer. A real one has about 2 KiB.
    static let stsAnswerByteCountMax = 256 << 10
    /// Characters of a service's message that an error repeats.
    static let messageCharacterCountMax = 2000

    /// A session is refreshed in the background from here before its expiration, or from a quarter of its life where
    /// that is shorter.
    static let advisoryWindowMax = 900.0
    /// No request is signed any more from here before its expiration, or from a sixth of its life where that is
    /// shorter. Seconds.
    static let mandatoryWindowMax = 600.0
    /// A failed refresh in the background is tried again after this, or after a twentieth of the life where that is
    /// shorter. Seconds.
    static let advisoryRetryDelayMax = 60.0
    /// The longest rest before a refresh that callers wait for, where those before it have failed. Seconds.
    static let refreshRestMax = 5.0
    /// Clocks that differ by more than this explain a refused signature (AWS allows 5 minutes for most services, 15 for
    /// S3). Seconds.
    static let clockSkewMax = 240.0
    /// A correction of the same direction is told again after this. Seconds.
    static let clockTellingInterval = 3600.0

    /// Bytes of a config or credentials file.
    static let configFileByteCountMax = 4 << 20
    /// Bytes of a file with a token in it: web identity, container authorization, SSO.
    static let tokenFileByteCountMax = 64 << 10
    /// Characters of a web identity token (STS API reference, AssumeRoleWithWebIdentity).
    static let webIdentityTokenCountMax = 20_000

    /// A request to the instance's metadata, in all.
    static let metadataTimeout: Duration = .seconds(1)
    /// What AWS_METADATA_SERVICE_TIMEOUT may make of it, in seconds…
    static let metadataTimeoutSeconds = 1...60
    /// …and AWS_METADATA_SERVICE_NUM_ATTEMPTS of the number of attempts.
    static let metadataAttemptCount = 1...10
    /// How long a token of the instance's metadata is good, in seconds: the longest there is.
    static let metadataTokenLife = 21_600
    /// The instance's metadata has new credentials at least so long before the old ones end (EC2 User Guide, "Retrieve
    /// security credentials from instance metadata"): an answer that ends sooner is one that could not be renewed.
    /// Seconds.
    static let metadataRenewalMargin = 300.0
    /// Credentials that could not be renewed are used on for so long before the metadata are asked again. Seconds.
    static let staticStabilityDelay = 300.0...600.0
    /// A request to the container's endpoint, in all.
    static let containerTimeout: Duration = .seconds(2)
    /// A login of SSO is renewed from here before its end (as botocore has it). Seconds.
    static let ssoRenewalWindow = 900.0
    /// A request to the SSO portal, in all.
    static let ssoTimeout: Duration = .seconds(20)
    /// Attempts of a request to an endpoint that gives credentials.
    static let endpointAttemptCountMax = 3
    /// Full jitter between two of them, up to this. Seconds.
    static let endpointRetryDelayMax = 1.0

    /// Bytes that a credential_process may print (as the AWS SDK for Java has it).
    static let processOutputByteCountMax = 64_000
    /// How long it may take (as the AWS SDK for Go has it).
    static let processTimeout: Duration = .seconds(60)
    /// After SIGTERM it has this long before SIGKILL.
    static let processGracePeriod: Duration = .seconds(2)
    /// Profiles that name each other as their source.
    static let profileCountMax = hopCountMax
}
