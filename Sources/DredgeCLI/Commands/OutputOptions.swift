import ArgumentParser
import Logging

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

    @Flag(name: .shortAndLong, help: "Log what happens on standard error.")
    var verbose = false

    var logger: Logger { Self.logger(isVerbose: verbose) }

    /// What an engine logs to: standard error, warnings alone unless asked for more.
    static func logger(isVerbose: Bool) -> Logger {
        guard isVerbose else { return Logger(label: "dredge", factory: { _ in WarningLog() }) }
        var logger = Logger(label: "dredge", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .debug
        return logger
    }
}
