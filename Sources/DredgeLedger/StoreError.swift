import DredgeBase

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What went wrong with a store, where, and what to do about it. Never holds chunk text or object keys.
public struct StoreError: LocalizedError, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of errors.
    public enum Code: String, Sendable {
        /// The file is something else: not SQLite, or the database of another application.
        case notAStore
        /// Made by a newer version, with a schema that this one does not know.
        case newerSchema
        /// Made with other settings than those asked for.
        case otherSettings
        /// Another process (or another `ChunkStore` of this one) writes to it.
        case inUse
        /// No such file or directory, or it is a directory.
        case cannotOpen
        /// No space is left, or a quota is used up. What was committed before is whole.
        case diskFull
        /// The file or its place cannot be written to.
        case readOnly
        /// SQLite or a checksum says that the content is damaged.
        case corrupt
        /// There is no object of that key (or id) in the store.
        case noSuchObject
        /// There is no source of that name in the store.
        case noSuchSource
        /// There is no run of that ID in the store.
        case noSuchRun
        /// The store was closed.
        case closed
        /// An argument that can't be right, such as the same source twice.
        case invalidArgument
        /// Any other error of SQLite; the message has its code.
        case sqlite
    }
    /// Which kind.
    public var code: Code
    /// The store's file.
    public var path: String
    /// What happened, in one or two sentences.
    public var message: String
    /// What to do next.
    public var advice: String

    /// An error with all its parts.
    public init(code: Code, path: String, message: String, advice: String) {
        self.code = code
        self.path = path
        self.message = message
        self.advice = advice
    }

    /// What the command says: message and advice in one line.
    public var description: String {
        advice.isEmpty ? message.closed : "\(message.closed) \(advice.closed)"
    }

    /// The same as `description`.
    public var errorDescription: String? { description }
}
