import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgePolicy
import Foundation

/// What a policy is about: a source of a config, and flags, which win over it.
struct PolicySubject: ParsableArguments {
    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String?

    @Option(help: ArgumentHelp("Which source of the config; needed where it has several.", valueName: "name"))
    var source: String?

    @Option(
        name: .customLong("role-arn"),
        help: ArgumentHelp("The role to assume; given several times: a chain, first hop first.", valueName: "arn"))
    var roleARNs: [String] = []

    @Option(
        name: .customLong("external-id"),
        help: ArgumentHelp("The external ID of the hop's role. Not a secret.", valueName: "id"))
    var externalID: String?

    @Option(help: ArgumentHelp("Which hop of a chain, from 1; default: the last one.", valueName: "number"))
    var hop: Int?

    /// Reads the config, if there is one, and puts the flags over it. Throws a `CommandFailure` with all that is wrong.
    func resolved(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Resolved {
        var check = FlagCheck()
        for arn in roleARNs { check.rule("--role-arn", arn) { FieldRules.roleARN($0, isOtherService: false) } }
        check.rule("--external-id", externalID, RoleHopRules.externalID)
        let source = try self.source(environment: environment, &check)
        var hops: [RoleHop] = []
        if !roleARNs.isEmpty {
            hops = roleARNs.map { RoleHop(roleARN: $0) }
        } else if case .assumeRole(let configured) = source?.auth {
            hops = configured
        }
        let number = hop ?? max(hops.count, 1)
        if hop != nil || !hops.isEmpty, !(1...max(hops.count, 1)).contains(number) {
            check.report("--hop \(number) is not among the \(hops.count == 1 ? "1 hop" : "\(hops.count) hops")")
        }
        try check.finish()
        if let externalID, hops.indices.contains(number - 1) { hops[number - 1].externalID = externalID }
        return Resolved(source: source, hops: hops, hopNumber: number, externalID: externalID)
    }

    private func source(environment: [String: String], _ check: inout FlagCheck) throws -> Source? {
        guard let path = config else {
            if let source { check.report("--source \(Quoting.quoted(source)) needs a config file") }
            return nil
        }
        // With a name, nothing is asked of the variables of other sources.
        let config = try Config(
            path: path, store: .optional, only: source.map { [$0] } ?? [], environment: environment)
        if config.sources.count > 1 {
            let names = config.sources.map { Quoting.quoted($0.name) }.joined(separator: ", ")
            check.report("\(Quoting.escaped(path)) has several sources; choose one with --source: \(names)")
        }
        return config.sources.first
    }

    /// What the config and the flags say together.
    struct Resolved {
        var source: Source?
        var hops: [RoleHop]
        /// From 1.
        var hopNumber: Int
        var externalID: String?

        /// The hop that the policy is about; nil: there are no roles.
        var hop: RoleHop? { hops.indices.contains(hopNumber - 1) ? hops[hopNumber - 1] : nil }

        /// Throws where no role is known.
        func role() throws -> RoleHop {
            if let hop { return hop }
            let isOther = source.map { source in " The source \(Quoting.quoted(source.name)) assumes none." } ?? ""
            throw CommandFailure(.usage, "dredge: which role? Give its ARN with --role-arn.\(isOther)")
        }

        /// Session tags that the hop's role is handed: its own, and transitive ones of the hops before.
        var tagKeys: [String] {
            Array(hop?.tags.keys ?? [:].keys) + hops.prefix(hopNumber - 1).flatMap(\.transitiveTagKeys)
        }

        /// What the hop's session carries: a source identity stays for the whole chain.
        var sourceIdentity: String? { hops.prefix(hopNumber).compactMap(\.sourceIdentity).last }
    }
}

/// The flags that say which bucket and which keys a policy is about.
struct PolicyBucket: ParsableArguments {
    @Option(
        help: ArgumentHelp("The bucket's name, or the ARN of the bucket or an access point.", valueName: "bucket"))
    var bucket: String?

    @Option(help: "Only keys that begin with this, byte for byte.")
    var prefix: String?

    @Option(help: "The bucket's region. Tells the partition where no ARN does.")
    var region: String?

    @Option(
        name: .customLong("kms-key-arn"),
        help: ArgumentHelp("The customer's own KMS key that encrypts the bucket, if there is one.", valueName: "arn"))
    var kmsKeyARN: String?

    /// nil: no bucket is known.
    func scope(_ subject: PolicySubject.Resolved) throws -> BucketScope? {
        var check = FlagCheck()
        check.rule("--region", region, Region.complaint)
        check.rule("--prefix", prefix, FieldRules.prefix)
        try check.finish()
        guard let bucket = bucket ?? subject.source?.bucket else { return nil }
        return try orUsage { () throws(AWSError) in
            try BucketScope(
                bucket: bucket, partition: partition(subject), prefix: prefix ?? subject.source?.prefix ?? "")
        }
    }

    /// Throws where no bucket is known.
    func requiredScope(_ subject: PolicySubject.Resolved) throws -> BucketScope {
        guard let scope = try scope(subject) else {
            throw CommandFailure(.usage, "dredge: which bucket? Give a config file, or --bucket.")
        }
        return scope
    }

    /// nil: none is known.
    func key(_ subject: PolicySubject.Resolved) throws -> EncryptionKey? {
        guard let arn = kmsKeyARN ?? subject.source?.kmsKeyARN else { return nil }
        return try orUsage { () throws(AWSError) in try EncryptionKey(arn) }
    }

    /// Of the hop's role, else of the region.
    func partition(_ subject: PolicySubject.Resolved) -> String {
        if let arn = subject.hop.flatMap({ ARN($0.roleARN) }) { return arn.partition }
        return Partition.ofRegion(region ?? subject.source?.region ?? "").name
    }
}

/// The flags that say whom a policy lets in.
struct PolicyPrincipal: ParsableArguments {
    @Option(
        name: .customLong("principal"),
        help: ArgumentHelp(
            "Who is let in: the ARN of a role, a user or a role's session, an account ID, or an AWS service.",
            valueName: "principal"))
    private var principals: [String] = []

    /// nil: none was given.
    var principal: String? { principals.first }

    @Option(
        help: ArgumentHelp(
            "How it is named: \(TrustedPrincipal.Form.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "form"), transform: { try Choice.named($0) })
    var principalForm: TrustedPrincipal.Form = .exact

    func validate() throws {
        if principals.count > 1 {
            throw ValidationError("--principal: give one; make a policy for each")
        }
    }

    /// - Parameter named: who it is where `--principal` doesn't say.
    func resolved(or named: String?, partition: String, missing: String) throws -> TrustedPrincipal {
        guard let text = principal ?? named else { throw CommandFailure(.usage, "dredge: \(missing)") }
        return try orUsage { () throws(AWSError) in
            try TrustedPrincipal(text, form: principalForm, partition: partition)
        }
    }

    static let howToFindOut =
        "Give the ARN of the role or user that asks with --principal. A config can't know it; with its credentials, "
        + "ask `dredge check`, or: aws sts get-caller-identity --query Arn --output text"
}

/// An option's value that is one of a few names.
enum Choice {
    static func named<Value: RawRepresentable & CaseIterable>(_ text: String) throws -> Value
    where Value.RawValue == String {
        if let value = Value(rawValue: text) { return value }
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(Quoting.quoted(text)) is none of: \(names)")
    }
}
