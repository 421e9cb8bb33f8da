import ArgumentParser
import Dredge
import DredgeConfig
import DredgeShards

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how far a job of many workers is.",
        discussion: """
            Workers tell once a minute how far they are. A shard counts as failed when it is not done and its worker \
            has not been heard of for five minutes.
            """,
        example: "dredge status --job s3://acme-results/dredge/20260131-2f1c --watch", hasRareFlags: true)

    @Option(help: ArgumentHelp("The job's URL, as `dredge plan` printed it.", valueName: "url"))
    var job: String

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Ask again every ten seconds, until all shards are done.")
    var watch = false

    @Flag(help: "Print a line of JSON on standard output.")
    var json = false

    @Flag(help: "End with 2 where shards are not done.")
    var exitCode = false

    func run() async throws {
        try await JobPlace.with(job, storage) { place in
            let job = try await Job(place)
            while true {
                let status = try await job.status()
                let isLast = !watch || status.isDone
                if json, isLast {
                    Answer.give(status)
                } else {
                    try StandardOutput.shared.write(json ? try JSONText.line(status) : StatusText.text(status))
                }
                guard !isLast else {
                    if exitCode, !status.isDone { throw CommandFailure(.incomplete) }
                    return
                }
                StandardOutput.shared.flush()
                try? await Task.sleep(for: .seconds(10))
            }
        }
    }
}

/// A job's status for people.
enum StatusText {
    static func text(_ status: JobStatus) -> String {
        var line =
            "Shards: \(Figures.count(status.doneCount)) of \(Figures.count(status.shardCount)) done, "
            + "\(Figures.count(status.runningCount)) running, \(Figures.count(status.failedCount)) failed. "
            + "Objects: \(Figures.count(status.doneObjectCount)) of \(Figures.count(status.objectCount)), "
            + "\(Figures.bytes(status.doneByteCount)) of \(Figures.bytes(status.byteCount))."
        if let objects = status.objectsPerSecond, let bytes = status.bytesPerSecond {
            line += " \(Figures.count(Int(objects))) objects/s, \(Figures.rate(bytes))"
            if let seconds = status.secondsLeft { line += ", about \(Figures.duration(seconds)) left" }
            line += "."
        }
        if !status.failedShards.isEmpty {
            let shown = status.failedShards.prefix(20).map(String.init).joined(separator: ",")
            line += " Left by their workers: \(shown)\(status.failedCount > 20 ? ",…" : "")."
        }
        if status.isDone { line += status.isMerged ? " Merged." : " To be merged: dredge merge." }
        return line + "\n"
    }
}
