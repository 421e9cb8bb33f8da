package import DredgeAWS

/// Which bucket, where, and how patiently.
public struct S3ClientSettings: Sendable {
    /// The bucket's name, without `s3://`, or an access point's ARN.
    public var bucket: String
    /// nil: AWS_REGION, AWS_DEFAULT_REGION, the profile's, else us-east-1; corrected from the service's answers.
    public var region: String?
    /// The partition whose credentials sign, as in an ARN, for example `aws-cn`: where nobody names a region of it, the
    /// search begins with its default region. nil: that of the region.
    public var partition: String?
    /// `http://` or `https://`, host, optional port and base path. nil: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the
    /// profile's, else AWS's own.
    public var endpointURL: String?
    /// nil: path style for custom endpoints and for bucket names that DNS or TLS can't carry, else virtual-host style.
    public var pathStyle: Bool?
    /// The account that must own the bucket, told with every request; S3 refuses with `AccessDenied` where another one
    /// does. nil: any.
    public var expectedBucketOwner: String?
    /// Whether every request says that the requester pays.
    public var requestPayer: Bool
    /// nil: `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`, else no.
    public var useFIPS: Bool?
    /// nil: `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint`, else no.
    public var useDualStack: Bool?
    /// Whether only addresses of the public internet are asked, see `HTTPRequest.refusesPrivateAddresses`.
    public var refusesPrivateAddresses = false
    /// Whether the session of a role that the source names signs: for what a refusal most likely means.
    package var isReadByRole = false
    /// How often and how fast a request is repeated.
    public var retry: RetryPolicy

    /// Settings of one bucket.
    public init(
        bucket: String, region: String? = nil, partition: String? = nil, endpointURL: String? = nil,
        pathStyle: Bool? = nil,
        expectedBucketOwner: String? = nil, requestPayer: Bool = false, useFIPS: Bool? = nil, useDualStack: Bool? = nil,
        retry: RetryPolicy = .init()
    ) {
        self.bucket = bucket
        self.region = region
        self.partition = partition
        self.endpointURL = endpointURL
        self.pathStyle = pathStyle
        self.expectedBucketOwner = expectedBucketOwner
        self.requestPayer = requestPayer
        self.useFIPS = useFIPS
        self.useDualStack = useDualStack
        self.retry = retry
    }
}

extension S3ClientSettings {
    /// Why no client can work with these; nil: one can. Every request of a client tells the same.
    package func problem(environment: [String: String]) -> EndpointProblem? {
        do throws(EndpointProblem) {
            try check()
            _ = try BucketLocator(settings: self, environment: environment)
            return nil
        } catch {
            return error
        }
    }

    /// Throws for what would break a request.
    func check() throws(EndpointProblem) {
        guard let owner = expectedBucketOwner, !ARN.isAccountID(owner) else { return }
        throw EndpointProblem(
            message: "the bucket owner \"\(printable(owner.utf8, scalarCountMax: 80))\" is not an AWS account ID",
            advice: "Give the twelve digits of the account that owns the bucket, or none.")
    }
}
