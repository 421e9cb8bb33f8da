import Dredge
import DredgeConfig

/// Withheld removals for people, one line a source.
enum WithheldText {
    static func lines(_ withheld: [WithheldRemovals]) -> [String] { withheld.map(line) }

    static func line(_ withheld: WithheldRemovals) -> String {
        let what =
            withheld.count == 0
            ? "nothing of it is removed" : "the removal of \(documents(withheld.count)) is withheld"
        let words = "\(withheld.message) \(withheld.advice)"
        return "Source \(Quoting.quoted(withheld.source)): \(what). \(Quoting.escaped(words))"
    }

    static func documents(_ count: Int) -> String {
        count == 1 ? "1 document" : "\(Figures.count(count)) documents"
    }
}
