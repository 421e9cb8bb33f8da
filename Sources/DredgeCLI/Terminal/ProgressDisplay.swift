import Dredge
import Logging

/// Shows a run's progress on standard error until the run ends.
struct ProgressDisplay {
    enum Style {
        case none
        /// One line that updates itself.
        case line
        /// A line of its own from time to time, for logs.
        case log
    }

    static let logIntervalSeconds = 10.0
    /// Wide enough for every part of the line.
    private static let logColumnCount = 200
    static let clearLine = "\r\u{1B}[K"

    private let style: Style
    private let log: CommandLog

    /// - Parameter log: where the lines of their own go.
    init(isOff: Bool, log: CommandLog) {
        let isLine = StandardError.isTerminal && log.logLevel > .info && log.format == .text
        style = isOff ? .none : isLine ? .line : .log
        self.log = log
    }

    /// Reads `progress` to its end.
    func show(_ progress: AsyncStream<RunProgress>) async {
        var line = ProgressLine()
        var nextLogSeconds = Self.logIntervalSeconds
        for await state in progress {
            switch style {
            case .none: break
            case .line:
                StandardError.write(Self.clearLine + line.text(state, columnCount: StandardError.columnCount))
            case .log:
                let text = line.text(state, columnCount: Self.logColumnCount)
                guard state.elapsed.seconds >= nextLogSeconds else { continue }
                StandardError.write(log.progress(text, state))
                while nextLogSeconds <= state.elapsed.seconds { nextLogSeconds += Self.logIntervalSeconds }
            }
        }
        if case .line = style { StandardError.write(Self.clearLine) }
    }

    /// A message between updates of the line.
    func say(_ message: String) {
        if case .line = style { StandardError.write(Self.clearLine) }
        log.say(message)
    }
}
