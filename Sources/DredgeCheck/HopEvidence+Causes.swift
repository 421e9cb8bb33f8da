import Dredge
import DredgeAWS
import DredgePolicy

/// The sentences for each cause of a refused role.
extension HopEvidence {
    var trust: PasteDocument? { CheckDocuments.trust(of: hop, externalID: hop.externalID, principal: caller) }
    var assume: PasteDocument? { CheckDocuments.assume(hop, title: "Policy for \(holder)") }
    var trustPlace: String {
        "the role's trust policy (IAM console of account \(roleAccount ?? "…"), Roles, "
            + "\(roleName), Trust relationships)"
    }

    /// Who asks, for a sentence.
    var holder: String { caller?.words ?? "the identity that asks" }

    var externalID: CheckCause {
        guard let id = hop.externalID else {
            return CheckCause(
                .externalIDMissing, "The role demands an external ID, and the config has none.",
                because:
                    "An external ID is a word that the role's owner and you have agreed on (sts:ExternalId in the "
                    + "trust policy). Roles that are made for other companies usually demand one.",
                change: RequiredChange(
                    .you,
                    "Ask the owner of account \(roleAccount ?? "…") which external ID the trust policy of \(roleName) "
                        + "demands, and write it under role_arn as external_id: …"
                ))
        }
        return CheckCause(
            .externalIDWrong, "The external ID of the config is not the one that the role demands.",
            because:
                "The config has \(id). AWS compares it with sts:ExternalId in the role's trust policy, character by "
                + "character: capital letters, blanks and quotes count.",
            change: RequiredChange(
                .roleAccount(roleAccount),
                "Compare sts:ExternalId in \(trustPlace) with \(id). Either correct it there, as in the statement "
                    + "below, or tell the right one to who runs Dredge, to be written as external_id in the config.",
                trust))
    }

    var callerNotTrusted: CheckCause {
        var what =
            "Add the statement below to \(trustPlace), or put the policy in its place if nobody else is to "
            + "use the role."
        if let id = hop.externalID {
            what +=
                " First compare the sts:ExternalId that stands there with the config's \(id): AWS refuses a wrong one "
                + "in the same words."
        } else if !isSameAccount {
            what += " If that account is another company's, agree with it on an external ID, and add that too."
        }
        switch caller?.kind {
        case .role where isFirst:
            what += " If \(holder) has a path, such as service-role/, write its ARN as the IAM console shows it."
        case .singleSignOnRole:
            what +=
                " (You are logged in by IAM Identity Center. The name of its role changes, so the policy "
                + "names the account and a pattern.)"
        default: break
        }
        return CheckCause(
            .callerNotTrusted, "The role's trust policy does not name \(holder).",
            because:
                "A trust policy lists who may use a role. The one who asks is \(callerName); a policy that names "
                + "another user, role or account refuses it.",
            change: RequiredChange(.roleAccount(roleAccount), what, trust))
    }

    var callerMayNotAssume: CheckCause {
        return CheckCause(
            .callerMayNotAssume, "\(holder.asSentence.dropLast()) may not use the role, by its own policies.",
            because: isSameAccount
                ? "An identity needs sts:AssumeRole on the role, unless the role's trust "
                    + "policy names just that identity."
                : "Between two accounts both sides must allow it: the role's trust policy, "
                    + "and a policy of \(callerName).",
            change: RequiredChange(
                .callerAccount(caller?.account),
                "Give \(holder) this policy (\(caller?.policyPlace ?? "IAM console")).", assume))
    }

    var roleMissing: CheckCause {
        CheckCause(
            .roleMissing, "There is no such role.",
            because: "For a role that does not exist AWS gives the same answer.",
            change: RequiredChange(
                .roleAccount(roleAccount),
                "Check that account \(roleAccount ?? "…") has a role \(roleName), with this path and spelling (IAM "
                    + "console, Roles; the ARN stands on its page), and send its ARN to who runs Dredge."
            ))
    }

    var roleMadeAnew: CheckCause {
        CheckCause(
            .roleMadeAnew, "The user or role that the trust policy names was deleted and made anew.",
            because:
                "AWS remembers who is trusted by an internal ID, not by name: one of the same name that was made later "
                + "is a stranger. The trust policy then shows an ID (AROA… or AIDA…) instead of an ARN.",
            change: RequiredChange(.roleAccount(roleAccount), "Save the trust policy again, as below.", trust))
    }

    var deniedAbove: CheckCause {
        CheckCause(
            .deniedAbove, "A policy above both sides forbids it.",
            because:
                "A service control policy of an AWS organization, a permissions boundary, or the policy of a VPC "
                + "endpoint on the way to AWS can refuse what both sides allow.",
            change: RequiredChange(
                .organization(caller?.account),
                "Look for sts:AssumeRole in those policies; the event in CloudTrail may name "
                    + "the kind of policy that refused."
            ))
    }

    func denied(by kind: Denial.PolicyKind) -> CheckCause {
        CheckCause(
            .deniedExplicitly, isCertain: true, "A statement forbids it, in \(kind.name(.role)).",
            because: "AWS says so: an explicit deny. It outweighs whatever allows the role.",
            change: RequiredChange(
                Denial.party(for: kind, caller: caller?.account, owner: roleAccount, owns: .role),
                "Find the statement with \"Effect\": \"Deny\" in \(kind.name(.role)) that covers sts:AssumeRole on "
                    + "\(hop.roleARN), and except this role from it."
            ))
    }

    func notAllowed(by kind: Denial.PolicyKind) -> CheckCause {
        CheckCause(
            .deniedAbove, isCertain: true, "It is not allowed by \(kind.name(.role)).",
            because:
                "AWS says so. Such a policy sets a limit: what it does not allow is refused, whatever others allow.",
            change: RequiredChange(
                Denial.party(for: kind, caller: caller?.account, owner: roleAccount, owns: .role),
                "Allow sts:AssumeRole on \(hop.roleARN) in \(kind.name(.role)), too.",
                // The policy of an endpoint has another form, with principals.
                kind == .endpoint ? nil : CheckDocuments.assume(hop, title: "What must be allowed there, too")))
    }

    var rootUser: CheckCause {
        CheckCause(
            .callerIsRootUser, isCertain: true, "These are the keys of the account's root user, which can't use roles.",
            because: "AWS refuses AssumeRole to root users, whatever policies say.",
            change: RequiredChange(
                .you,
                "Make an IAM user or role for Dredge, give it this policy, and use its credentials. Then "
                    + "delete the root user's access keys.",
                CheckDocuments.assume(hop, title: "Policy for the new user or role")))
    }

    var tagsNotTrusted: CheckCause {
        CheckCause(
            .tagsNotTrusted, isCertain: true, "The role's trust policy does not allow session tags.",
            because: "Without the tags of the config AWS lets you use the role.",
            change: RequiredChange(
                .roleAccount(roleAccount),
                "Add the statements below, which allow sts:TagSession too, to \(trustPlace). "
                    + "Or take tags out of the config.",
                trust))
    }

    var sourceIdentityNotTrusted: CheckCause {
        CheckCause(
            .sourceIdentityNotTrusted, isCertain: true, "The role's trust policy does not allow a source identity.",
            because: "Without the source_identity of the config AWS lets you use the role.",
            change: RequiredChange(
                .roleAccount(roleAccount),
                "Add the statements below, which allow sts:SetSourceIdentity too, to \(trustPlace). Or take "
                    + "source_identity out of the config.",
                trust))
    }

    func trustedElsewhere(_ name: String) -> CheckCause {
        CheckCause(
            .trustedElsewhere, isCertain: true, "The role trusts \(name), not the role before it in the chain.",
            because: "Asked by \(name), AWS allows it; asked by \(callerName), it doesn't.",
            change: RequiredChange(
                .you,
                "Take the role before it out of assume_role in the config. Or have the role's trust policy name "
                    + "\(caller?.arn ?? callerName), as below.",
                trust))
    }

    func notNeeded(_ role: String) -> CheckCause {
        CheckCause(
            .trustedElsewhere, isCertain: true,
            "This role is not needed: the last role of the chain trusts \(holder) directly.",
            because: "Without this role between, AWS lets \(callerName) use \(role).",
            change: RequiredChange(.you, "Take \(hop.roleARN) out of assume_role in the config."))
    }
}
