import ArgumentParser
import Dredge
import DredgeCheck
import DredgeConfig
import Foundation

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether each source can be read, and if not what to change.",
        discussion: """
            Walks every source step by step: settings, credentials, each role, bucket, listing, one byte of one \
            object, its encryption key, clock. Where a step fails, it tries what tells the causes apart, and prints \
            the likeliest one first, with who must change what. Nothing is written, and no store is needed. What it \
            sends shows in CloudTrail under sessions named dredge-check-….
            """)

    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String

    @Flag(help: "Print the report as a line of JSON on standard output.")
    var json = false

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp("This source only; may be given several times.", valueName: "name"))
    var sources: [String] = []

    func run() async throws {
        let config = try Config(path: self.config, store: .optional)
        config.showWarnings()
        let engine = try Engine(base: config.base)
        let style = CheckText.Style.ofTerminal(ProcessInfo.processInfo.environment)
        var report = CheckReport(sources: [])
        do {
            for source in try chosen(of: config) {
                let result = try await engine.check(source)
                report.sources.append(result)
                guard !json else { continue }
                // Each source is shown as soon as it is checked: one that does not answer takes up to two minutes.
                try StandardOutput.shared.write(CheckText.text(result, style: style) + "\n")
                StandardOutput.shared.flush()
            }
        } catch let error as RunError {
            throw CommandFailure(.fatal, of: error, FatalText.text(error))
        }
        if json { Answer.give(report) } else { try StandardOutput.shared.write(CheckText.conclusion(report)) }
        if !report.isPassed { throw CommandFailure(.fatal) }
    }

    private func chosen(of config: Config) throws -> [Source] {
        let names = config.sources.map(\.name)
        for name in sources where !names.contains(name) {
            let known = names.map { Quoting.quoted($0) }.joined(separator: ", ")
            throw CommandFailure(
                .usage, "dredge: --source \(Quoting.quoted(name)) is not in the config, which has: \(known)")
        }
        return sources.isEmpty ? config.sources : config.sources.filter { sources.contains($0.name) }
    }
}
