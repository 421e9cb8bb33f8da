import ArgumentParser
import DredgeConfig
import DredgeLedger
import DredgeStore
import Foundation

struct StoreUsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "du", abstract: "Count documents, bytes, chunks and tokens, by folder or by source.",
        discussion: """
            A folder is what keys have before a slash; its line counts all that is below it, and stands behind those \
            of its own folders, as of du. Bytes are those of the documents.
            """,
        example: """
            dredge store du contracts.chunks --prefix 2025/ --depth 2
            """, hasRareFlags: true)

    enum Grouping: String, CaseIterable, ExpressibleByArgument { case prefix, source }

    @OptionGroup var store: ContentArgument

    @Option(help: "By what: prefix (folders) or source.")
    var by = Grouping.prefix

    @Option(
        help: ArgumentHelp(
            "With --by prefix: folders of so many levels below --prefix; 0: each bucket. Default: 1.",
            valueName: "levels"))
    var depth: Int?

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Print a line of JSON for each.")
    var json = false

    func validate() throws {
        if let depth, depth < 0 { throw ValidationError("--depth is 0 or more") }
        if depth != nil, by != .prefix { throw ValidationError("--depth needs --by prefix") }
    }

    func run() async throws {
        try await store.read(tell)
    }

    private func tell(_ content: ContentArgument.Content) async throws {
        var objects = try await selection.objects(in: content)
        switch by {
        case .prefix:
            var folders = FolderSums(prefix: selection.place.prefixBytes, depth: depth ?? 1)
            while let object = try await objects.next() {
                if let usage = Usage(of: object) { try folders.add(usage, object.bucket, object.key, write) }
            }
            try folders.finish(write)
        case .source:
            var sums: [String: Usage] = [:]
            while let object = try await objects.next() {
                if let usage = Usage(of: object) { sums[object.source, default: Usage()] += usage }
            }
            for (source, usage) in sums.sorted(by: { $0.key < $1.key }) {
                try write(UsageLine(source: source, usage), Quoting.escaped(source))
            }
        }
    }

    private func write(_ folder: FolderSums.Folder) throws {
        try write(
            UsageLine(bucket: folder.bucket, prefix: folder.name, folder.usage),
            ObjectText.name(bucket: folder.bucket, key: folder.name))
    }

    private func write(_ line: UsageLine, _ name: String) throws {
        try StandardOutput.shared.write(json ? JSONText.line(line) : line.text(name))
    }
}

/// What documents come to.
struct Usage: Equatable {
    var documentCount = 0
    var byteCount: UInt64 = 0
    var chunkCount = 0
    var tokenCount = 0

    /// Of none.
    init() {}

    /// Of one; nil: nothing of the object is stored.
    init?(of object: StoredObject) {
        guard let content = object.content else { return nil }
        documentCount = 1
        byteCount = content.byteCount
        chunkCount = object.chunkCount
        tokenCount = object.tokenCount
    }

    static func += (sum: inout Usage, part: Usage) {
        sum.documentCount += part.documentCount
        // The numbers of a damaged file can be any.
        sum.byteCount &+= part.byteCount
        sum.chunkCount &+= part.chunkCount
        sum.tokenCount &+= part.tokenCount
    }
}

/// Adds up folders of keys that come in order: only those that the last key stands in are kept.
struct FolderSums {
    struct Folder: Equatable {
        var bucket: String
        /// What its keys begin with.
        var name: [UInt8]
        var usage = Usage()
    }
    private let root: [UInt8]
    private let depth: Int
    /// Each is in the one before.
    private var open: [Folder] = []

    /// - Parameters:
    ///   - prefix: all keys begin with it. Levels are counted from its last slash.
    ///   - depth: levels of folders, from 0.
    init(prefix: [UInt8], depth: Int) {
        root = Array(prefix[..<(prefix.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)])
        self.depth = depth
    }

    /// Takes in a document behind those before. `write` gets each folder that is complete.
    mutating func add(
        _ usage: Usage, _ bucket: String, _ key: [UInt8], _ write: (Folder) throws -> Void
    ) throws {
        while let last = open.last, last.bucket != bucket || !key.starts(with: last.name) { try close(write) }
        if open.isEmpty { open.append(Folder(bucket: bucket, name: root)) }
        while open.count <= depth, let last = open.last,
            let slash = key[last.name.count...].firstIndex(of: UInt8(ascii: "/"))
        {
            open.append(Folder(bucket: bucket, name: Array(key[...slash])))
        }
        open[open.count - 1].usage += usage
    }

    /// Completes all folders.
    mutating func finish(_ write: (Folder) throws -> Void) throws {
        while !open.isEmpty { try close(write) }
    }

    private mutating func close(_ write: (Folder) throws -> Void) throws {
        let folder = open.removeLast()
        try write(folder)
        if !open.isEmpty { open[open.count - 1].usage += folder.usage }
    }
}

/// A group for machines.
struct UsageLine: Encodable {
    var source: String?
    var bucket: String?
    var prefix: String?
    /// Only where the prefix is not valid UTF-8: its exact bytes.
    var prefixBase64: String?
    var documents: Int
    var bytes: UInt64
    var chunks: Int
    var tokens: Int

    init(source: String, _ usage: Usage) {
        self.init(usage)
        self.source = source
    }

    init(bucket: String, prefix: [UInt8], _ usage: Usage) {
        self.init(usage)
        self.bucket = bucket
        let text = String(decoding: prefix, as: UTF8.self)
        self.prefix = text
        prefixBase64 = text.utf8.elementsEqual(prefix) ? nil : Data(prefix).base64EncodedString()
    }

    private init(_ usage: Usage) {
        documents = usage.documentCount
        bytes = usage.byteCount
        chunks = usage.chunkCount
        tokens = usage.tokenCount
    }

    /// For people: `       12 documents  12.3 kB      12 chunks      3,456 tokens  s3://bucket/folder/`.
    func text(_ name: String) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return "\(padded(Figures.count(documents), 11)) documents \(padded(Figures.bytes(bytes), 8)) "
            + "\(padded(Figures.count(chunks), 11)) chunks \(padded(Figures.count(tokens), 15)) tokens  \(name)\n"
    }
}
