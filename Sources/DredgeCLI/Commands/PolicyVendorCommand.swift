import ArgumentParser
import DredgeAWS
import DredgePolicy

struct PolicyVendorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vendor", abstract: "What the identity that assumes the role must be allowed in its own account.",
        discussion: """
            With a name pattern, it may assume every role of any account whose name matches; the role of the source \
            must match, too.
            """,
        example: "dredge policy vendor contracts.yaml --role-name-pattern 'DredgeRead-*'")

    @OptionGroup var subject: PolicySubject

    @Option(
        help: ArgumentHelp(
            "What the customers' roles are called, such as 'DredgeRead-*'; default: this one role.",
            valueName: "pattern"))
    var roleNamePattern: String?

    @OptionGroup var principal: PolicyPrincipal
    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let role = try subject.role()
        let pattern = try orUsage { () throws(AWSError) in
            guard let roleNamePattern else { return try RolePattern(roleARN: role.roleARN) }
            return try RolePattern(namePattern: roleNamePattern, mustMatch: role.roleARN)
        }
        let document = AccessPolicies.vendor(
            pattern, tagsSession: !subject.tagKeys.isEmpty, setsSourceIdentity: subject.sourceIdentity != nil)
        try output.print(document, holder: { try holder(subject) })
    }

    private func holder(_ subject: PolicySubject.Resolved) throws -> PolicySetup.Holder {
        let before = subject.hopNumber > 1 ? subject.hops[subject.hopNumber - 2].roleARN : nil
        let identity = try principal.resolved(
            or: before, partition: "aws",
            missing: "this format needs to know who assumes the role. \(PolicyPrincipal.howToFindOut)")
        return try PolicyHolder.identity(identity, policyName: "DredgeAssumeRole")
    }
}
