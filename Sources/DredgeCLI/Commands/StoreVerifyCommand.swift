import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore

struct StoreVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check all of a store: rows, batches, directories, places of chunks, sums of tokens.",
        discussion: "Status 0: the store is sound. 3: it is not.",
        example: "dredge store verify contracts.chunks", hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @Flag(help: "Print the result as a line of JSON.")
    var json = false

    func run() async throws {
        try await store.read(verify)
    }

    private func verify(_ content: ContentArgument.Content) async throws {
        let report = try await Self.report(content)
        var advice = "`dredge store repair` drops what is damaged; the next run reads it again."
        if case .catalog = content { advice = "A file of a job is not changed: what is said of each tells what to do." }
        if json { Answer.give(report) } else { try StandardOutput.shared.write(VerifyText.text(report, advice)) }
        if !report.isSound { throw CommandFailure(.fatal) }
    }
}

extension StoreVerifyCommand {
    /// What is wrong with the store, or with the stores of all shards, and whether these hold what was handed in.
    private static func report(_ content: ContentArgument.Content) async throws -> VerifyReport {
        switch content {
        case .store(let store): return try await store.verify()
        case .catalog(let reader):
            var sum = VerifyReport()
            try await reader.forEachStore(onDamage: { sum.add($0) }) { store, content in
                sum += try await store.verify()
                if try await store.contentDigest() != content {
                    sum.add("the store \(store.path) holds something else than its worker has handed in")
                }
            }
            do {
                if try await reader.rowSums() != reader.catalog.total {
                    sum.add("the results of the shards do not add up to the catalog")
                }
            } catch let error as JobError {
                sum.add("\(error)")
            }
            return sum
        }
    }
}

/// A check's result for people.
enum VerifyText {
    /// - Parameter advice: what to do where the store is damaged.
    static func text(_ report: VerifyReport, _ advice: String) -> String {
        let checked =
            "Checked: \(Figures.count(report.objectCount, "object")), \(Figures.count(report.chunkCount, "chunk")), "
            + "\(Figures.count(report.batchCount, "batch", "batches")), \(Figures.bytes(report.rawByteCount)) of text."
        if report.isSound { return "The store is sound.\n\(checked)\n" }
        var lines = ["The store is damaged: \(Figures.count(report.problemCount, "problem")).", checked]
        lines += report.problems.map { "  \(Quoting.escaped($0.description))" }
        if report.problems.count < report.problemCount {
            lines.append("  and \(Figures.count(report.problemCount - report.problems.count)) more")
        }
        lines.append(advice)
        return lines.joined(separator: "\n") + "\n"
    }
}
