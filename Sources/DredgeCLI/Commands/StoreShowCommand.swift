import ArgumentParser
import Dredge
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct StoreShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the chunks of an object: text, bytes of the document, tokens.",
        example: "dredge store show contracts.chunks 2025/a.txt", hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @OptionGroup var name: KeyArgument

    @Option(help: ArgumentHelp("Begin with this chunk; the first one is 0.", valueName: "ordinal"))
    var first = 0

    @Option(help: ArgumentHelp("So many chunks at the most.", valueName: "count"))
    var limit: Int?

    @Flag(help: "Print a line of JSON for each chunk, as export does.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
        if first < 0 { throw ValidationError("--first is 0 or more") }
    }

    func run() async throws {
        try await store.read(show)
    }

    private func show(_ content: ContentArgument.Content) async throws {
        try await name.source.check(in: content)
        switch content {
        case .store(let store): try await show(in: store)
        case .catalog(let reader): try await show(in: reader)
        }
    }

    /// Chunks of the object that are wanted.
    private var ordinals: Range<Int> {
        let (end, isPastAll) = first.addingReportingOverflow(limit ?? .max)
        return first..<(isPastAll ? .max : end)
    }

    private func show(in store: ChunkStore) async throws {
        let (key, bucket, source) = (name.keyBytes, name.bucketName, name.source.source)
        var printer = ChunkPrinter(isJSON: json, settings: store.settings)
        for try await chunk in store.chunks(of: key, ordinals: ordinals, bucket: bucket, source: source) {
            try printer.write(chunk)
        }
        if printer.count > 0 { return }
        if first > 0 {
            for try await _ in store.chunks(of: key, ordinals: 0..<1, bucket: bucket, source: source) {
                return tellFewer()
            }
        }
        if json { return }
        for try await object in store.objects(of: key, bucket: bucket, source: source) { return explain(object) }
    }

    private func show(in reader: CatalogReader) async throws {
        let (key, bucket, source) = (name.keyBytes, name.bucketName, name.source.source)
        var isFound = false
        var printer = ChunkPrinter(isJSON: json, settings: reader.catalog.settings)
        try await reader.forEachObject(.init(prefix: key, bucket: bucket, source: source)) { part in
            guard part.object.key == key else { return }
            isFound = true
            let before = printer.count
            var chunkCount = 0
            while let chunk = try await part.nextChunk() {
                if ordinals.contains(chunk.ordinal) { try printer.write(chunk) }
                chunkCount += 1
            }
            guard printer.count == before else { return }
            if chunkCount > 0 { tellFewer() } else if !json { explain(part.object) }
        }
        if !isFound { throw name.isMissing(in: store.path) }
    }

    private func tellFewer() {
        StandardError.write("dredge: it has fewer than \(Figures.count(first + 1)) chunks\n")
    }

    /// Why an object that is there has no chunks.
    private func explain(_ object: StoredObject) {
        let reason =
            object.reason.map { ": \(Quoting.escaped(FailReason.words($0)))" } ?? object.content.map { _ in
                ": the document is empty"
            }
            ?? ""
        StandardError.write(
            "dredge: \(ObjectText.name(bucket: object.bucket, key: object.key)) has no chunks; it is "
                + "\(object.state.rawValue)\(reason)\n")
    }
}

/// Prints chunks, and counts them.
private struct ChunkPrinter {
    /// nil: it is for people.
    private var lines: ChunkLineWriter?
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private(set) var count = 0

    init(isJSON: Bool, settings: [String: String]) { lines = isJSON ? ChunkLineWriter(settings: settings) : nil }

    mutating func write(_ chunk: StoredChunk) throws {
        try StandardOutput.shared.write(
            lines?.line(chunk) ?? ChunkText.bytes(chunk, isTerminal: isTerminal))
        count += 1
    }
}

/// A chunk for people.
enum ChunkText {
    /// A headline, and the text behind it. On a terminal control characters are escaped, but for line breaks and tabs.
    static func bytes(_ chunk: StoredChunk, isTerminal: Bool) -> [UInt8] {
        let end = chunk.byteOffset + UInt64(chunk.byteLength)
        let head =
            "--- \(ObjectText.name(bucket: chunk.bucket, key: chunk.key)) chunk \(chunk.ordinal): "
            + "bytes \(chunk.byteOffset)..<\(end), \(Figures.count(chunk.tokenCount)) tokens\n"
        var bytes = Array(head.utf8)
        if isTerminal {
            let lines = String(decoding: chunk.text, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            bytes +=
                lines.map { line in
                    line.split(separator: "\t", omittingEmptySubsequences: false).map { Quoting.escaped(String($0)) }
                        .joined(separator: "\t")
                }.joined(separator: "\n").utf8
        } else {
            bytes += chunk.text
        }
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        return bytes
    }
}
