import ArgumentParser
import DredgeLedger
import DredgeStore

struct StoreDigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract:
            "Print a digest of the content: equal for the same objects and settings, however they came into the store.")

    @OptionGroup var store: StoreArgument

    func run() async throws {
        try StandardOutput.shared.write(try await store.open().digest() + "\n")
    }
}
