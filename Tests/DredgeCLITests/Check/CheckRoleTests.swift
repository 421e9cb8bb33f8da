import DredgeCheck
import TestServers
import Testing

/// What keeps somebody from a role.
@Suite(.serialized, .timeLimit(.minutes(30))) struct CheckRoleTests {
    private static let user = "arn:aws:iam::\(CheckSetup.vendorAccount):user/dredge"
    private static let worker =
        "arn:aws:sts::\(CheckSetup.vendorAccount):assumed-role/ingest-worker/i-0123456789abcdef0"
    private static let hub = "arn:aws:iam::\(CheckSetup.vendorAccount):role/hub"

    /// A set-up in which AWS refuses the role whatever is tried, with these words at the end of its message.
    private static func refused(
        _ name: String, _ reason: String = "", by caller: String = user, of role: String = CheckSetup.roleARN,
        cause: CheckCause.Code, others: [CheckCause.Code] = [], auth: String = CheckSetup.role()
    ) -> CheckSetup {
        var scenario = CheckSetup.sound([CheckSetup.refusal(by: caller, of: role, reason)])
        scenario.callerARN = caller
        return CheckSetup(name: name, step: .hop, cause: cause, others: others, auth: auth, scenario: scenario)
    }

    private static func chain(_ more: String = "") -> String {
        "{assume_role: [{role_arn: \"\(hub)\"}, {role_arn: \"\(CheckSetup.roleARN)\", external_id: "
            + "\(CheckSetup.externalID)\(more)}]}"
    }

    /// Faults of a chain: the hub is given to everybody, the customer's role only where `rule` says.
    private static func chained(_ customer: [ScriptedS3Server.Fault]) -> ScriptedS3Server.Scenario {
        var scenario = CheckSetup.sound()
        scenario.faults = customer.map { $0.when("form", has: "DredgeRead").times(-1) }
        return scenario
    }

    static let refusals: [CheckSetup] = [
        refused(
            "AWS says nothing of who refuses a role of another account", cause: .externalIDWrong,
            others: [.callerNotTrusted, .callerMayNotAssume, .roleMissing, .roleMadeAnew, .deniedAbove]),
        refused(
            "AWS says nothing, and the config has no external ID", cause: .externalIDMissing,
            others: [.callerNotTrusted, .callerMayNotAssume, .roleMissing, .roleMadeAnew, .deniedAbove],
            auth: CheckSetup.role(externalID: nil)),
        refused(
            "a role of the same account is refused", of: "arn:aws:iam::\(CheckSetup.vendorAccount):role/reader",
            cause: .callerNotTrusted, others: [.callerMayNotAssume, .roleMissing, .externalIDMissing, .deniedAbove],
            auth: CheckSetup.role("arn:aws:iam::\(CheckSetup.vendorAccount):role/reader", externalID: nil)),
        refused(
            "the caller's policies lack sts AssumeRole",
            " because no identity-based policy allows the sts:AssumeRole action", by: worker, cause: .callerMayNotAssume
        ),
        refused(
            "the trust policy does not allow the caller",
            " because no role trust policy allows the sts:AssumeRole action", by: worker, cause: .callerNotTrusted,
            others: [.externalIDWrong, .roleMadeAnew]),
        refused(
            "the trust policy in the words of other resources",
            " because no resource-based policy allows the sts:AssumeRole action", cause: .callerNotTrusted,
            others: [.externalIDWrong, .roleMadeAnew]),
        refused(
            "a service control policy forbids the role",
            " with an explicit deny in a service control policy: "
                + "arn:aws:organizations::999988887777:policy/o-abc/service_control_policy/p-1",
            cause: .deniedExplicitly),
        refused(
            "a permissions boundary does not allow the role",
            " because no permissions boundary allows the sts:AssumeRole action", cause: .deniedAbove),
        refused(
            "the policy of a VPC endpoint does not allow the role",
            " because no VPC endpoint policy allows the sts:AssumeRole action", cause: .deniedAbove),
        refused(
            "the trust policy denies the caller explicitly", " with an explicit deny in the role trust policy",
            cause: .deniedExplicitly),
        refused(
            "somebody who logged in by IAM Identity Center is refused",
            by: "arn:aws:sts::\(CheckSetup.vendorAccount):assumed-role/"
                + "AWSReservedSSO_DataTeam_0123456789abcdef/jo@example.com",
            cause: .externalIDWrong,
            others: [.callerNotTrusted, .callerMayNotAssume, .roleMissing, .roleMadeAnew, .deniedAbove]),
        refused(
            "the root user's keys are used", by: "arn:aws:iam::\(CheckSetup.vendorAccount):root",
            cause: .callerIsRootUser),
    ]

    static let eliminated: [CheckSetup] = [
        CheckSetup(
            name: "a wrong external ID where none is needed", step: .hop, cause: .externalIDWrong,
            findings: [.roleWithoutExternalID], auth: CheckSetup.role(externalID: "acme-old"),
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.faults = [CheckSetup.refusal().when("form", has: "ExternalId=")]
                return scenario
            }()),
        CheckSetup(
            name: "no external ID where any is taken", step: .hop, cause: .externalIDMissing,
            findings: [.roleWithAnyExternalID], auth: CheckSetup.role(externalID: nil),
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.faults = [CheckSetup.refusal().when("form", lacks: "ExternalId=")]
                return scenario
            }()),
        CheckSetup(
            name: "session tags that the trust policy does not allow", step: .hop, cause: .tagsNotTrusted,
            auth: CheckSetup.role(
                CheckSetup.roleARN, externalID: CheckSetup.externalID, ", tags: {project: contracts}"),
            scenario: CheckSetup.sound([CheckSetup.refusal().when("form", has: "Tags.member")])),
        CheckSetup(
            name: "a source identity that the trust policy does not allow", step: .hop,
            cause: .sourceIdentityNotTrusted,
            auth: CheckSetup.role(CheckSetup.roleARN, externalID: CheckSetup.externalID, ", source_identity: dredge"),
            scenario: CheckSetup.sound([CheckSetup.refusal().when("form", has: "SourceIdentity")])),
        CheckSetup(
            name: "the last role of a chain trusts the base directly", step: .hop, cause: .trustedElsewhere,
            auth: chain(),
            scenario: chained([
                CheckSetup.refusal(by: "arn:aws:sts::\(CheckSetup.vendorAccount):assumed-role/hub/x")
                    .when("authorization", has: "ASIASESSION"),
                CheckSetup.refusal().when("form", lacks: "ExternalId=\(CheckSetup.externalID)"),
            ])),
        CheckSetup(
            name: "the first role of a chain is not needed", step: .hop, cause: .trustedElsewhere, auth: chain(),
            scenario: CheckSetup.sound([CheckSetup.refusal(of: hub).when("form", has: "role%2Fhub")])),
        CheckSetup(
            name: "the last role of a chain does not trust the one before", step: .hop, cause: .externalIDWrong,
            others: [.callerNotTrusted, .callerMayNotAssume, .roleMissing, .roleMadeAnew, .deniedAbove], auth: chain(),
            scenario: chained([CheckSetup.refusal(by: "arn:aws:sts::\(CheckSetup.vendorAccount):assumed-role/hub/x")])),
        CheckSetup(
            name: "a session that is longer than the role allows", step: .hop, cause: .sessionTooLong,
            auth: CheckSetup.role(CheckSetup.roleARN, externalID: CheckSetup.externalID, ", duration: 12h"),
            scenario: CheckSetup.sound([
                .error(
                    on: .assumeRole, 400, "ValidationError",
                    message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                ).when("form", has: "DurationSeconds=43200").times(-1)
            ])),
        CheckSetup(
            name: "a region where STS is not active", step: .hop, cause: .regionNotActive,
            scenario: CheckSetup.sound([
                .error(
                    on: .assumeRole, 403, "RegionDisabledException",
                    message: "STS is not activated in this region for account:\(CheckSetup.customerAccount)."
                ).times(-1)
            ])),
    ]

    static let overTrusting: [CheckSetup] = [
        CheckSetup(
            name: "a role that needs no external ID", findings: [.roleWithoutExternalID], status: 0,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.faults = []
                return scenario
            }()),
        CheckSetup(
            name: "a role of another account without an external ID", findings: [.noExternalID], status: 0,
            auth: CheckSetup.role(externalID: nil),
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.faults = []
                return scenario
            }()),
    ]

    @Test(arguments: refusals) func `a refusal is explained as far as AWS tells`(_ setup: CheckSetup) async throws {
        try await setup.verify()
    }

    @Test(arguments: eliminated) func `what else is refused tells the cause`(_ setup: CheckSetup) async throws {
        try await setup.verify()
    }

    @Test(arguments: overTrusting) func `a role that is given away too easily is a finding`(_ setup: CheckSetup)
        async throws
    {
        try await setup.verify()
    }
}
