import Dredge
import DredgeConfig
import DredgeLedger
import DredgeShards
import Foundation
import Synchronization

/// The line of JSON that `--json` prints when a command ends, of one shape for all commands: how it ended, and beside
/// that what it has to tell. `Examples/json/outcome.schema.json` describes it.
struct OutcomeLine: Encodable {
    /// Grows when a member changes its meaning or goes. Members may be added.
    static let formatVersion = 1

    private let command: String
    private let status: ExitStatus
    private let error: Problem?
    private let answer: (any Encodable)?

    init(_ command: String, _ status: ExitStatus, _ error: Problem? = nil, answer: (any Encodable)?) {
        self.command = command
        self.status = status
        self.error = error
        self.answer = answer
    }

    private enum Key: String, CodingKey { case formatVersion, dredgeVersion, command, outcome, exitCode, error }

    func encode(to encoder: any Encoder) throws {
        try answer?.encode(to: encoder)
        // Behind the answer: of a name that both have, this one counts.
        var members = encoder.container(keyedBy: Key.self)
        try members.encode(Self.formatVersion, forKey: .formatVersion)
        try members.encode(Version.current, forKey: .dredgeVersion)
        try members.encode(command, forKey: .command)
        try members.encode(status.outcome, forKey: .outcome)
        try members.encode(status.rawValue, forKey: .exitCode)
        try members.encodeIfPresent(error, forKey: .error)
    }

    /// What went wrong.
    struct Problem: Encodable {
        var code: String
        var message: String
        var advice: String?
        /// A file, or a job's URL.
        var place: String?
        var source: String?
        var step: String?
        var serviceCode: String?
        var status: Int?
        var requestID: String?
        /// Of other sources.
        var others: [Problem]?
        /// Of a config.
        var problems: [Place]?
    }

    /// One mistake in a config.
    struct Place: Encodable {
        var file: String
        var line: Int
        var column: Int
        var keyPath: String
        var message: String
    }
}

extension OutcomeLine.Problem {
    /// What is known of an error that ended a command.
    /// - Parameter text: what was said of it on standard error.
    init(_ error: any Error, text: String) {
        switch error {
        case let error as RunError: self.init(error)
        case let error as StoreError:
            self.init(code: error.code.rawValue, message: error.message, advice: error.advice, place: error.path)
        case let error as JobError:
            self.init(code: error.code.rawValue, message: error.message, advice: error.advice, place: error.place)
        case let error as ConfigError:
            self.init(
                code: "config", message: text,
                problems: error.problems.map {
                    .init(
                        file: $0.fileName, line: $0.line, column: $0.column, keyPath: $0.keyPath, message: $0.message)
                })
        default: self.init(code: "other", message: text)
        }
    }

    private init(_ error: RunError) {
        self.init(
            code: error.code.rawValue, message: error.message, advice: error.advice, source: error.source,
            step: error.step, serviceCode: error.serviceCode, status: error.status, requestID: error.requestID,
            others: error.others.map { Self($0) })
    }
}

/// What a command tells with `--json`. It is printed when the command has ended, with how it ended.
enum Answer {
    private static let given = Mutex<(any Encodable & Sendable)?>(nil)

    /// The last one counts.
    static func give(_ answer: some Encodable & Sendable) { given.withLock { $0 = answer } }

    /// nil: none was given.
    static func take() -> (any Encodable & Sendable)? { given.withLock { $0.take() } }
}

extension ExitStatus {
    fileprivate var outcome: String {
        switch self {
        case .complete: "complete"
        case .usage: "usage"
        case .incomplete: "incomplete"
        case .fatal: "failed"
        case .stopped, .interrupted: "stopped"
        }
    }
}
