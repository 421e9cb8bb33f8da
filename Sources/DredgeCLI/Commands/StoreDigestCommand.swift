import ArgumentParser
import DredgeLedger
import DredgeStore

struct StoreDigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract:
            "Print a digest of the content: equal for the same keys, bytes and settings, however they came there.")

    @OptionGroup var store: StoreArgument

    @Flag(help: "Take in the objects' ETags and version IDs, which may differ for the same bytes.")
    var versions = false

    func run() async throws {
        try StandardOutput.shared.write(try await store.open().digest(versions: versions) + "\n")
    }
}
