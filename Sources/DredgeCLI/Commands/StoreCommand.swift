import ArgumentParser
import DredgeLedger
import DredgeStore

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Read a store, and look after it.",
        subcommands: [
            StoreListCommand.self, StoreShowCommand.self, StoreStatsCommand.self, StoreExportCommand.self,
            StoreVerifyCommand.self, StoreDigestCommand.self, StoreRepairCommand.self, StoreCompactCommand.self,
            StoreForgetCommand.self,
        ])
}

/// The store that a command reads.
struct StoreArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The store's file.", valueName: "store"), completion: .file())
    var path: String

    /// Opens it for reading; a run may be writing it meanwhile.
    func open() throws(StoreError) -> ChunkStore { try ChunkStore.open(reading: path) }
}

/// The source that a command is about.
struct SourceOption: ParsableArguments {
    @Option(help: ArgumentHelp("Only objects of this source.", valueName: "name"))
    var source: String?

    /// Throws where `store` has no such source.
    func check(in store: ChunkStore) async throws(StoreError) {
        if let source { try await store.requireSource(source) }
    }
}
