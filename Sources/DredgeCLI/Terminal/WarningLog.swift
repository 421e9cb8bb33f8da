import DredgeConfig
import Logging

/// Shows the engine's warnings on standard error as those of a config are shown, one to a line; everything less is left
/// out.
struct WarningLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let place = event.metadata?["source"].map { "source \(Quoting.quoted("\($0)")): " } ?? ""
        // The progress line may stand there.
        let clear = StandardError.isTerminal ? ProgressDisplay.clearLine : ""
        StandardError.write("\(clear)\(place)\(Quoting.escaped("\(event.message)")) (warning)\n")
    }
}
