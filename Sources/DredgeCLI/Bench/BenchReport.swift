import Dredge

/// What `dredge bench` found out.
struct BenchReport: Encodable {
    /// The machine, as far as it decides on the figures.
    struct Machine: Encodable {
        var coreCount: Int
        /// The instructions that the counter uses: "scalar", "avx2", "avx512vbmi" or "neon".
        var counterPath: String
        var version = Version.current
    }

    var machine: Machine
    /// Where the text of the stages is from.
    var text: String
    var textByteCount: Int
    /// One core alone.
    var stages: [BenchFigure]
    /// What the run read.
    var source: String
    /// All stages together. nil: not asked for.
    var run: RunReport?
}

/// The same for people.
enum BenchText {
    static func text(_ report: BenchReport) -> String {
        var lines = [
            "\(Figures.count(report.machine.coreCount, "core")), counting with \(report.machine.counterPath), "
                + "dredge \(report.machine.version)",
            "",
            "Stages, each alone on one core, over \(Figures.bytes(UInt64(report.textByteCount))) of \(report.text):",
        ]
        lines += TextTable.lines(
            header: ["", "per second", "processor s per GB"],
            rows: report.stages.map { figure in
                let amount =
                    figure.stage.unit.map { "\(Figures.count(Int(figure.perSecond))) \($0)" }
                    ?? Figures.rate(figure.perSecond)
                return [
                    figure.stage.title, amount, figure.secondsPerGigabyte.map { Figures.decimal($0, 2) } ?? "",
                ]
            }, alignments: [.left, .right, .right], indent: 2)
        if let run = report.run {
            lines += ["", "All stages together, from \(report.source):", end(run)] + StatText.lines(run)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func end(_ run: RunReport) -> String {
        let bytes = Double(run.fetchedByteCount)
        guard bytes > 0, run.elapsedSeconds > 0, run.cpuSeconds > 0 else { return "  Nothing was read." }
        return "  \(Figures.bytes(run.fetchedByteCount)) in \(Figures.duration(run.elapsedSeconds)): "
            + "\(Figures.rate(bytes / run.elapsedSeconds)), \(Figures.rate(bytes / run.cpuSeconds)) per core, "
            + "\(Figures.decimal(Double(run.indexed.objects) / run.elapsedSeconds, 0)) objects/s"
    }
}
