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
        var check = FlagCheck()
        check.rule("--store", store, FieldRules.storePath)
        var addressed = AddressedSource(url, access, environment: environment, &check)
        if !addressed.source.include.isEmpty, !include.isEmpty {
            check.report("--include stands beside a URL with a pattern; give one of them")
        }
        for pattern in include { check.rule("--include", pattern, FieldRules.keyPattern) }
        for pattern in exclude { check.rule("--exclude", pattern, FieldRules.keyPattern) }
        let chunking = settings.chunking(&check)
        let limits = settings.limits(&check)
        let tokenizer = settings.tokenizer(&check)
        check.rule("--deletions", deletions, FieldRules.deletions)
        let (minSize, maxSize) = (size("--min-size", minSize, &check), size("--max-size", maxSize, &check))
        check.rule("--modified-after", modifiedAfter, FieldRules.date)
        try addressed.finish(check) { source in
            source.include += include
            source.exclude = exclude
            source.verifiesChecksums = verifyChecksums
            (source.minSizeByteCount, source.maxSizeByteCount) = (minSize, maxSize)
            source.modifiedAfter = modifiedAfter.flatMap(FieldRules.moment)
            if let mode = deletions.flatMap(RemovalRule.Mode.init) { source.removal.mode = mode }
        }
        return Config(
            store: store, settings: IndexSettings(tokenizer: tokenizer, chunking: chunking), limits: limits,
            base: addressed.base, sources: [addressed.source])
    }

    private func size(_ flag: String, _ text: String?, _ check: inout FlagCheck) -> UInt64? {
        let sizes = ConfigLimits.objectByteCount
        let what = "a size from 0 to \(Quantities.spelledByteCount(sizes.upperBound)), as 1MiB"
        return check.number(flag, text, what, in: sizes, Quantities.byteCount).map(UInt64.init)
    }
}
