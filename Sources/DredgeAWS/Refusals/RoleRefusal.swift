/// Why an AssumeRole is denied, for all who tell of it. AWS gives one answer for many causes, so that nobody learns
/// which roles exist; some of its messages name the kind of policy that decided.
package enum RoleRefusal: Sendable, Hashable {
    /// A statement forbids it.
    case denied(by: Denial.PolicyKind)
    /// A policy that sets a limit leaves it out.
    case limited(by: Denial.PolicyKind)
    case callerIsRootUser
    case callerMayNotAssume
    case callerNotTrusted
    /// A wrong one, or none where one is demanded.
    case externalID
    case roleMissing
    /// Who is trusted was deleted and made anew.
    case callerMadeAnew
    /// By a policy that no message names.
    case deniedAbove
    case tagsNotTrusted
    case sourceIdentityNotTrusted

    /// The likeliest first; one that stands alone is certain.
    /// - Parameter caller: nil: not known.
    package static func ranked(_ hop: RoleHop, caller: CallerPrincipal?, denial: Denial) -> [RoleRefusal] {
        if caller?.kind == .rootUser { return [.callerIsRootUser] }
        let ofValues: [RoleRefusal] =
            (hop.tags.isEmpty ? [] : [.tagsNotTrusted])
            + (hop.sourceIdentity == nil ? [] : [.sourceIdentityNotTrusted])
        switch denial.decision {
        case .denied(let kind): return [.denied(by: kind)]
        case .notAllowed(by: .identity): return [.callerMayNotAssume]
        case .notAllowed(by: .trust), .notAllowed(by: .resource):
            return [.callerNotTrusted, .externalID, .callerMadeAnew] + ofValues
        case .notAllowed(let kind): return [.limited(by: kind)]
        case .unknown: break
        }
        guard let caller, caller.account == RoleARN(hop.roleARN)?.account else {
            return [.externalID, .callerNotTrusted, .callerMayNotAssume, .roleMissing, .callerMadeAnew, .deniedAbove]
                + ofValues
        }
        // Within one account roles seldom demand an external ID.
        return
            (hop.externalID == nil
            ? [.callerNotTrusted, .callerMayNotAssume, .roleMissing, .externalID]
            : [.callerNotTrusted, .externalID, .callerMayNotAssume, .roleMissing]) + [.deniedAbove] + ofValues
    }
}

extension RoleRefusal {
    /// What to look at, for who reads the refusal of `hop`, as that of `signer` denied with `denial`.
    static func advice(_ hop: RoleHop, signer: String, denial: Denial) -> String {
        let caller = denial.caller.flatMap { CallerPrincipal(callerARN: $0) }
        let causes = ranked(hop, caller: caller, denial: denial).map { $0.clause(hop, signer: signer) }
        if causes.count == 1 { return "AWS says that \(causes[0])." }
        let list = causes.enumerated().map { "(\($0 + 1)) \($1)" }.joined(separator: "; ")
        return denial.decision == .unknown
            ? "AWS gives the same answer for all of these, likely ones first: \(list)."
            : "AWS says that it is the role's trust policy that doesn't allow it, likely ones first: \(list)."
    }

    /// For the middle of a sentence.
    private func clause(_ hop: RoleHop, signer: String) -> String {
        switch self {
        case .denied(let kind):
            "a statement forbids it, in \(kind.name(.role)): find the one with \"Effect\": \"Deny\" that covers "
                + "sts:AssumeRole on the role, and except the role from it"
        case .limited(let kind): "\(kind.name(.role)) doesn't allow it: allow sts:AssumeRole on the role there, too"
        case .callerIsRootUser:
            "these are the keys of the account's root user, which can't assume roles: use those of an IAM user or role"
        case .callerMayNotAssume:
            "the own policies of the principal of \(signer) don't allow sts:AssumeRole on this role"
        case .callerNotTrusted: "the trust policy doesn't name the principal of \(signer)"
        case .externalID:
            hop.externalID == nil
                ? "the role's trust policy demands an external ID (sts:ExternalId), and none was sent"
                : "the external ID that was sent isn't the one that the role's trust policy demands (sts:ExternalId)"
        case .roleMissing: "the role doesn't exist: check account, path and spelling"
        case .callerMadeAnew:
            "the principal that the trust policy names was deleted and made anew: save the trust policy again"
        case .deniedAbove:
            "a policy above both sides forbids it: a service control policy, a permissions boundary, the policy of a "
                + "VPC endpoint"
        case .tagsNotTrusted: "the trust policy doesn't allow sts:TagSession, which session tags need"
        case .sourceIdentityNotTrusted: "the trust policy doesn't allow sts:SetSourceIdentity"
        }
    }
}
