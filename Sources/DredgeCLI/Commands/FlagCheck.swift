import DredgeConfig

/// Collects what is wrong with the flags, as the config file's problems are collected.
struct FlagCheck {
    private(set) var problems: [String] = []

    mutating func report(_ problem: String) { problems.append(problem) }

    /// Checks a value that may be absent.
    mutating func rule(_ flag: String, _ value: String?, _ rule: (String) -> String?) {
        guard let value, let complaint = rule(value) else { return }
        report("\(flag) \(Quoting.quoted(value)) \(complaint)")
    }

    /// Reads a number that may be absent.
    mutating func number(
        _ flag: String, _ value: String?, _ what: String, in range: ClosedRange<Int>, _ read: (String) -> Int?
    ) -> Int? {
        guard let value else { return nil }
        if let number = read(value), range.contains(number) { return number }
        report("\(flag) \(Quoting.quoted(value)) is not \(what)")
        return nil
    }

    /// Throws when something was wrong.
    func finish() throws {
        guard !problems.isEmpty else { return }
        throw CommandFailure(.usage, problems.map { "dredge: \($0)" }.joined(separator: "\n"))
    }
}
