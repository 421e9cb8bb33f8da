#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What is wrong with a job over many machines, where, and what to do next.
public struct JobError: LocalizedError, Sendable, CustomStringConvertible {
    /// The closed list of causes.
    public enum Code: String, Sendable {
        /// The command or the config is wrong.
        case usage
        /// The place of the job's files can't be read or written.
        case storage
        /// A file of the job is missing, damaged, or of another version.
        case badFile
        /// Two workers have made different results of one shard.
        case unequalResults
        /// Shards are not done.
        case shardsMissing
        /// Another worker uses the scratch directory.
        case scratchInUse
        /// The task was cancelled.
        case cancelled
    }
    /// Which cause.
    public var code: Code
    /// The URL of the job, or of the file.
    public var place: String
    /// What happened, one sentence or two.
    public var message: String
    /// What to do next.
    public var advice: String
    /// Whether the same may work later, or on another machine.
    public var mayPass: Bool

    /// All parts.
    public init(code: Code, place: String, message: String, advice: String, mayPass: Bool = false) {
        self.mayPass = mayPass
        self.code = code
        self.place = place
        self.message = message
        self.advice = advice
    }

    /// The same as `description`.
    public var errorDescription: String? { description }

    /// One paragraph: where, what, what to do.
    public var description: String { "\(place): \(message) \(advice)" }
}
