import ArgumentParser
import Dredge
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore

struct StoreCatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Print the text of a document as it was indexed, byte for byte.",
        discussion: """
            Puts the chunks together; bytes that several chunks have are printed once. Of an object that was inflated \
            or converted it is the text that came of it. Status 1: there is no such object, nothing of it is stored, \
            or several sources have it and --source names none. 3: its chunks leave out bytes, which only a damaged \
            store's do; what stands before them is printed.
            """,
        example: """
            dredge store cat contracts.chunks 2025/a.txt | wc -c
            """, hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @OptionGroup var name: KeyArgument

    func run() async throws {
        try await store.read(print)
    }

    private func print(_ content: ContentArgument.Content) async throws {
        try await name.source.check(in: content)
        switch content {
        case .store(let store):
            var objects: [StoredObject] = []
            let (key, bucket, source) = (name.keyBytes, name.bucketName, name.source.source)
            for try await object in store.objects(of: key, bucket: bucket, source: source) { objects.append(object) }
            let object = try only(objects)
            // The key may be of other sources, too, that have nothing stored of it.
            var chunks = store.chunks(of: key, bucket: object.bucket, source: object.source).makeAsyncIterator()
            try await write(object) { try await chunks.next() }
        case .catalog(let reader):
            let objects = try await reader.objects(
                .init(prefix: name.keyBytes, bucket: name.bucketName, source: name.source.source))
            var found: [CatalogReader.Object] = []
            while let object = try await objects.next() {
                if object.object.key == name.keyBytes { found.append(object) }
            }
            let object = try only(found.map(\.object))
            guard let part = found.first(where: { $0.object == object }) else { return }
            try await write(object) { try await part.nextChunk() }
        }
    }

    /// The one object of these of which something is stored.
    private func only(_ objects: [StoredObject]) throws -> StoredObject {
        guard let first = objects.first else { throw name.isMissing(in: store.path) }
        let stored = objects.filter { $0.content != nil }
        let shown = ObjectText.name(bucket: first.bucket, key: first.key)
        guard let object = stored.first else {
            let reason = first.reason.map { ": \(Quoting.escaped(FailReason.words($0)))" } ?? ""
            throw CommandFailure(
                .usage, "dredge: nothing of \(shown) is stored; it is \(first.state.rawValue)\(reason)")
        }
        guard stored.count > 1 else { return object }
        let (sources, buckets) = (names(stored.map(\.source)), names(stored.map(\.bucket)))
        let advice =
            if sources.count > 1 {
                "several sources have it. Choose with --source: \(sources.joined(separator: ", "))."
            } else if buckets.count > 1 {
                "several buckets have it. Choose with --bucket: \(buckets.joined(separator: ", "))."
            } else {
                "its source has it twice, from before and after a change of its prefix or endpoint. `dredge store show "
                    + "--json` prints both, with the prefix of each."
            }
        throw CommandFailure(.usage, "dredge: \(shown): \(advice)")
    }

    private func names(_ names: [String]) -> [String] { Set<String>(names).sorted().map { Quoting.quoted($0) } }

    /// Writes the chunks, each from where the one before has ended.
    private func write(_ object: StoredObject, _ next: () async throws -> StoredChunk?) async throws {
        var end: UInt64 = 0
        var isOfObject = true
        while let chunk = try await next() {
            guard chunk.byteOffset <= end else { throw gap(object, from: end, to: chunk.byteOffset) }
            let known = end - chunk.byteOffset
            if known < UInt64(chunk.text.count) {
                try StandardOutput.shared.write(Array(chunk.text[Int(known)...]))
                end = chunk.byteOffset + UInt64(chunk.text.count)
            }
            // A run may have replaced the document since the object was looked up.
            isOfObject = chunk.eTag == object.content?.eTag
        }
        guard let byteCount = object.content?.byteCount, isOfObject, end < byteCount else { return }
        throw gap(object, from: end, to: byteCount)
    }

    private func gap(_ object: StoredObject, from start: UInt64, to end: UInt64) -> CommandFailure {
        CommandFailure(
            .fatal,
            "dredge: no chunk of \(ObjectText.name(bucket: object.bucket, key: object.key)) has its bytes \(start)..<"
                + "\(end). `dredge store verify` says what is damaged.")
    }
}

/// The object that a command is about.
struct KeyArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The object's key, or s3://bucket/key.", valueName: "key"))
    var key: String

    @Option(
        help: ArgumentHelp(
            "Of this bucket; then the key is taken as it is, whatever it begins with.", valueName: "bucket"))
    var bucket: String?

    @OptionGroup var source: SourceOption

    /// nil: of any.
    var bucketName: String? { bucket ?? SourceURL(key)?.bucket }

    var keyBytes: [UInt8] { Array((bucket == nil ? SourceURL(key)?.prefix ?? key : key).utf8) }

    /// For a store or job that has no object of the key.
    func isMissing(in place: String) -> CommandFailure {
        CommandFailure(
            .usage,
            "dredge: \(Quoting.escaped(place)) has no object \(Quoting.quoted(key)). `dredge store ls` lists the "
                + "objects.")
    }
}
