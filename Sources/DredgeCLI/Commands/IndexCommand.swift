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
            Requests are signed with AWS's default chain, by way of --role-arn if that is given.
            """,
        example: "dredge index 's3://acme-contracts/2025/*.txt' --store contracts.chunks", hasRareFlags: true)

    @Argument(
        help: ArgumentHelp(
            "s3://bucket/prefix, 's3://bucket/*.txt' (* matches slashes, too), or s3://arn:aws:s3:…:accesspoint/name.",
            valueName: "url"))
    var url: String

    @Option(help: "The store's file; created if missing.", completion: .file())
    var store: String

    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Chunks and limits") var settings: SettingsOptions

    @Option(help: ArgumentHelp("Only keys that match one of these.", valueName: "glob"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No keys that match one of these.", valueName: "glob"))
    var exclude: [String] = []

    @Option(help: ArgumentHelp("Only objects of this size or larger, as 1KiB.", valueName: "size"))
    var minSize: String?

    @Option(help: ArgumentHelp("Only objects of this size or smaller, as 1GiB.", valueName: "size"))
    var maxSize: String?

    @Option(
        help: ArgumentHelp(
            "Only objects modified after 2026-01-31[T12:00:00Z].", valueName: "time"))
    var modifiedAfter: String?

    @Flag(
        help: ArgumentHelp(
            "Hold what is read against the checksums that S3 keeps of whole objects; a HEAD more for each.",
            visibility: .rare))
    var verifyChecksums = false

    @Option(
        help: ArgumentHelp(
            "keep, mark or remove (default) what is gone.",
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
