import ArgumentParser
import DredgeBase
import DredgeConfig
import DredgeLedger
import DredgeService
import DredgeStore
import Foundation

struct StoreSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find chunks by their words.",
        discussion: """
            Finds the chunks that have all of the words, the best by BM25 first, equal ones by source, key and chunk. \
            Case and accents make no difference. "a phrase" in quotation marks is words that follow upon each other, \
            begin* is every word that begins so, and what is written in one piece (3.14) is a phrase. Everything else \
            stands between words: there are no operators.

            The words are looked up in an index, which --build makes beside the store, and brings up to date: it reads \
            what is new. It takes about a sixth of the text's bytes. What changed since is not found, which is said; \
            what the store has not any more is never shown. To be rid of the index, delete STORE.search and \
            STORE.search-*.

            Status 1: nothing was found. 3: there is no index. 4: a build was stopped, and goes on with the next one.
            """,
        example: """
            dredge store search contracts.chunks --build 'indemnif* "governing law"' --prefix 2025/
            """)

    @OptionGroup var store: StoreArgument

    @Argument(help: ArgumentHelp("What to look for.", valueName: "words"))
    var words: [String] = []

    @Flag(help: "Make the index, or bring it up to date, before the search.")
    var build = false

    @Flag(help: "Find chunks that have one of the words and phrases, or more.")
    var any = false

    @Option(help: ArgumentHelp("So many chunks at the most: 1 to \(Self.limits.upperBound).", valueName: "count"))
    var limit = 10

    @OptionGroup var place: PlaceOptions

    @Option(
        help: ArgumentHelp("The index's file, where it is not STORE.search.", valueName: "file"), completion: .file())
    var index: String?

    @Flag(help: "Print a line of JSON for each chunk, and one for the outcome.")
    var json = false

    private static let limits = 1...10_000

    func validate() throws {
        if !Self.limits.contains(limit) { throw ValidationError("--limit is 1 to \(Self.limits.upperBound)") }
        if words.isEmpty, !build { throw ValidationError("say what to look for, or --build the index") }
        if index?.isEmpty == true { throw ValidationError("--index is empty") }
        if index == store.path { throw ValidationError("--index is the store itself") }
    }

    func run() async throws {
        try refuseJob()
        let query = try words.isEmpty ? nil : query()
        let search = try StoreSearch(store: store.path, index: index)
        var answer = SearchAnswer(index: search.index)
        if build {
            let built = try await Self.build(search)
            answer.built = .init(built)
            if query == nil { Answer.give(answer) }
            if !json || query != nil { try tell(built, isAll: query == nil && !json) }
        }
        guard let query else { return }
        if let source = place.source.source { try await store.open().requireSource(source) }
        let found = try await search.find(query, limit: limit, where: isSelected)
        answer.take(found)
        Answer.give(answer)
        try write(found.hits)
        if let text = answer.behind { StandardError.write("dredge: \(text) \(search.buildCommand)\n") }
        if found.hits.isEmpty { throw nothing(query) }
    }

    private func query() throws -> WordQuery {
        do { return try WordQuery(words.joined(separator: " "), matchesAny: any) } catch {
            throw CommandFailure(.usage, "dredge: \(error).")
        }
    }

    /// A job's chunks are in the stores of its shards, each of which is fetched anew for each reading.
    private func refuseJob() throws {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: store.path, isDirectory: &isFolder)
        guard store.path.hasPrefix("s3://") || isThere && isFolder.boolValue else { return }
        throw CommandFailure(
            .usage,
            "dredge: \(Quoting.escaped(store.path)) is a job or a directory, and only a store's file is searched. "
                + "`dredge merge --job JOB --into FILE` makes one of a job.")
    }

    private static func build(_ search: StoreSearch) async throws -> StoreSearch.Built {
        let signals = StopSignals { search.stop() }
        defer { signals.cancel() }
        do { return try await search.build() } catch is CancellationError {
            throw CommandFailure(.stopped, "dredge: stopped; the same command goes on from there.")
        }
    }

    private func tell(_ built: StoreSearch.Built, isAll: Bool) throws {
        let text =
            "\(Figures.count(built.changedDocumentCount, "document")) indexed or taken out; the index has "
            + "\(Figures.count(built.documentCount, "document")) of \(Figures.count(built.chunkCount, "chunk")), in "
            + "\(Figures.bytes(built.byteCount))\n"
        if isAll { try StandardOutput.shared.write(text) } else { StandardError.write("dredge: " + text) }
    }

    private var isSelected: @Sendable (StoredObject) -> Bool {
        let (prefix, bucket, source) = (place.prefixBytes, place.bucket, place.source.source)
        return { object in
            object.key.starts(with: prefix) && bucket.map { $0.utf8.elementsEqual(object.bucket.utf8) } ?? true
                && source.map { $0.utf8.elementsEqual(object.source.utf8) } ?? true
        }
    }

    private func write(_ hits: [StoreSearch.Hit]) throws {
        if json {
            for hit in hits { try StandardOutput.shared.write(JSONText.line(HitLine(hit))) }
            return
        }
        let rows = hits.map { hit in
            [
                String(format: "%.2f", hit.score), Quoting.escaped(hit.object.source),
                ObjectText.name(bucket: hit.object.bucket, key: hit.object.key), "\(hit.chunk.ordinal)",
                Quoting.escaped(hit.excerpt),
            ]
        }
        for line in TextTable.lines(header: nil, rows: rows, alignments: [.right, .left, .left, .right, .left]) {
            try StandardOutput.shared.write(line + "\n")
        }
    }

    private func nothing(_ query: WordQuery) -> CommandFailure {
        let what =
            if query.termCount == 1 {
                "this word or phrase; begin* finds other endings, too."
            } else if any {
                "any of these words and phrases."
            } else {
                "all of these words and phrases; --any finds those that have some of them."
            }
        var failure = CommandFailure(.usage, "dredge: no chunk has \(what)")
        failure.problem?.code = "nothingFound"
        return failure
    }
}

/// A chunk that was found, for machines. Its members are those of `export`, with an excerpt in the place of the text.
struct HitLine: Encodable {
    var score: Double
    var source: String
    var bucket: String
    /// The source's.
    var prefix: String
    var key: String
    /// Only where the key is not valid UTF-8: its exact bytes.
    var keyBase64: String?
    var etag: String
    var ordinal: Int
    var byteOffset: UInt64
    var byteLength: Int
    var tokens: Int
    var excerpt: String

    init(_ hit: StoreSearch.Hit) {
        score = hit.score
        source = hit.object.source
        bucket = hit.object.bucket
        prefix = hit.object.prefix
        key = String(decoding: hit.object.key, as: UTF8.self)
        keyBase64 = key.utf8.elementsEqual(hit.object.key) ? nil : Data(hit.object.key).base64EncodedString()
        etag = hit.chunk.eTag.value
        ordinal = hit.chunk.ordinal
        byteOffset = hit.chunk.byteOffset
        byteLength = hit.chunk.byteLength
        tokens = hit.chunk.tokenCount
        excerpt = hit.excerpt
    }
}

/// What a search tells at its end.
struct SearchAnswer: Encodable {
    struct Built: Encodable {
        var changedDocumentCount: Int
        var documentCount: Int
        var chunkCount: Int
        var byteCount: UInt64

        init(_ built: StoreSearch.Built) {
            changedDocumentCount = built.changedDocumentCount
            documentCount = built.documentCount
            chunkCount = built.chunkCount
            byteCount = built.byteCount
        }
    }
    /// The index's file.
    var index: String
    /// With `--build`.
    var built: Built?
    /// nil: only the index was built.
    var hitCount: Int?
    /// Documents of the store that are not searched: the index has not this version of them.
    var unsearchedCount: Int?
    /// Documents of the index that the store has not any more.
    var goneCount: Int?

    init(index: String) { self.index = index }

    mutating func take(_ found: StoreSearch.Found) {
        (hitCount, unsearchedCount, goneCount) = (found.hits.count, found.unsearchedCount, found.goneCount)
    }

    /// What the index lacks; nil: nothing.
    var behind: String? {
        let (unsearched, gone) = (unsearchedCount ?? 0, goneCount ?? 0)
        let isOne = unsearched == 1
        let isNew =
            "\(Figures.count(unsearched, "document")) of the store \(isOne ? "is" : "are") not searched: "
            + "\(isOne ? "it is" : "they are") new or changed since the index was built."
        let isGone =
            "\(Figures.count(gone, "document")) of the index \(gone == 1 ? "is" : "are") no longer in the store."
        let parts = (unsearched > 0 ? [isNew] : []) + (gone > 0 ? [isGone] : [])
        return parts.isEmpty ? nil : parts.joined(separator: " ") + " To update the index:"
    }
}
