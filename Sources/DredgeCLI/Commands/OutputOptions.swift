import ArgumentParser

struct OutputOptions: ParsableArguments {
    @Flag(help: "Only list: nothing is fetched, nothing is written.")
    var dryRun = false

    @Flag(
        help: ArgumentHelp(
            "Do the removals that are withheld; see --dry-run."))
    var confirmDeletions = false

    @Flag(help: "End with 2 where there is no object to index.")
    var failOnEmpty = false

    @Flag(help: "Print the report as a line of JSON.")
    var json = false

    @Flag(help: "At the end, show where the time went.")
    var stat = false

    @Flag(help: "Show no progress.")
    var noProgress = false

    @Flag(
        name: .shortAndLong,
        help: "Say only what went wrong.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    @OptionGroup var metrics: MetricsOptions

    var log: CommandLog { logging.log(isQuiet: quiet) }

    func validate() throws {
        try logging.refuse(quiet: quiet)
        if dryRun, metrics.metricsListen != nil || metrics.metricsFile != nil {
            throw ValidationError("--dry-run has no metrics: give it without --metrics-listen and --metrics-file")
        }
    }
}
