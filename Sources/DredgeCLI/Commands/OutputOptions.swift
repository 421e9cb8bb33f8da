import ArgumentParser

struct OutputOptions: ParsableArguments {
    @Flag(help: "List and plan only: nothing is fetched, nothing is written.")
    var dryRun = false

    @Flag(
        help: ArgumentHelp(
            "Do the removals that a run withholds: those of many documents at once, after an empty listing, and after "
                + "a change of bucket, prefix, endpoint or filters. Look at --dry-run first."))
    var confirmDeletions = false

    @Flag(help: "End with 2 where nothing is listed, or filters leave out every object.")
    var failOnEmpty = false

    @Flag(help: "Print the report as a line of JSON on standard output.")
    var json = false

    @Flag(help: "After the run, show where the time went and what kept it from being faster.")
    var stat = false

    @Flag(help: "Show no progress.")
    var noProgress = false

    @Flag(
        name: .shortAndLong,
        help: "Say only what went wrong: no progress, no warnings, no report of a run that is complete.")
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
