import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeText
import Foundation

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Index one bucket, or what is under a prefix of it, from flags.",
        discussion: """
            Requests are signed with the AWS default chain (environment, shared config and credentials files), by way \
            of --role-arn if that is given. Keys are never taken as arguments.
            """)

    @Argument(
        help: ArgumentHelp(
            "s3://bucket/prefix, or an access point: s3://arn:aws:s3:…:accesspoint/name/prefix. The prefix is used "
                + "byte for byte. With a * or ? in it, it is a pattern, in which * also matches slashes: "
                + "'s3://bucket/2025/*.txt'.",
            valueName: "url"))
    var url: String

    @Option(help: "The store's file; created if missing.", completion: .file())
    var store: String

    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Chunks and limits") var settings: SettingsOptions

    @Option(help: ArgumentHelp("Only keys that match; may be given several times.", valueName: "glob"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No keys that match; may be given several times.", valueName: "glob"))
    var exclude: [String] = []

    @Option(help: ArgumentHelp("Only objects of this size or larger, as 1KiB.", valueName: "size"))
    var minSize: String?

    @Option(help: ArgumentHelp("Only objects of this size or smaller, as 1GiB.", valueName: "size"))
    var maxSize: String?

    @Option(
        help: ArgumentHelp(
            "Only objects that were modified after this, as 2026-01-31 or 2026-01-31T12:00:00Z.", valueName: "time"))
    var modifiedAfter: String?

    @Flag(help: "Hold what is read against the checksums that S3 keeps of whole objects; a HEAD more for each.")
    var verifyChecksums = false

    @Option(
        help: ArgumentHelp(
            "What becomes of documents whose objects are no longer listed: keep, mark or remove; default remove.",
            valueName: "mode"))
    var deletions: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let config = try config(environment: ProcessInfo.processInfo.environment)
        try await IndexingJob(config: config, output: output).execute()
    }

    /// The same as a config file would give. Throws a `CommandFailure` with all that is wrong.
    func config(environment: [String: String]) throws -> Config {
        let base = BaseCredentials.defaultChain(profile: access.profile)
        let environment = base.environment(environment)
        var check = FlagCheck()
        check.rule("--store", store, FieldRules.storePath)
        let address = SourceURL(url)?.globbed
        if address?.pattern != nil, !include.isEmpty {
            check.report("--include stands beside a URL with a pattern; give one of them")
        }
        if let address {
            check.rule("the bucket", address.bucket) {
                FieldRules.bucket($0, isLegacyAllowed: access.pathStyle || access.endpointURL != nil)
            }
            check.rule("the prefix", address.prefix, FieldRules.prefix)
        } else {
            check.report("\(Quoting.quoted(url)) is not of the form s3://bucket/prefix")
        }
        for pattern in include { check.rule("--include", pattern, FieldRules.keyPattern) }
        for pattern in exclude { check.rule("--exclude", pattern, FieldRules.keyPattern) }
        let auth = access.auth(&check, environment: environment)
        let chunking = settings.chunking(&check)
        let limits = settings.limits(&check)
        let tokenizer = settings.tokenizer(&check)
        var removal = RemovalRule()
        check.rule("--deletions", deletions, FieldRules.deletions)
        if let mode = deletions.flatMap(RemovalRule.Mode.init) { removal.mode = mode }
        try check.finish()
        let sizes = ConfigLimits.objectByteCount
        let largest = Quantities.spelledByteCount(sizes.upperBound)
        func size(_ flag: String, _ text: String?) -> UInt64? {
            check.number(flag, text, "a size from 0 to \(largest)", in: sizes, Quantities.byteCount).map(UInt64.init)
        }
        let (minSize, maxSize) = (size("--min-size", minSize), size("--max-size", maxSize))
        check.rule("--modified-after", modifiedAfter, FieldRules.date)
        var source = Source(
            bucket: address?.bucket ?? "", prefix: address?.prefix ?? "", region: access.region,
            endpointURL: access.endpointURL,
            stsEndpointURL: access.stsEndpointURL, pathStyle: access.pathStyle ? true : nil, auth: auth,
            include: address?.pattern.map { [$0] } ?? include, exclude: exclude, expectedBucketOwner: access.owner,
            requestPayer: access.requestPayer != nil, requireExternalID: access.requireExternalID,
            verifiesChecksums: verifyChecksums, removal: removal)
        (source.minSizeByteCount, source.maxSizeByteCount) = (minSize, maxSize)
        source.modifiedAfter = modifiedAfter.flatMap(FieldRules.moment)
        if let problem = source.problem(environment: environment) {
            check.report("\(problem.message) \(problem.advice)")
            try check.finish()
        }
        return Config(
            store: store, settings: IndexSettings(tokenizer: tokenizer, chunking: chunking), limits: limits,
            base: base, sources: [source])
    }
}
