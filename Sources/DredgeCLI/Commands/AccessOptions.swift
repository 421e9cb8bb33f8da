import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig

/// The flags that say how to get at the bucket.
struct AccessOptions: ParsableArguments {
    @Option(
        name: .customLong("role-arn"),
        help: ArgumentHelp("Assume this role; several: a chain, first hop first.", valueName: "arn"))
    var roleARNs: [String] = []

    @Option(
        name: .customLong("external-id"),
        help: ArgumentHelp(
            "Its external ID; one for each --role-arn, or ''.", valueName: "id"))
    var externalIDs: [String] = []

    @Option(
        help: ArgumentHelp("Name of the role's session; default dredge-{run_id}.", valueName: "name", visibility: .rare)
    )
    var sessionName: String?

    @Option(
        help: ArgumentHelp("How long a session lasts, as 45m or 1h; default 1h.", valueName: "time", visibility: .rare))
    var duration: String?

    @Option(help: "The bucket's region; found out when absent or wrong.")
    var region: String?

    @Option(help: ArgumentHelp("Profile of the shared config and credentials files.", valueName: "name"))
    var profile: String?

    @Option(
        name: .customLong("endpoint-url"),
        help: ArgumentHelp("Endpoint of an S3-compatible service. For S3 only.", valueName: "url"))
    var endpointURL: String?

    @Option(
        name: .customLong("sts-endpoint-url"),
        help: ArgumentHelp("Endpoint of STS.", valueName: "url", visibility: .rare))
    var stsEndpointURL: String?

    @Option(
        help: ArgumentHelp(
            "The account that must own the bucket; default: that of the last role. 'none': anybody.",
            valueName: "account", visibility: .rare))
    var expectedBucketOwner: String?

    @Option(
        help: ArgumentHelp(
            "'requester': your account pays, as a requester-pays bucket demands.", valueName: "payer", visibility: .rare
        ))
    var requestPayer: String?

    @Flag(help: ArgumentHelp("Refuse a role that can be assumed without its external ID.", visibility: .rare))
    var requireExternalID = false

    @Flag(help: ArgumentHelp("Name the bucket in the path instead of the host.", visibility: .rare))
    var pathStyle = false

    @Flag(help: "Do not sign: for public buckets.")
    var noSignRequest = false

    /// Whether none of them is given.
    var isEmpty: Bool {
        let texts = [
            sessionName, duration, region, profile, endpointURL, stsEndpointURL, expectedBucketOwner, requestPayer,
        ]
        return roleARNs.isEmpty && externalIDs.isEmpty && texts.allSatisfy { $0 == nil } && !requireExternalID
            && !pathStyle && !noSignRequest
    }

    func auth(_ check: inout FlagCheck, environment: [String: String]) -> SourceAuth {
        check.rule("--region", region, Region.complaint)
        check.rule("--profile", profile, FieldRules.name)
        endpoint(&check, "--endpoint-url", endpointURL)
        endpoint(&check, "--sts-endpoint-url", stsEndpointURL)
        if noSignRequest, !roleARNs.isEmpty || profile != nil {
            check.report(
                "--no-sign-request stands beside \(roleARNs.isEmpty ? "--profile" : "--role-arn"); give one of them")
        }
        let hops = self.hops(&check, environment: environment)
        check.rule("--expected-bucket-owner", expectedBucketOwner) { $0 == "none" ? nil : FieldRules.accountID($0) }
        check.rule("--request-payer", requestPayer, FieldRules.requestPayer)
        return noSignRequest ? .anonymous : hops.isEmpty ? .ambient : .assumeRole(hops)
    }

    /// Who must own the bucket.
    var owner: ExpectedBucketOwner {
        switch expectedBucketOwner {
        case nil: .ofRole
        case "none"?: .anyone
        case .some(let account): .account(account)
        }
    }

    private func hops(_ check: inout FlagCheck, environment: [String: String]) -> [RoleHop] {
        let isOtherService = EndpointSettings(environment: environment).hasEndpoint(stsEndpointURL, of: .sts)
        for arn in roleARNs { check.rule("--role-arn", arn) { FieldRules.roleARN($0, isOtherService: isOtherService) } }
        if roleARNs.isEmpty {
            for (flag, isGiven) in [
                ("--external-id", !externalIDs.isEmpty), ("--session-name", sessionName != nil),
                ("--duration", duration != nil),
            ] where isGiven { check.report("\(flag) needs --role-arn") }
        } else if !externalIDs.isEmpty, externalIDs.count != roleARNs.count {
            check.report(
                "there are \(roleARNs.count) --role-arn and \(externalIDs.count) --external-id; "
                    + "give one for each, '' for none"
            )
        }
        for identifier in externalIDs where !identifier.isEmpty || roleARNs.count == 1 {
            check.rule("--external-id", identifier, RoleHopRules.externalID)
        }
        check.rule("--session-name", sessionName, SessionName.complaint)
        let range = ConfigLimits.sessionSeconds
        let low = Quantities.spelledSeconds(range.lowerBound), high = Quantities.spelledSeconds(range.upperBound)
        let seconds = check.number(
            "--duration", duration, "a duration from \(low) to \(high), as 45m or 1h", in: range, Quantities.seconds)
        return roleARNs.enumerated().map { index, arn in
            let identifier = index < externalIDs.count && !externalIDs[index].isEmpty ? externalIDs[index] : nil
            return RoleHop(
                roleARN: arn, externalID: identifier, sessionName: sessionName, duration: seconds.map { .seconds($0) })
        }
    }

    private func endpoint(_ check: inout FlagCheck, _ flag: String, _ value: String?) {
        guard let value, let complaint = EndpointURL.complaint(value) else { return }
        let shown = EndpointURL.mayHoldSecret(value) ? flag : "\(flag) \(Quoting.quoted(value))"
        check.report("\(shown) \(complaint)")
    }
}
