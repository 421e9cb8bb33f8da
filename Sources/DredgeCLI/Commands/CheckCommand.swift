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
            """,
        example: "dredge check contracts.yaml --source acme", hasRareFlags: true)

    @Argument(
        help: ArgumentHelp(
            "The config file: YAML or JSON. Or s3://bucket/prefix, with the flags of access.", valueName: "config"),
        completion: .file())
    var config: String

    @Flag(help: "Only look at the settings: nothing is sent.")
    var offline = false

    @Flag(help: "Print the report as a line of JSON.")
    var json = false

    enum Colour: String, CaseIterable, ExpressibleByArgument {
        case auto, always, never

        /// Help has them in its own sentence.
        static var allValueStrings: [String] { [] }
    }

    @Option(
        name: .customLong("color"),
        help: ArgumentHelp("auto (on a terminal, without NO_COLOR), always, never.", valueName: "when"),
        completion: .list(Colour.allCases.map(\.rawValue)))
    var colour = Colour.auto

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp("This source only; may be given several times.", valueName: "name"))
    var sources: [String] = []

    @OptionGroup(title: "Access to s3://bucket/prefix") var access: AccessOptions

    @OptionGroup(title: "Log") var logging: LogOptions

    func run() async throws {
        let config = try read()
        config.showWarnings(logging.log())
        if offline { return try tell(config) }
        let engine = try Engine(
            base: config.base, environment: ProcessInfo.processInfo.environment, logger: logging.log().logger)
        var style = CheckText.Style.ofTerminal(ProcessInfo.processInfo.environment)
        style.isColoured = isColoured(ProcessInfo.processInfo.environment)
        var report = CheckReport(sources: [])
        do {
            for source in config.sources {
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

    /// NO_COLOR: <https://no-color.org>.
    private func isColoured(_ environment: [String: String]) -> Bool {
        switch colour {
        case .always: true
        case .never: false
        case .auto:
            isatty(STDOUT_FILENO) == 1 && environment["TERM"] ?? "dumb" != "dumb"
                && (environment["NO_COLOR"] ?? "").isEmpty
        }
    }

    private func read() throws -> Config {
        guard config.hasPrefix("s3://") else {
            guard access.isEmpty else {
                throw CommandFailure(
                    .usage, "dredge: the flags of access are for s3://bucket/prefix; a config has its own")
            }
            return try Config(path: config, store: .optional, only: sources)
        }
        guard sources.isEmpty else { throw CommandFailure(.usage, "dredge: --source is for a config's sources") }
        var check = FlagCheck()
        var addressed = AddressedSource(config, access, environment: ProcessInfo.processInfo.environment, &check)
        try addressed.finish(check)
        return Config(
            store: nil, settings: IndexSettings(), limits: .default, base: addressed.base, sources: [addressed.source])
    }

    /// What the settings come to.
    private func tell(_ config: Config) throws {
        let sources = config.sources.map { Offline.Entry(name: $0.name, bucket: $0.bucket, prefix: $0.prefix) }
        if json { return Answer.give(Offline(configuredSources: sources)) }
        for source in sources {
            let place = "s3://\(Quoting.escaped(source.bucket))/\(Quoting.escaped(source.prefix))"
            try StandardOutput.shared.write("\(Quoting.quoted(source.name)): \(place)\n")
        }
        try StandardOutput.shared.write("The settings can be used. Nobody was asked: leave out --offline for that.\n")
    }

    /// What a look without requests tells.
    private struct Offline: Encodable {
        struct Entry: Encodable {
            var name: String
            var bucket: String
            var prefix: String
        }
        var configuredSources: [Entry]
    }
}
