internal import Dredge
internal import DredgeAWS
internal import DredgePolicy

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

/// How often a key may ask: requests come in bursts, and no faster than a rate in the long run.
public struct RateLimit: Sendable, Hashable {
    /// In the long run.
    public var requestsPerSecond: Int
    /// At once, after a pause.
    public var burst: Int

    /// A limit with a burst of two seconds' requests.
    public init(requestsPerSecond: Int) {
        self.requestsPerSecond = requestsPerSecond
        burst = 2 * requestsPerSecond
    }
}

/// What an organization may do within 24 hours.
public struct Quotas: Sendable, Hashable {
    /// Jobs that it submits, those of syncs included; nil: any number.
    public var jobCountPerDay: Int?
    /// Bytes that its jobs read from buckets; nil: any number.
    public var byteCountPerDay: Int?

    /// No quotas.
    public init() {}
}

/// Who may read the server's metrics.
public enum MetricsReaders: String, Sendable, CaseIterable {
    /// Who asks from this machine, and not through a proxy.
    case local
    /// Everybody.
    case everyone
    /// Nobody.
    case off
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
    /// The principal that customers' roles are to trust: an ARN. Nil: STS is asked whose the server's own credentials
    /// are. It does not tell the path of a role's name.
    public var principalARN: String?
    /// Whether webhooks may go to URLs that begin with http://.
    public var allowsInsecureWebhooks = false
    /// Whether webhooks may go to addresses that are not of the public internet: for receivers in the operator's own
    /// network.
    public var allowsPrivateWebhookAddresses = false
    /// Jobs of an organization that run at once: less than `runningJobCount` whatever it says, so that nobody's job
    /// waits for somebody else's only.
    public var runningJobCountOfOrganization = ServiceLimits.runningJobCountOfOrganization
    /// Jobs of an organization that have not ended.
    public var openJobCountOfOrganization = ServiceLimits.openJobCountMax
    /// How often a key may ask.
    public var rateLimit = RateLimit(requestsPerSecond: 100)
    /// What each organization may do in a day.
    public var quotas = Quotas()
    /// Who may read `/metrics`, which needs no key.
    public var metricsReaders = MetricsReaders.local
    /// How long a verification may take; tests have less.
    var verificationTime = Duration.seconds(ServiceLimits.verificationSeconds)
    /// The clock of schedules; tests have their own.
    var time = TimeSource.system

    /// All defaults.
    public init() {}

    /// Why a template gives no session names that STS takes; nil: it does.
    package static func complaint(ofSessionName template: String) -> String? {
        guard template.contains("{job}") else {
            return "has no {job}, without which CloudTrail does not lead to the job"
        }
        var configuration = ServiceConfiguration()
        configuration.sessionNameTemplate = template
        let name = configuration.sessionName(
            organization: String(repeating: "0", count: 32), job: RandomToken.hexadecimal(byteCount: 12))
        return RoleHopRules.sessionName(name)
    }

    /// Why a text can't stand before each external ID; nil: it can.
    package static func complaint(ofExternalIDPrefix prefix: String) -> String? {
        if prefix.utf8.count > ServiceLimits.externalIDPrefixByteCountMax {
            return "is longer than \(ServiceLimits.externalIDPrefixByteCountMax) bytes"
        }
        return RoleHopRules.externalID(prefix + RandomToken.hexadecimal(byteCount: 12))
    }

    /// Why customers' roles can't trust this principal; nil: they can.
    package static func complaint(ofPrincipalARN text: String) -> String? {
        do throws(AWSError) {
            _ = try TrustedPrincipal(text)
            return nil
        } catch {
            return "can't be trusted by a role: \(error.message). \(error.advice)"
        }
    }

    /// The session name of a job. The rules of STS hold for whatever identifiers there are.
    func sessionName(organization: String, job: String) -> String {
        let digits = organization.filter { $0 != "-" }.prefix(12)
        return
            sessionNameTemplate
            .replacing("{organization}", with: String(digits))
            .replacing("{job}", with: job)
    }
}
