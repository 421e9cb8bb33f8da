#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One mistake in a config file: where it stands, and what would be right.
public struct ConfigProblem: Hashable, Sendable {
    /// The name that was given with the text.
    public var fileName: String
    /// From 1. 0: the file as a whole.
    public var line: Int
    /// In Unicode scalars, from 1.
    public var column: Int
    /// `sources[0].auth.assume_role[1].role_arn`; empty: the file as a whole.
    public var keyPath: String
    /// What is wrong, and what would be right. Never holds the value of a secret.
    public var message: String

    /// Whether it says that a secret stands in the file.
    package var isOfSecret: Bool { message.hasPrefix(Self.secretStandsInFile) }
    static let secretStandsInFile = "a secret stands in the file itself"
}

extension ConfigProblem: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: KEY PATH: MESSAGE`, as compilers print it, so that editors can jump to the place.
    public var description: String {
        let place = line > 0 ? "\(fileName):\(line):\(column)" : fileName
        return keyPath.isEmpty ? "\(place): \(message)" : "\(place): \(keyPath): \(message)"
    }
}

extension ConfigProblem: Comparable {
    /// In the order of the file.
    public static func < (a: Self, b: Self) -> Bool {
        (a.line, a.column, a.keyPath, a.message) < (b.line, b.column, b.keyPath, b.message)
    }
}

/// Everything that is wrong with a config file, in the file's order.
public struct ConfigError: LocalizedError, CustomStringConvertible {
    /// At least one.
    public var problems: [ConfigProblem]

    /// More are not shown: by then the first ones explain the others.
    static let shownProblemCountMax = 100

    /// Of the file as a whole.
    init(_ message: String, fileName: String) {
        problems = [ConfigProblem(fileName: fileName, line: 0, column: 0, keyPath: "", message: message)]
    }

    init(problems: [ConfigProblem]) { self.problems = problems }

    /// The same as `description`.
    public var errorDescription: String? { description }

    /// A line for each problem, up to a hundred.
    public var description: String {
        var lines = problems.prefix(Self.shownProblemCountMax).map(\.description)
        if problems.count > Self.shownProblemCountMax {
            lines.append("and \(problems.count - Self.shownProblemCountMax) more")
        }
        return lines.joined(separator: "\n")
    }
}
