import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Read a store, and look after it.",
        example: "dredge store export contracts.chunks > chunks.jsonl",
        subcommands: [
            StoreListCommand.self, StoreSearchCommand.self, StoreShowCommand.self, StoreCatCommand.self,
            StoreExportCommand.self,
            StoreStatsCommand.self, StoreUsageCommand.self, StoreDiffCommand.self,
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

/// The store, or the job whose shards stand for one, that a command reads.
struct ContentArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The store's file, or the URL of a job that is merged, or of a place of jobs: its latest one.",
            valueName: "store"), completion: .file())
    var path: String

    @OptionGroup var storage: StorageOptions

    /// What is there, for reading.
    enum Content {
        case store(ChunkStore)
        case catalog(CatalogReader)

        /// What the content is a function of.
        var settings: [String: String] {
            switch self {
            case .store(let store): store.settings
            case .catalog(let reader): reader.catalog.settings
            }
        }
    }

    /// Calls `body` with what is there.
    func read(_ body: (Content) async throws -> Void) async throws { try await Self.read(path, storage, body) }

    /// Calls `body` with what is at `path`.
    static func read(
        _ path: String, _ storage: StorageOptions, _ body: (Content) async throws -> Void
    ) async throws {
        var isFolder: ObjCBool = false
        let isJob =
            path.hasPrefix("s3://")
            || FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
        guard isJob else { return try await body(.store(try ChunkStore.open(reading: path))) }
        try await JobPlace.withMerged(path, storage) { job in
            try await body(.catalog(try await CatalogReader(job, scratch: JobPlace.scratch(storage.scratch))))
        }
    }
}
