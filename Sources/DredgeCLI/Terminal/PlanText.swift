import Dredge
import DredgeConfig

/// A plan for people.
enum PlanText {
    /// - Parameter cost: what the requests come to; nil: that is told elsewhere.
    static func text(_ plan: Plan, cost: CostText? = nil) -> String {
        let parts = plan.sources.map { source in
            var rows = [
                row("listed", source.listed, ""), row("to fetch", source.toFetch, ""),
                row("unchanged", source.unchanged, ""),
                row("skipped", source.skipped, ReportText.reasons(source.skippedReasons)),
            ]
            if source.failed.objects > 0 {
                rows.append(row("failed", source.failed, ReportText.reasons(source.failedReasons)))
            }
            let table = TextTable.lines(
                header: ["", "objects", "bytes", ""], rows: rows, alignments: [.left, .right, .right, .left], indent: 2)
            var left: [String] = []
            if source.removedCount > 0 {
                left.append(
                    "  to be removed, because no longer listed or wanted: \(Figures.count(source.removedCount))")
            }
            if source.markedCount > 0 {
                left.append("  to be kept, though no longer listed or wanted: \(Figures.count(source.markedCount))")
            }
            if let withheld = source.withheld { left.append("  \(WithheldText.line(withheld))") }
            return (["Source \(Quoting.quoted(source.source))"] + table + left).joined(separator: "\n")
        }
        let costs = cost.map { [$0.line] } ?? []
        return (parts + costs + ["Nothing was fetched, nothing was written.", ""]).joined(separator: "\n")
    }

    private static func row(_ name: String, _ count: ObjectCount, _ note: String) -> [String] {
        [name, Figures.count(count.objects), Figures.bytes(count.bytes), note]
    }
}
