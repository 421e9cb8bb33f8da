import ArgumentParser
import DredgeAWS
import DredgePolicy

struct PolicyTrustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "The trust policy of the role that is assumed.",
        discussion: """
            With --format it makes the whole role, with its permissions if a bucket is known. In a chain, the role of \
            hop N trusts the role of hop N-1; who assumes the first role only --principal can tell.
            """,
        example: "dredge policy trust contracts.yaml > trust.json")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket
    @OptionGroup var principal: PolicyPrincipal

    @Flag(name: .customLong("without-external-id"), help: "Demand no external ID. Not for a third party.")
    var isWithoutExternalID = false

    @Option(
        name: .customLong("session-tag-key"),
        help: ArgumentHelp(
            "A session tag that the caller hands on, as EKS Pod Identity does; may be given several times.",
            valueName: "key"))
    var sessionTagKeys: [String] = []

    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let caller = try caller(subject)
        let externalID = try externalID(subject, caller: caller)
        let document = AccessPolicies.trust(
            caller, externalID: externalID, tagKeys: subject.tagKeys + sessionTagKeys,
            sourceIdentity: subject.sourceIdentity)
        var notes = caller.notes
        if externalID == nil, caller.arn != nil {
            notes.append(
                "This role demands no external ID. Where a third party assumes it, another customer of theirs could "
                    + "have them read through it (the confused deputy, IAM User Guide).")
        }
        try output.print(document, holder: { .newRole(try role(subject)) }, notes: notes)
    }

    private func caller(_ subject: PolicySubject.Resolved) throws -> TrustedPrincipal {
        let before = subject.hopNumber > 1 ? subject.hops[subject.hopNumber - 2].roleARN : nil
        if before != nil, principal.principal != nil {
            throw CommandFailure(
                .usage,
                "dredge: --principal stands beside a chain, in which hop \(subject.hopNumber) is assumed by the role "
                    + "of hop \(subject.hopNumber - 1); leave it away, or choose --hop 1")
        }
        return try principal.resolved(
            or: before, partition: bucket.partition(subject),
            missing: "who assumes the role? \(PolicyPrincipal.howToFindOut)")
    }

    /// nil: none is demanded, and that was asked for.
    private func externalID(_ subject: PolicySubject.Resolved, caller: TrustedPrincipal) throws -> String? {
        let externalID = subject.hop?.externalID ?? subject.externalID
        if isWithoutExternalID { return nil }
        guard let externalID else {
            throw CommandFailure(
                .usage,
                "dredge: no external ID is known, without which a third party's other customers could read through "
                    + "this role; give it with --external-id, or say --without-external-id")
        }
        if caller.arn == nil {
            throw CommandFailure(
                .usage,
                "dredge: an AWS service sends no external ID, so that it could never assume this "
                    + "role; say --without-external-id"
            )
        }
        return externalID
    }

    private func role(_ subject: PolicySubject.Resolved) throws -> RoleTemplate {
        let hop = try subject.role()
        let isLast = subject.hopNumber == subject.hops.count
        let scope = isLast ? try bucket.scope(subject) : nil
        let key = isLast ? try bucket.key(subject) : nil
        let seconds = hop.duration.map { Int($0.components.seconds) } ?? 3600
        return try orUsage { () throws(AWSError) in
            try RoleTemplate(
                roleARN: hop.roleARN, sessionSecondsMax: seconds,
                permissions: scope.map { AccessPolicies.permissions($0, key: key) })
        }
    }
}
