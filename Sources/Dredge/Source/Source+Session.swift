package import DredgeAWS
package import DredgeTransfer

extension Source {
    /// What the session of the source's last role is narrowed to.
    package var scope: SourceScope { SourceScope(bucket: bucket, prefix: prefix, kmsKeyARN: kmsKeyARN) }

    /// The roles to assume, with the names of their sessions filled in; none where no role is assumed.
    package func hops(runName: String) -> [RoleHop] {
        guard case .assumeRole(let hops) = auth else { return [] }
        return hops.named(runID: runName, source: name)
    }

    /// How STS is asked for the source.
    package func stsAccess(
        runName: String, base: BaseSource, environment: [String: String], transfer: TransferLoop,
        onWarning: @escaping @Sendable (String) -> Void
    ) -> STSAccess {
        STSAccess(
            base: base,
            defaultSessionName: SessionName.filled(SessionName.defaultTemplate, runID: runName, source: name),
            region: region, endpointURL: stsEndpointURL, useFIPS: useFIPS, useDualStack: useDualStack,
            environment: environment, transfer: transfer, onWarning: onWarning)
    }

    /// Why `requireExternalID` can't hold of the source; nil: it can, or isn't asked for.
    ///
    /// The last role is the one of the bucket's owner. Roles on the way to it may be of one's own account, where external IDs have no use.
    package var externalIDProblem: String? {
        guard requireExternalID else { return nil }
        guard case .assumeRole(let hops) = auth else {
            return "An external ID is required, and the source assumes no role."
        }
        return hops.last?.externalID == nil ? "An external ID is required, and the last role has none." : nil
    }
}

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

    /// Throws where a role of the source lets in somebody who doesn't know its external ID, or where that can't be found out.
    package func verify() async throws(RunError) {
        for (index, hop) in hops.enumerated() where hop.externalID != nil {
            switch await probe.verdict(ofHop: index) {
            case .enforced: break
            case .assumableWithout: throw refusal(hop, .roleWithoutExternalID)
            case .assumableWithWrong: throw refusal(hop, .roleWithAnyExternalID)
            case .unknown(let error): throw RunError(error, source: source.name)
            }
        }
    }

    private func refusal(_ hop: RoleHop, _ code: Finding.Code) -> RunError {
        RunError(
            code: .overTrust, source: source.name, step: "verify the external ID of \(hop.roleARN)",
            message: "Security finding: \(code.message(of: hop))",
            advice: """
                Ask the role's owner to add the condition {"StringEquals": {"sts:ExternalId": "\(hop.externalID ?? "")"}} to every \
                statement of its trust policy that allows sts:AssumeRole, or leave out require_external_id.
                """)
    }
}
