import ArgumentParser
import DredgeConfig

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Index all sources of a config file.",
        discussion: """
            Goes on with the store's last run if that was stopped or killed. Objects that have not changed since they \
            were stored are left alone. Documents whose objects are no longer listed are removed; what may be a \
            mistake (many at once, an empty listing, another bucket, prefix, endpoint or filter) is withheld until \
            --confirm-deletions, with exit status 2.
            """,
        example: "dredge run contracts.yaml --dry-run")

    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String

    @Option(help: "The store's file, instead of the config's; needed where that names none.", completion: .file())
    var store: String?

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp("This source only; may be given several times.", valueName: "name"))
    var sources: [String] = []

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let store, let complaint = FieldRules.storePath(store) {
            throw ValidationError("--store \(Quoting.quoted(store)) \(complaint)")
        }
    }

    func run() async throws {
        let config = try Config(path: self.config, store: store.map { .replaced(by: $0) } ?? .required, only: sources)
        config.showWarnings(output.log)
        try await IndexingJob(config: config, output: output).execute()
    }
}
