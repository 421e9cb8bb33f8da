internal import Dredge
internal import DredgeAWS

/// An S3 service that requests may name.
public struct AllowedEndpoint: Sendable, Hashable {
    /// As requests write it: `https://s3.example.com`.
    public var url: String
    /// Whether it is asked at addresses that are not of the public internet too: it is in the operator's own network.
    public var mayBePrivate: Bool

    /// One that must be on the public internet unless said otherwise.
    public init(_ url: String, mayBePrivate: Bool = false) {
        self.url = url
        self.mayBePrivate = mayBePrivate
    }
}

/// What an operator decides.
public struct ServiceConfiguration: Sendable {
    /// S3 services that requests may name.
    public var allowedEndpoints: [AllowedEndpoint] = []
    /// Jobs that run at once.
    public var runningJobCount = ServiceLimits.runningJobCountMax
    /// Stands before each external ID.
    public var externalIDPrefix = "cap_org_"
    /// The role's session name: `{organization}` stands for the first twelve digits of the organization's identifier,
    /// `{job}` for the job's identifier without `job_`.
    public var sessionNameTemplate = "captain-customer-{organization}-{job}"
    /// Whether roles may be used that can be assumed without the external ID.
    public var allowsRolesWithoutExternalID = false
    /// The principal that customers' roles are to trust: an ARN. Nil: the one that the server's own credentials have is
    /// not known, and no documents can be made.
    public var principalARN: String?
    /// Whether webhooks may go to URLs that begin with http://.
    public var allowsInsecureWebhooks = false
    /// Whether webhooks may go to addresses that are not of the public internet: for receivers in the operator's own
    /// network.
    public var allowsPrivateWebhookAddresses = false
    /// The clock of schedules; tests have their own.
    var time = TimeSource.system

    /// All defaults.
    public init() {}

    /// The session name of a job. The rules of STS hold for whatever identifiers there are.
    func sessionName(organization: String, job: String) -> String {
        let digits = organization.filter { $0 != "-" }.prefix(12)
        return
            sessionNameTemplate
            .replacing("{organization}", with: String(digits))
            .replacing("{job}", with: job)
    }
}
