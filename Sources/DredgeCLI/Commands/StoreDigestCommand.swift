import ArgumentParser
import DredgeLedger
import DredgeShards
import DredgeStore

struct StoreDigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract:
            "Print a digest of the content: equal for the same keys, bytes and settings, however they came there.")

    @OptionGroup var store: ContentArgument

    @Flag(help: "Take in the objects' ETags and version IDs, which may differ for the same bytes.")
    var versions = false

    func run() async throws {
        try await store.read(tell)
    }

    private func tell(_ content: ContentArgument.Content) async throws {
        if !versions, case .catalog(let reader) = content {
            return try StandardOutput.shared.write(reader.catalog.digest + "\n")
        }
        var (sum, settings) = (ContentDigest(), [String: String]())
        try await content.forEachStore { store in
            sum += try await store.contentDigest(versions: versions)
            settings = store.settings
        }
        try StandardOutput.shared.write(sum.text(settings: settings) + "\n")
    }
}
