import Dredge
import DredgeAWS
import DredgeS3
import DredgeTransfer

/// Causes of a call that failed before anybody decided on permissions: credentials, clocks, networks, services.
enum CallCauses {
    static func causes(of error: AWSError) -> [CheckCause] {
        switch error.code {
        case .expiredBaseCredentials:
            [
                expired(
                    "Your credentials have run out.",
                    because: "They are temporary, and AWS says that their time is over.",
                    error.isOfProvider
                        ? error.advice
                        : "Log in again (for example with aws sso login), or put fresh keys where these came from.")
            ]
        case .unknownBaseCredentials: [unknownKey("AWS", error.advice)]
        case .wrongSecretKey: wrongSecret("AWS")
        case .signatureRefused: changedRequest("AWS")
        case .clockSkewed: [clock(error.message)]
        case .unreachable: [unreachable(error.transferCode, error.message, advice: error.advice)]
        case .throttled: [throttled]
        case .regionDisabled:
            [
                CheckCause(
                    .regionNotActive, isCertain: true, "STS is not active in that region for that account.",
                    because: "AWS says so (RegionDisabledException).",
                    change: RequiredChange(
                        .you,
                        "Name another region for this role (region: us-east-1 under role_arn), or ask the role's owner "
                            + "to activate STS there: IAM console, Account settings."
                    ))
            ]
        case .serviceFailure where error.isOwnFailure: [ownFailure(because: error.message)]
        case .malformedAnswer where error.isOfProvider, .serviceFailure where error.isOfProvider,
            .accessDenied where error.isOfProvider:
            [
                CheckCause(
                    .noCredentials, isCertain: true, "What was to give the credentials did not.",
                    because: error.message, change: RequiredChange(.you, error.advice))
            ]
        case .malformedAnswer, .serviceFailure:
            [
                CheckCause(
                    error.code == .malformedAnswer ? .notTheService : .serviceFailed, "What answered may not be STS.",
                    because: error.message,
                    change: RequiredChange(
                        .you, "Check the STS endpoint, and any proxy or log-in page on the way to it. \(error.advice)"))
            ]
        case .cancelled: [tookTooLong]
        case .noCredentials, .profileNotFound, .malformedConfigFile, .unsupportedConfig:
            [
                CheckCause(
                    .noCredentials, isCertain: true, "There are no credentials to sign requests with.",
                    because: error.providers.isEmpty
                        ? error.message
                        : "None of the places where AWS programs look for credentials has any, see above.",
                    change: RequiredChange(.you, error.advice))
            ]
        case .accessDenied, .invalidParameter:
            [
                CheckCause(
                    .invalidSource, isCertain: true, "The call can't be made with these settings.",
                    because: error.message,
                    change: RequiredChange(.you, error.advice))
            ]
        }
    }

    /// nil: it is about permissions, or about the bucket or object itself.
    static func causes(of error: S3Error) -> [CheckCause]? {
        if error.isOwnFailure { return [ownFailure(because: error.message)] }
        return switch error.code {
        case .credentials: error.cause.map { causes(of: $0) } ?? []
        case .invalidCredentials where error.serviceCode == "SignatureDoesNotMatch": wrongSecret("S3")
        case .invalidCredentials: [unknownKey("S3", error.advice)]
        case .signatureRefused: changedRequest("S3")
        case .expiredCredentials:
            [
                expired(
                    "The credentials have run out, or are not good here.", because: "S3 refuses their session token.",
                    error.advice)
            ]
        case .clockSkewed: [clock(error.advice)]
        case .unreachable: [unreachable(error.transferCode, error.message, advice: error.advice)]
        case .throttled: [throttled]
        case .serviceFailure, .shortBody:
            [
                CheckCause(
                    .serviceFailed, "S3 or the way to it is disturbed.", because: error.message,
                    change: RequiredChange(.you, "Check again in a few minutes. If it goes on, see to any proxy."))
            ]
        case .malformedAnswer:
            [
                CheckCause(
                    .notTheService, isCertain: true, "What answered is not S3.", because: error.message,
                    change: RequiredChange(.you, error.advice))
            ]
        case .cancelled: [tookTooLong]
        default: nil
        }
    }

    private static func expired(_ summary: String, because evidence: String, _ advice: String) -> CheckCause {
        CheckCause(
            .credentialsExpired, isCertain: true, summary, because: evidence, change: RequiredChange(.you, advice))
    }

    private static func unknownKey(_ service: String, _ advice: String) -> CheckCause {
        CheckCause(
            .accessKeyUnknown, isCertain: true, "\(service) does not know the access key.",
            because: "\(service) looks it up before anything else, and did not find it.",
            change: RequiredChange(.you, advice))
    }

    /// A signature of keys that no service has taken yet.
    private static func wrongSecret(_ service: String) -> [CheckCause] {
        [
            CheckCause(
                .secretKeyWrong, "The secret access key does not belong to the access key.",
                because:
                    "\(service) knows the access key, but the signature that was made with the secret does not fit.",
                change: RequiredChange(
                    .you,
                    "Copy the secret access key again, without blanks or quotes, and with it the access key ID and the "
                        + "session token if there is one. If it is lost, make a new access key: a secret is shown only "
                        + "once.")),
            changedOnTheWay(service),
        ]
    }

    /// A signature of keys that are known to be right.
    private static func changedRequest(_ service: String) -> [CheckCause] {
        var changed = changedOnTheWay(service)
        changed.evidence =
            "The keys that signed are right: a service made them for this check, or took a request that "
            + "they signed. So what was signed came otherwise than it was sent."
        return [
            changed,
            CheckCause(
                .serviceFailed, "\(service) is in trouble, and refuses what is right.",
                because: "It took such requests before.", change: again),
        ]
    }

    private static func changedOnTheWay(_ service: String) -> CheckCause {
        CheckCause(
            .requestChanged, "Something on the way to \(service) changes requests.",
            because: "A signature covers method, path, query and headers: a proxy that rewrites one of them breaks it.",
            change: RequiredChange(
                .you, "Try without the proxy (NO_PROXY), or another endpoint URL that leads to the service directly."))
    }

    /// The service says that it is itself at fault.
    private static func ownFailure(because evidence: String) -> CheckCause {
        CheckCause(
            .serviceFailed, isCertain: true, "The service has a failure of its own.", because: evidence, change: again)
    }

    private static let again = RequiredChange(
        .service,
        "Nothing of yours. Check again in a few minutes; if it goes on, give the request ID above to the service's "
            + "support.")

    static let tookTooLong = CheckCause(
        .tookTooLong, isCertain: true, "No answer came in time.",
        because: "The check of a source ends after a while, whatever it waits for.",
        change: RequiredChange(
            .you, "See whether a firewall or a proxy holds back the connection without refusing it, then check again."))

    static func clock(_ message: String) -> CheckCause {
        CheckCause(
            .clockIsWrong, isCertain: true, "This machine's clock is wrong.", because: message,
            change: RequiredChange(
                .you, "Set the clock by NTP (for example: timedatectl set-ntp true), then check again."))
    }

    /// A clock that a run copes with: it signs with the service's time.
    static func clock(secondsAhead: Double) -> CheckCause {
        let minutes = Int((abs(secondsAhead) / 60).rounded())
        return CheckCause(
            .clockIsWrong, isCertain: true,
            "This machine's clock is \(minutes) minutes \(secondsAhead > 0 ? "ahead of" : "behind") the service's.",
            because: "The service's answers bear its own time.",
            change: RequiredChange(
                .you,
                "Set the clock by NTP (for example: timedatectl set-ntp true). Until then Dredge "
                    + "signs with the service's time."
            ))
    }

    private static let throttled = CheckCause(
        .throttled, isCertain: true, "AWS asks to slow down.",
        because: "It refused the call as one too many, also after several attempts.",
        change: RequiredChange(
            .you, "Check again in a minute. If that goes on, find what else calls AWS with this account."))

    /// Tells a host name that doesn't exist from an address where nothing answers.
    private static func unreachable(_ code: TransferError.Code?, _ message: String, advice: String) -> CheckCause {
        // curl tells how long it took, which is of no use here.
        let message = message.replacing(#/ after [0-9]+ ms/#, with: "")
        if code == .couldNotResolve {
            return CheckCause(
                .nameNotFound, isCertain: true, "The host's name does not exist, as far as this machine can tell.",
                because: message,
                change: RequiredChange(
                    .you,
                    "Check the spelling of the endpoint and of the region; a VPC endpoint's private name exists only "
                        + "inside its VPC. Else see to this machine's DNS."
                ))
        }
        // A handshake that was broken off, or got no answer, has another code.
        if code == .tls || code == .certificate || message.contains("SSL") {
            return CheckCause(
                .tlsFailed, isCertain: true, "The encrypted connection could not be set up.", because: message,
                change: RequiredChange(
                    .you,
                    "If a proxy or a private service signs with a certificate authority of its own, name its file in "
                        + "AWS_CA_BUNDLE. Check also https against http in the endpoint URL."
                ))
        }
        return CheckCause(
            .notReachable, isCertain: true, "Nothing answers there.", because: message,
            change: RequiredChange(.you, advice))
    }
}
