package import DredgeAWS

/// Refuses roles whose external ID protects nothing.
package struct ExternalIDRequirement {
    private let source: Source
    private let hops: [RoleHop]
    private let probe: TrustProbe

    package init(_ source: Source, hops: [RoleHop], access: STSAccess) {
        self.source = source
        self.hops = hops
        probe = TrustProbe(hops, access: access)
    }

    /// Throws where a role of the source lets in somebody who doesn't know its external ID, or where that can't be
    /// found out.
    package func verify() async throws(RunError) {
        for (index, hop) in hops.enumerated() where hop.externalID != nil {
            switch await probe.verdict(ofHop: index) {
            case .enforced: break
            case .assumableWithout: throw refusal(hop, .noneNeeded)
            case .assumableWithWrong: throw refusal(hop, .anyAccepted)
            case .unknown(let error): throw RunError(error, source: source.name)
            }
        }
    }

    private func refusal(_ hop: RoleHop, _ gap: ExternalIDGap) -> RunError {
        RunError(
            code: .overTrust, source: source.name, step: "verify the external ID of \(hop.roleARN)",
            message: "Security finding: \(gap.message(of: hop))",
            advice: """
                Ask the role's owner to add the condition {"StringEquals": {"sts:ExternalId": \
                "\(hop.externalID ?? "")"}} to every statement of its trust policy that allows sts:AssumeRole, or \
                leave out require_external_id.
                """)
    }
}

/// How a role can be assumed by somebody who does not know its external ID.
package enum ExternalIDGap: Sendable {
    /// The role has an external ID, and is given away without it.
    case noneNeeded
    /// The role is given away with an external ID that was made up.
    case anyAccepted
    /// No external ID is configured, and the role of another account demands none.
    case noneConfigured

    /// What was found of the role of `hop`, and what somebody could do with it.
    package func message(of hop: RoleHop) -> String {
        let what =
            switch self {
            case .noneNeeded:
                "The role \(hop.roleName) can be used without its external ID, so the ID protects nothing"
            case .anyAccepted:
                "The role \(hop.roleName) can be used with an external ID that was made up, so the ID protects nothing"
            case .noneConfigured:
                "The role \(hop.roleName) of another account (\(RoleARN(hop.roleARN)?.account ?? "unknown")) "
                    + "can be used without an external ID"
            }
        return what
            + ": whoever knows the role's name (its ARN) can give it to your service as if it were their own, "
            + "and have the bucket read for them."
    }
}

extension RoleHop {
    /// The last part of the role's ARN.
    package var roleName: String { roleARN.split(separator: "/").last.map(String.init) ?? roleARN }
}
