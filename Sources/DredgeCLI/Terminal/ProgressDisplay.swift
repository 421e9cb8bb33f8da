import Dredge
import Foundation
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
    private let isQuiet: Bool
    private let log: CommandLog

    /// - Parameter log: where the lines of their own go.
    init(isOff: Bool, isQuiet: Bool, log: CommandLog) {
        let isLine = StandardError.isTerminal && log.logLevel > .info && log.format == .text
        self.isQuiet = isQuiet
        style = isOff || isQuiet ? .none : isLine ? .line : .log
        self.log = log
    }

    /// Reads `progress` to its end.
    /// - Parameter cost: what is said once it is known what is to be read, unless that is nothing.
    func show(_ progress: AsyncStream<RunProgress>, cost: ((RunProgress) -> CostText)? = nil) async {
        var line = ProgressLine()
        var isCostTold = cost == nil
        var nextLogSeconds = Self.logIntervalSeconds
        for await state in progress {
            if let cost, !isCostTold, state.isListingComplete {
                isCostTold = true
                if state.plannedByteCount > 0 { tell(cost(state)) }
            }
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

    /// On a terminal as it is, in a log as an event, also where progress is not shown but the log has such events.
    private func tell(_ cost: CostText) {
        switch style {
        case .line: StandardError.write(Self.clearLine + cost.line + "\n")
        case .none where isQuiet || log.logLevel > .info: break
        case .none, .log:
            let metadata = log.format == .json ? cost.metadata : [:]
            StandardError.write(log.line(Date(), .info, cost.line, metadata))
        }
    }

    /// A message between updates of the line.
    func say(_ message: String) {
        if case .line = style { StandardError.write(Self.clearLine) }
        log.say(message)
    }
}
