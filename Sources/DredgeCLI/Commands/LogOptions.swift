import ArgumentParser
import Logging

/// What a command logs on standard error, and how.
struct LogOptions: ParsableArguments {
    enum Level: String, CaseIterable, ExpressibleByArgument {
        case error, warning, info, debug

        /// Help has them in its own sentence.
        static var allValueStrings: [String] { [] }

        var level: Logger.Level {
            switch self {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        }
    }

    @Option(
        help: ArgumentHelp("error, warning (the default), info or debug.", valueName: "level"),
        completion: .list(Level.allCases.map(\.rawValue)))
    var logLevel: Level?

    @Option(
        help: ArgumentHelp("Log and progress: text or json.", valueName: "format"),
        completion: .list(CommandLog.Format.allCases.map(\.rawValue)))
    var logFormat = CommandLog.Format.text

    @Flag(name: .shortAndLong, help: "--log-level info: what is done, step by step.")
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

extension CommandLog.Format: ExpressibleByArgument {
    /// Help has them in its own sentence.
    static var allValueStrings: [String] { [] }
}
