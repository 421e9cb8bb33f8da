import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

struct StoreStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show what a store holds, in numbers.",
        example: "dredge store stats contracts.chunks", hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @Flag(help: "Print a line of JSON.")
    var json = false

    func run() async throws {
        try await store.read(tell)
    }

    private func tell(_ content: ContentArgument.Content) async throws {
        switch content {
        case .store(let store):
            let stats = try await store.stats()
            if json { Answer.give(stats) } else { try StandardOutput.shared.write(StatsText.text(stats)) }
        case .catalog(let reader):
            let catalog = reader.catalog
            if json {
                Answer.give(CatalogLine(catalog))
            } else {
                try StandardOutput.shared.write(CatalogText.text(catalog))
            }
        }
    }
}

/// A store's numbers for people.
enum StatsText {
    static func text(_ stats: StoreStats) -> String {
        var lines = ["Settings"]
        lines += stats.settings.sorted { $0.key < $1.key }.map {
            "  \(Quoting.escaped($0.key)): \(Quoting.escaped($0.value))"
        }
        lines.append("Objects by state")
        lines += states(stats)
        lines.append("Content")
        lines += content(stats)
        lines.append("Runs, newest first")
        lines += stats.runs.map(run)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func states(_ stats: StoreStats) -> [String] {
        let rows = ObjectState.allCases.compactMap { state in
            stats.states[state].map { [state.rawValue, Figures.count($0.objects), Figures.bytes($0.bytes)] }
        }
        return TextTable.lines(header: nil, rows: rows, alignments: [.left, .right, .right], indent: 2)
    }

    private static func content(_ stats: StoreStats) -> [String] {
        var rows = [
            ["documents", Figures.count(stats.contentObjectCount), Figures.bytes(stats.contentByteCount)],
            ["chunks", Figures.count(stats.chunkCount), ""],
            ["tokens", Figures.count(stats.tokenCount), ""],
            [
                "batches", Figures.count(stats.batchCount),
                "\(Figures.bytes(stats.payloadByteCount)) for \(Figures.bytes(stats.rawByteCount))",
            ],
            ["file", "", Figures.bytes(stats.fileByteCount)],
        ]
        if stats.staleObjectCount > 0 { rows.append(["of older versions", Figures.count(stats.staleObjectCount), ""]) }
        if stats.progressChunkCount > 0 {
            rows.append(["chunks of objects not read to the end", Figures.count(stats.progressChunkCount), ""])
        }
        if stats.deadChunkCount > 0 {
            rows.append([
                "chunks of no object", Figures.count(stats.deadChunkCount), Figures.bytes(stats.deadByteCount),
            ])
        }
        return TextTable.lines(header: nil, rows: rows, alignments: [.left, .right, .left], indent: 2)
    }

    private static func run(_ run: StoreStats.Run) -> String {
        let resumed = run.resumedCount > 0 ? ", resumed \(run.resumedCount) times" : ""
        let seconds = run.ended.map { $0.timeIntervalSince(run.began) }
        let end =
            run.outcome.map { "\($0.rawValue)\(seconds.map { " after \(Figures.duration($0))" } ?? "")" } ?? "not ended"
        return
            "  \(Quoting.escaped(run.id)): \(end)\(resumed), begun \(run.began.ISO8601Format()), dredge "
            + "\(Quoting.escaped(run.version))"
    }
}
