import ArgumentParser
import DredgeLedger
import DredgeShards
import DredgeStore

struct StoreDigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract:
            "Print a digest of the content: equal for the same keys, bytes and settings, however they came there.",
        example: "dredge store digest contracts.chunks", hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @Flag(help: "Take in the objects' ETags and version IDs, which may differ for the same bytes.")
    var versions = false

    func run() async throws {
        try await store.read(tell)
    }

    private func tell(_ content: ContentArgument.Content) async throws {
        let digest =
            switch content {
            case .store(let store): try await store.digest(versions: versions)
            case .catalog(let reader): versions ? try await reader.versionsDigest() : reader.catalog.digest
            }
        try StandardOutput.shared.write(digest + "\n")
    }
}
