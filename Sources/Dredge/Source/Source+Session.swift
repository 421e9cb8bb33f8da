package import DredgeAWS
package import DredgeIAM
package import DredgeTransfer
package import Logging

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
        logger: Logger = .silent, onWarning: @escaping @Sendable (String) -> Void
    ) -> STSAccess {
        var access = STSAccess(
            base: base,
            defaultSessionName: SessionName.filled(SessionName.defaultTemplate, runID: runName, source: name),
            region: region, endpointURL: stsEndpointURL, useFIPS: useFIPS, useDualStack: useDualStack,
            environment: environment, transfer: transfer, onWarning: onWarning)
        access.logger = logger
        return access
    }

    /// Why `requireExternalID` can't hold of the source; nil: it can, or isn't asked for.
    ///
    /// The last role is the one of the bucket's owner. Roles on the way to it may be of one's own account, where
    /// external IDs have no use.
    package var externalIDProblem: String? {
        guard requireExternalID else { return nil }
        guard case .assumeRole(let hops) = auth else {
            return "An external ID is required, and the source assumes no role."
        }
        return hops.last?.externalID == nil ? "An external ID is required, and the last role has none." : nil
    }
}
