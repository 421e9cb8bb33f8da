import ArgumentParser
import DredgeConfig

/// A word of a command line in the place of a subcommand, which is the name of none.
struct Misspelling: Equatable {
    var word: String
    /// The subcommand whose name is most like it; nil: none is like it.
    var suggestion: String?

    /// nil: the subcommands of the command line are right.
    init?(_ arguments: [String], of command: any ParsableCommand.Type) {
        var command = command
        for word in arguments {
            let subcommands = command.configuration.subcommands
            if subcommands.isEmpty || word.hasPrefix("-") || word == "help" { return nil }
            guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
                self.init(word, among: subcommands.compactMap { $0.configuration.commandName })
                return
            }
            command = next
        }
        return nil
    }

    /// Letters above which a word is no command's.
    private static let lengthMax = 40

    /// Two mistakes are as many as a word may have, and not more than a third of it.
    private init(_ word: String, among names: [String]) {
        self.word = word
        guard word.count <= Self.lengthMax else { return }
        let nearest = names.map { (name: $0, distance: Self.distance(word, $0)) }.min { $0.distance < $1.distance }
        suggestion = nearest.flatMap { $0.distance <= min(2, max(1, word.count / 3)) ? $0.name : nil }
    }

    /// `There is no command 'sotre'. Did you mean 'store'?`
    var text: String {
        "There is no command '\(Quoting.escaped(word))'." + (suggestion.map { " Did you mean '\($0)'?" } ?? "")
    }

    /// Letters to add, remove, replace, or change with their neighbours, to make one word of the other: the optimal
    /// string alignment distance.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var rows = [Array(0...b.count)]
        for (i, letter) in a.enumerated() {
            var row = [i + 1]
            for (j, other) in b.enumerated() {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter == other ? 0 : 1))
                if i > 0, j > 0, letter == b[j - 1], a[i - 1] == other { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
