import DredgeBase
import DredgeConfig
import Foundation
import Logging

/// The log of a command: a line for each event on standard error.
///
/// ```
/// 2025-01-31T12:34:56.789Z info role assumed expires=2025-01-31T13:34:56Z role=arn:aws:iam::… source=contracts
/// {"time":"2025-01-31T12:34:56.789Z","level":"info","message":"role assumed","expires":"2025-01-31T13:34:56Z",…}
/// ```
struct CommandLog: LogHandler {
    enum Format: String, CaseIterable, Sendable {
        case text, json
    }

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    let format: Format

    init(level: Logger.Level = .warning, format: Format = .text) {
        logLevel = level
        self.format = format
    }

    /// What an engine gets.
    var logger: Logger { Logger(label: "dredge", factory: { _ in self }) }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = event.metadata.map { self.metadata.merging($0) { $1 } } ?? self.metadata
        let line = line(Date(), event.level, "\(event.message)", metadata)
        // The progress line may stand there.
        StandardError.write((Self.isOnTerminal ? ProgressDisplay.clearLine : "") + line)
    }

    /// What the command itself tells a person on the way: a warning in a log of JSON, so that it stays one.
    func say(_ message: String) {
        StandardError.write(format == .json ? line(Date(), .warning, message, [:]) : message + "\n")
    }

    /// A line with its end.
    func line(_ date: Date, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        let time = Timestamp.iso8601Milliseconds(date)
        let members = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let pairs = members.map { " \($0.key)=\(Self.text($0.value))" }
            return "\(time) \(level.word) \(Quoting.escaped(message))\(pairs.joined())\n"
        case .json:
            let head = [("time", JSONText.quoted(time)), ("level", JSONText.quoted(level.word))]
            let all = head + [("message", JSONText.quoted(message))] + members.map { ($0.key, Self.json($0.value)) }
            return Self.object(all) + "\n"
        }
    }

    private static let isOnTerminal = StandardError.isTerminal

    /// In quotes where it has something in it that would end it.
    private static func text(_ value: Logger.MetadataValue) -> String {
        let plain =
            if case .array(let values) = value { values.map { "\($0)" }.joined(separator: ",") } else { "\(value)" }
        let text = Quoting.escaped(plain)
        guard text.isEmpty || text.contains(where: { " \"=".contains($0) }) else { return text }
        return "\"\(text.replacing("\"", with: "\\\""))\""
    }

    private static func object(_ members: [(name: String, json: String)]) -> String {
        "{\(members.map { "\(JSONText.quoted($0.name)):\($0.json)" }.joined(separator: ","))}"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .stringConvertible(let value as any BinaryInteger): "\(value)"
        case .stringConvertible(let value as Double) where value.isFinite: "\(value)"
        case .stringConvertible(let value as Bool): "\(value)"
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let members): object(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
        default: JSONText.quoted("\(value)")
        }
    }
}

extension Logger.Level {
    /// Of the four levels that the command has.
    fileprivate var word: String {
        switch self {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error, .critical: "error"
        }
    }
}
