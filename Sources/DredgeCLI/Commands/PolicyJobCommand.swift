import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgePolicy

struct PolicyJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "What planner and workers of a job over many machines must be allowed.",
        discussion: """
            Prints what the identity of the machine needs in its own account: the job's files below --results, and \
            what the config's sources need. A planner also merges; a worker never lists a source; neither may delete. \
            Without a config, it is the files alone. Where a role is assumed for the files (--results-role), \
            --role results prints what that role needs.
            """,
        example: """
            dredge policy job contracts.yaml --results s3://acme-results/dredge/ --role worker
            """)

    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Whose policy: \(Holder.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "role"),
        transform: { try Choice.named($0) })
    var role: Holder

    @Option(help: ArgumentHelp("s3://bucket/prefix/, as `dredge plan` has it.", valueName: "url"))
    var results: String?

    @Option(
        help: ArgumentHelp("The URL of one job, as `dredge plan` printed it; default: all jobs.", valueName: "url"))
    var job: String?

    @Option(help: ArgumentHelp("The role that is assumed for the job's files.", valueName: "arn"))
    var resultsRole: String?

    @Option(help: "The region of the bucket with the job's files. Tells the partition where no ARN does.")
    var resultsRegion: String?

    @Option(
        name: .customLong("kms-key-arn"),
        help: ArgumentHelp("The KMS key that encrypts the bucket with the job's files.", valueName: "arn"))
    var kmsKeyARN: String?

    @Option(
        help: ArgumentHelp(
            "What the roles of the config's sources are called, such as 'DredgeRead-*'; default: these roles.",
            valueName: "pattern"))
    var roleNamePattern: String?

    @OptionGroup var principal: PolicyPrincipal
    @OptionGroup var output: PolicyOutput

    enum Holder: String, CaseIterable { case planner, worker, results }

    func run() throws {
        try check()
        let config = try config.map { try Config(path: $0, store: .optional) }
        let sources = config?.sources ?? []
        let member: JobMember
        switch role {
        case .planner: member = .planner
        case .worker: member = .worker
        case .results:
            let place = try place(sources)
            let document = AccessPolicies.results(place, key: try key())
            return try output.print(document, holder: { try holder("DredgeResults") })
        }
        let access: ResultsAccess =
            if let resultsRole {
                .role(try orUsage { () throws(AWSError) in try RolePattern(roleARN: resultsRole) })
            } else {
                .direct(try place(sources), key: try key())
            }
        let document = AccessPolicies.job(member, results: access, sources: try sources.compactMap(self.access))
        try output.print(
            document, holder: { try holder(member == .planner ? "DredgePlanner" : "DredgeWorker") },
            notes: notes(config, member) + sizeNotes(document))
    }

    private func check() throws {
        var check = FlagCheck()
        check.rule("--results-role", resultsRole) { FieldRules.roleARN($0, isOtherService: false) }
        check.rule("--results-region", resultsRegion, Region.complaint)
        if role == .planner, job != nil {
            check.report("--job is for workers: a planner makes jobs whose names are not known yet")
        }
        if roleNamePattern != nil, config == nil { check.report("--role-name-pattern needs a config file") }
        try check.finish()
    }

    // MARK: The job's files

    private func place(_ sources: [Source]) throws -> ResultsScope {
        var check = FlagCheck()
        let results = self.results.flatMap { url("--results", $0, &check) }
        var job = self.job.flatMap { url("--job", $0, &check) }
        var name: String?
        if let url = job {
            let path = url.prefix.dropLast()
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            if folder.hasPrefix("job-") {
                name = String(folder)
                job?.prefix = String(path.dropLast(folder.count))
            } else {
                check.report("--job \(Quoting.quoted(self.job ?? "")) does not end in job-…/; `dredge plan` prints it")
            }
            if let results, name != nil, results != job {
                check.report("--job \(Quoting.quoted(self.job ?? "")) does not lie below --results")
            }
        }
        if self.results == nil, self.job == nil { check.report("where are the job's files? Give --results") }
        try check.finish()
        guard let found = results ?? job else { throw CommandFailure(.usage) }
        return try orUsage { () throws(AWSError) in
            try ResultsScope(bucket: found.bucket, partition: partition(sources), prefix: found.prefix, job: name)
        }
    }

    /// As `dredge plan` and `dredge worker` read it: a prefix has a slash at its end.
    private func url(_ flag: String, _ text: String, _ check: inout FlagCheck) -> SourceURL? {
        guard var url = SourceURL(text) else {
            check.report(
                "\(flag) \(Quoting.quoted(text)) is not of the form s3://bucket/prefix/; a directory needs no policy")
            return nil
        }
        check.rule("the bucket of \(flag)", url.bucket) { FieldRules.bucket($0, isLegacyAllowed: true) }
        check.rule("the prefix of \(flag)", url.prefix, FieldRules.prefix)
        if !url.prefix.isEmpty, !url.prefix.hasSuffix("/") { url.prefix += "/" }
        return url
    }

    private func key() throws -> EncryptionKey? {
        try kmsKeyARN.map { arn in try orUsage { () throws(AWSError) in try EncryptionKey(arn) } }
    }

    /// All of a setup lies in one.
    private func partition(_ sources: [Source]) -> String {
        let roles = sources.compactMap { source in
            if case .assumeRole(let hops) = source.auth { hops.first?.roleARN } else { nil }
        }
        let arns = [resultsRole, kmsKeyARN, principal.principal].compactMap { $0 } + roles
        if resultsRegion == nil, let partition = arns.lazy.compactMap({ ARN($0)?.partition }).first {
            return partition
        }
        return Partition.ofRegion(resultsRegion ?? sources.lazy.compactMap(\.region).first ?? "").name
    }

    // MARK: Sources

    /// nil: the source needs nothing of the machine's account.
    private func access(_ source: Source) throws -> SourceAccess? {
        try orUsage { () throws(AWSError) in
            switch source.auth {
            case .assumeRole(let hops):
                guard let hop = hops.first else { return nil }
                let role =
                    if let roleNamePattern {
                        try RolePattern(namePattern: roleNamePattern, mustMatch: hop.roleARN)
                    } else {
                        try RolePattern(roleARN: hop.roleARN)
                    }
                return .role(
                    role, tagsSession: !hop.tags.isEmpty, setsSourceIdentity: hop.sourceIdentity != nil)
            case .ambient:
                let scope = try BucketScope(
                    bucket: source.bucket, partition: Partition.ofRegion(source.region ?? "").name,
                    prefix: source.prefix)
                guard let arn = source.kmsKeyARN else { return .direct(scope) }
                return .direct(scope, key: try EncryptionKey(arn))
            case .accessKey, .callback, .anonymous: return nil
            }
        }
    }

    // MARK: Who has it

    private func holder(_ policyName: String) throws -> PolicySetup.Holder {
        let identity = try principal.resolved(
            or: role == .results ? resultsRole : nil, partition: "aws",
            missing: role == .results
                ? "this format needs to know the role: give its ARN with --results-role"
                : "this format needs to know who has the policy. \(PolicyPrincipal.howToFindOut)")
        return try PolicyHolder.identity(identity, policyName: policyName)
    }

    private func notes(_ config: Config?, _ member: JobMember) -> [String] {
        guard let config else { return [] }
        var notes: [String] = []
        func sources(_ isSuch: (SourceAuth) -> Bool) -> String {
            config.sources.filter { isSuch($0.auth) }.map { Quoting.quoted($0.name) }.joined(separator: ", ")
        }
        let direct = sources { if case .ambient = $0 { true } else { false } }
        let keyed = sources { if case .accessKey = $0 { true } else { false } }
        switch config.base {
        case .defaultChain(profile: nil): break
        case .defaultChain, .fixed, .callback:
            notes.append(
                "The config names the credentials that sources are read with. What is said of sources belongs to their "
                    + "identity, all else to the machine's.")
        }
        if !keyed.isEmpty { notes.append("What the keys of \(keyed) must be allowed is not in here.") }
        if !direct.isEmpty {
            notes.append(
                member == .planner
                    ? "`dredge plan --files-from` asks for each object of \(direct): it needs s3:GetObject of them, "
                        + "too."
                    : "Without s3:ListBucket, S3 says of an object that is gone that it is forbidden: those of "
                        + "\(direct) that go after they were listed count as failed, not as vanished.")
        }
        return notes
    }

    /// Of the "IAM and AWS STS quotas" (IAM User Guide); blanks don't count.
    private func sizeNotes(_ document: PolicyDocument) -> [String] {
        let count = document.compactJSON.utf8.count
        guard count > 10_240 else { return [] }
        return [
            "The policy has \(count) characters; inline policies of a role have 10,240 together. Name the sources' "
                + "roles by a pattern (--role-name-pattern), or make jobs of fewer sources."
        ]
    }
}
