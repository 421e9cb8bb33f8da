import Dredge
import DredgeConfig

/// A run's report for people.
enum ReportText {
    /// - Parameter store: where the objects are; nil: nowhere that stays.
    static func text(_ report: RunReport, store: String?) -> String {
        var lines = [headline(report)]
        lines += table(report)
        if let count = report.verifiedCount {
            lines.append(
                "Verified by a checksum of the whole object: \(Figures.count(count)) of "
                    + "\(Figures.count(report.indexed.objects)) indexed.")
        }
        if report.removedCount > 0 {
            lines.append(
                "Removed from the store, because their source no longer lists or wants them: "
                    + "\(documents(report.removedCount))."
            )
        }
        if report.markedCount > 0 {
            lines.append("Kept, though their source no longer lists or wants them: \(documents(report.markedCount)).")
        }
        lines += WithheldText.lines(report.withheld)
        lines += unmatched(report)
        lines.append(throughput(report))
        lines += failures(report)
        if let store { lines += hints(report, store: store) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What went wrong, and what to do about it; empty: nothing did.
    static func problems(_ report: RunReport, store: String?, isEmptyAProblem: Bool = false) -> String {
        let isWell = report.outcome == .complete && !report.isIncomplete && !(isEmptyAProblem && report.isEmpty)
        if isWell { return "" }
        var lines = [headline(report)] + WithheldText.lines(report.withheld) + failures(report)
        if let store { lines += hints(report, store: store) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func headline(_ report: RunReport) -> String {
        let resumed = report.isResumed ? ", resumed" : ""
        let end =
            switch report.outcome {
            case .complete where report.failed.objects + report.changed.objects > 0: "Complete, with failed objects"
            case .complete: report.withheld.isEmpty ? "Complete" : "Complete, with removals withheld"
            case .stopped: "Stopped"
            case .failed: "Ended by an error"
            }
        return "\(end): run \(report.id)\(resumed), \(Figures.duration(report.elapsedSeconds))"
    }

    /// What was listed, and what became of it: the rows below the first add up to it.
    private static func table(_ report: RunReport) -> [String] {
        var rows: [(name: String, count: ObjectCount, note: String)] = [
            ("listed", report.listed, ""),
            (
                "indexed", report.indexed,
                "\(Figures.count(report.chunkCount)) chunks, \(Figures.count(report.tokenCount)) tokens"
            ),
        ]
        for row in [
            ("unchanged", report.unchanged, ""),
            ("skipped", report.skipped, reasons(report.skippedReasons)),
            ("failed", report.failed, reasons(report.failedReasons)),
            ("vanished", report.vanished, "deleted between the listing and the read"),
            ("changed", report.changed, "changed under every read"),
            ("pending", report.pending, "not dealt with yet"),
        ] where row.1.objects > 0 { rows.append(row) }
        let cells = rows.map { [$0.name, Figures.count($0.count.objects), Figures.bytes($0.count.bytes), $0.note] }
        return TextTable.lines(
            header: ["", "objects", "bytes", ""], rows: cells, alignments: [.left, .right, .right, .left], indent: 2)
    }

    /// `archived 5, filtered 90`: most frequent first.
    static func reasons(_ reasons: [String: Int]) -> String {
        reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Quoting.escaped(FailReason.words($0.key))) \(Figures.count($0.value))" }.joined(separator: ", ")
    }

    private static func unmatched(_ report: RunReport) -> [String] {
        report.sources.flatMap { source in
            source.unmatchedPatterns.map {
                "Source \(Quoting.quoted(source.name)): the pattern \(Quoting.quoted($0)) matched nothing."
            }
        }
    }

    private static func throughput(_ report: RunReport) -> String {
        let fetched = Double(report.fetchedByteCount)
        var text = "Read \(Figures.bytes(report.fetchedByteCount))"
        guard fetched > 0, report.elapsedSeconds > 0, report.cpuSeconds > 0 else { return text + "." }
        text +=
            " at \(Figures.rate(fetched / report.elapsedSeconds)), "
            + "\(Figures.rate(fetched / report.cpuSeconds)) per core"
        return text + " (\(Figures.duration(report.cpuSeconds)) of processor time)."
    }

    private static func failures(_ report: RunReport) -> [String] {
        guard !report.failures.isEmpty else { return [] }
        let total = report.failed.objects + report.changed.objects
        let title = report.failures.count < total ? "The first \(report.failures.count) of them:" : "Failed:"
        return [title] + entries(report.failures) + advice(report.failures)
    }

    private static func entries(_ failures: [RunReport.Failure]) -> [String] {
        failures.map { failure in
            let request = failure.requestID.map { " (request \(Quoting.escaped($0)))" } ?? ""
            return "  \(Quoting.escaped(failure.source)): \(Quoting.escaped(failure.key)): "
                + "\(Quoting.escaped(FailReason.words(failure.reason)))\(request)"
        }
    }

    /// Once for all that failed for the same reason.
    private static func advice(_ failures: [RunReport.Failure]) -> [String] {
        var told: Set<String> = []
        return failures.compactMap { failure in
            let reason = String(FailReason.words(failure.reason).prefix { $0 != ":" })
            guard let advice = failure.advice, told.insert(reason).inserted else { return nil }
            return "What to do (\(Quoting.escaped(reason))): \(Quoting.escaped(advice))"
        }
    }

    private static func hints(_ report: RunReport, store: String) -> [String] {
        var hints: [String] = []
        if report.outcome == .stopped { hints.append("The same command goes on from here.") }
        if report.failed.objects + report.changed.objects > 0 {
            hints.append(
                "The next run tries them again. All of them: dredge store ls --state failed \(Quoting.escaped(store))")
        }
        let reasons = Set(report.withheld.filter { $0.count > 0 }.map(\.reason))
        if !reasons.isDisjoint(with: [.emptyListing, .overLimits, .withheldBefore]) {
            hints.append(
                "Those that are not listed any more: dredge store ls --state vanished \(Quoting.escaped(store))")
        }
        if reasons.contains(.filtersChanged) {
            hints.append(
                "Those that filters leave out: dredge store ls --state skipped \(Quoting.escaped(store)), where an "
                    + "older version is stored")
        }
        return hints + emptiness(report)
    }

    /// A run that found nothing to read is complete, and perhaps not what was meant.
    private static func emptiness(_ report: RunReport) -> [String] {
        guard report.outcome == .complete else { return [] }
        if report.listed.objects == 0 { return ["No object was listed: check bucket and prefix."] }
        guard report.isEmpty else { return [] }
        return [
            "The filters leave out every object: a pattern with a slash matches the whole key, and * stops at a "
                + "slash."
        ]
    }

    private static func documents(_ count: Int) -> String { WithheldText.documents(count) }
}
