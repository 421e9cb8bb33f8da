/// One mistake in a config file: where it stands, and what would be right.
struct ConfigProblem: Hashable, Sendable {
    var fileName: String
    /// From 1. 0: the file as a whole.
    var line: Int
    /// In Unicode scalars, from 1.
    var column: Int
    /// `sources[0].auth.assume_role[1].role_arn`; empty: the file as a whole.
    var keyPath: String
    /// Never holds the value of a secret.
    var message: String
}

extension ConfigProblem: CustomStringConvertible {
    /// As compilers print it, so that editors can jump to the place.
    var description: String {
        let place = line > 0 ? "\(fileName):\(line):\(column)" : fileName
        return keyPath.isEmpty ? "\(place): \(message)" : "\(place): \(keyPath): \(message)"
    }
}

extension ConfigProblem: Comparable {
    static func < (a: Self, b: Self) -> Bool {
        (a.line, a.column, a.keyPath, a.message) < (b.line, b.column, b.keyPath, b.message)
    }
}

/// Everything that is wrong with a config file, in the file's order.
struct ConfigError: Error, CustomStringConvertible {
    var problems: [ConfigProblem]

    /// More are not shown: by then the first ones explain the others.
    static let shownProblemCountMax = 100

    var description: String {
        var lines = problems.prefix(Self.shownProblemCountMax).map(\.description)
        if problems.count > Self.shownProblemCountMax {
            lines.append("and \(problems.count - Self.shownProblemCountMax) more")
        }
        return lines.joined(separator: "\n")
    }
}
