import ArgumentParser
import DredgeLedger
import DredgeShards
import DredgeStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct StoreExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the chunks as JSON Lines.",
        discussion: """
            Names of a line: source, bucket, prefix (the source's), key, etag, version_id, last_modified, chunk_id, \
            ordinal, byte_offset, byte_length, tokens, text. The same version of an object, under the same settings, \
            always has the same chunk_ids. Where the text is not valid UTF-8, text has U+FFFD for what is not, and \
            base64 has the exact bytes.
            """,
        example: """
            dredge store export contracts.chunks --since-run latest -o new.jsonl
            """, hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @OptionGroup var selection: SelectionOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write to this file, which is there when all of it is written.", valueName: "file"),
        completion: .file())
    var output: String?

    func validate() throws {
        if let output, output.isEmpty { throw ValidationError("--output is empty") }
        if let output, output == store.path { throw ValidationError("--output is the store itself") }
    }

    func run() async throws {
        try await store.read(export)
    }

    private func export(_ content: ContentArgument.Content) async throws {
        try await selection.place.source.check(in: content)
        guard let output else {
            return try await write(content) { try StandardOutput.shared.write($0) }
        }
        let file = try OutputFile(output)
        do {
            try await write(content) { try file.write($0) }
            try file.finish()
        } catch {
            file.discard()
            throw error
        }
    }

    private func write(
        _ content: ContentArgument.Content, _ write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        switch content {
        case .store(let store):
            try await store.exportLines(
                prefix: selection.place.prefixBytes, state: selection.objectState, bucket: selection.place.bucket,
                source: selection.place.source.source, sinceRun: try await selection.run(in: store), write)
        case .catalog(let reader):
            var lines = ChunkLineWriter(settings: reader.catalog.settings)
            try await reader.forEachObject(try selection.selection(in: reader)) { object in
                while let chunk = try await object.nextChunk() { try write(lines.line(chunk)) }
            }
        }
    }
}
