import ArgumentParser
import Logging

/// What a command logs on standard error, and how.
struct LogOptions: ParsableArguments {
    enum Level: String, CaseIterable, ExpressibleByArgument {
        case error, warning, info, debug

        var level: Logger.Level {
            switch self {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        }
    }

    @Option(help: ArgumentHelp("What is logged on standard error; default warning.", valueName: "level"))
    var logLevel: Level?

    @Option(help: ArgumentHelp("How: a line of text each, or a line of JSON.", valueName: "format"))
    var logFormat = CommandLog.Format.text

    @Flag(name: .shortAndLong, help: "The same as --log-level info: what a run does, step by step.")
    var verbose = false

    func validate() throws {
        if verbose, logLevel != nil { throw ValidationError("--verbose and --log-level: give one, each is a level") }
    }

    /// Throws where both `--quiet` and a level are given.
    func refuse(quiet: Bool) throws {
        if quiet, verbose || logLevel != nil {
            throw ValidationError("--quiet is --log-level error and more: give it without --verbose and --log-level")
        }
    }

    func log(isQuiet: Bool = false) -> CommandLog {
        let level = isQuiet ? .error : verbose ? .info : logLevel?.level ?? .warning
        return CommandLog(level: level, format: logFormat)
    }
}

extension CommandLog.Format: ExpressibleByArgument {}
