import Dredge
import DredgeAWS

/// What is known of a role that was refused, and what follows from it. AWS gives one answer for many causes, so that
/// nobody learns which roles exist; what else is refused, and what is not, tells some of them apart.
struct HopEvidence {
    let hop: RoleHop
    /// Who asked; nil: not known.
    let caller: CallerPrincipal?
    /// Whether the base credentials asked, not a role before.
    let isFirst: Bool
    let denial: Denial
    var withoutID = SourceWalk.Trial.notTried
    var withMadeUpID = SourceWalk.Trial.notTried
    var withoutTags = SourceWalk.Trial.notTried
    var withoutSourceIdentity = SourceWalk.Trial.notTried
    /// An identity earlier in the chain that may assume the role.
    var trusted: String?
    /// The last role of the chain, if the caller may assume it directly, so that this role is not needed.
    var lastRoleTrustsCaller: String?

    var roleAccount: String? { RoleARN(hop.roleARN)?.account }
    var roleName: String { hop.roleName }
    var callerName: String { denial.caller ?? caller?.arn ?? "the identity that asks" }
    var isSameAccount: Bool { caller != nil && caller?.account == roleAccount }

    /// The likeliest first. A certain one stands alone.
    func causes() -> [CheckCause] {
        let refusals = RoleRefusal.ranked(hop, caller: caller, denial: denial)
        if refusals.count == 1, let refusal = refusals.first { return [certain(refusal)] }
        if let certainCause { return [certainCause] }
        // Whether it is a value of the call was tried.
        let isByTrust = denial.decision != .unknown
        return refusals.filter { $0 != .tagsNotTrusted && $0 != .sourceIdentityNotTrusted }.map { refusal in
            var cause = cause(refusal)
            if isByTrust {
                cause.evidence =
                    "AWS says that it is the role's trust policy that doesn't allow it. " + cause.evidence
            }
            return cause
        }
    }

    /// What to look for in CloudTrail.
    var trail: String {
        let account = caller.map { "account \($0.account)" } ?? "the caller's account"
        return
            "In CloudTrail of \(account): event AssumeRole of sts.amazonaws.com, error AccessDenied, role "
            + "\(roleName), with the request ID above."
    }

    /// What AWS itself tells.
    private func certain(_ refusal: RoleRefusal) -> CheckCause {
        guard refusal == .callerMayNotAssume else { return cause(refusal) }
        return certain(
            callerMayNotAssume,
            because: "AWS says so: no policy of \(callerName) allows sts:AssumeRole on this role.")
    }

    private func cause(_ refusal: RoleRefusal) -> CheckCause {
        switch refusal {
        case .denied(let kind): denied(by: kind)
        case .limited(let kind): notAllowed(by: kind)
        case .callerIsRootUser: rootUser
        case .callerMayNotAssume: callerMayNotAssume
        case .callerNotTrusted: callerNotTrusted
        case .externalID: externalID
        case .roleMissing: roleMissing
        case .callerMadeAnew: roleMadeAnew
        case .deniedAbove: deniedAbove
        case .tagsNotTrusted: tagsNotTrusted
        case .sourceIdentityNotTrusted: sourceIdentityNotTrusted
        }
    }

    /// What the calls of the check have told.
    private var certainCause: CheckCause? {
        if withoutID == .allowed {
            return certain(
                externalID,
                because: "Without an external ID AWS lets you use the role; with the one of the config it doesn't.")
        }
        if withMadeUpID == .allowed {
            return certain(
                externalID,
                because:
                    "With an external ID that was made up AWS lets you use the role; with "
                    + "\(hop.externalID == nil ? "none" : "the one of the config") it doesn't."
            )
        }
        if withoutTags == .allowed { return tagsNotTrusted }
        if withoutSourceIdentity == .allowed { return sourceIdentityNotTrusted }
        if let trusted { return trustedElsewhere(trusted) }
        if let role = lastRoleTrustsCaller { return notNeeded(role) }
        return nil
    }

    private func certain(_ cause: CheckCause, because evidence: String) -> CheckCause {
        var cause = cause
        cause.isCertain = true
        cause.evidence = evidence
        return cause
    }
}
