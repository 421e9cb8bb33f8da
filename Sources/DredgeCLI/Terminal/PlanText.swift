import Dredge
import DredgeConfig

/// A plan for people.
enum PlanText {
    static func text(_ plan: Plan) -> String {
        let parts = plan.sources.map { source in
            let rows = [
                row("listed", source.listed, ""), row("to fetch", source.toFetch, ""),
                row("unchanged", source.unchanged, ""),
                row("skipped", source.skipped, ReportText.reasons(source.skippedReasons)),
            ]
            let table = TextTable.lines(
                header: ["", "objects", "bytes", ""], rows: rows, alignments: [.left, .right, .right, .left], indent: 2)
            let removed =
                source.removedCount > 0
                ? ["  to be removed, because not listed any more: \(Figures.count(source.removedCount))"] : []
            return (["Source \(Quoting.quoted(source.source))"] + table + removed).joined(separator: "\n")
        }
        return parts.joined(separator: "\n") + "\nNothing was fetched, nothing was written.\n"
    }

    private static func row(_ name: String, _ count: ObjectCount, _ note: String) -> [String] {
        [name, Figures.count(count.objects), Figures.bytes(count.bytes), note]
    }
}
