import Dredge
import Foundation
import GRDB
import Logging
import TestServers
import Synchronization
import Testing

@testable import DredgeService

/// A service over a scripted bucket, with one collection. Removed with it.
final class SearchBench {
    let directory: URL
    let server: ScriptedS3Server
    private(set) var service: IndexService
    let caller: Caller
    var objects: [String: String] = [:]
    let collection = "docs"
    let settings: SearchSettings

    /// - Parameter postingCountMax: behind how many words a segment is written.
    init(
        _ objects: [String: String] = [:], postingCountMax: Int = ServiceLimits.searchPostingCountMax
    ) async throws {
        var settings = SearchSettings()
        settings.postingCountMax = postingCountMax
        // A busy machine may take longer than a query would wait.
        settings.waitSeconds = 600
        self.settings = settings
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-search-\(UUID().uuidString)")
        server = try await ScriptedS3Server(.init())
        service = try await Self.open(directory, server)
        service.collections.stores.search.settings.withLock { $0 = settings }
        let key = try await service.keys.create(organization: "Acme", environment: .development)
        caller = Caller(keyID: key.keyID, organization: key.organizationID, environment: key.environment)
        _ = try await service.collections.put(collection, [:], for: caller)
        self.objects = objects
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(at: directory)
    }

    private static func open(_ directory: URL, _ server: ScriptedS3Server) async throws -> IndexService {
        var configuration = ServiceConfiguration()
        configuration.allowedEndpoints = [AllowedEndpoint(server.endpointURL, mayBePrivate: true)]
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await IndexService(
            directory: directory, engine: Engine(environment: [:]),
            settings: IndexSettings(chunking: .lines(maxTokens: 32)), configuration: configuration, logger: logger)
    }

    /// Ends the service; `body` may do to its files what it likes; starts another one.
    func restart(_ body: () throws -> Void = {}) async throws {
        await service.shutDown()
        try body()
        service = try await Self.open(directory, server)
        service.collections.stores.search.settings.withLock { [settings] in $0 = settings }
    }

    /// The files of searches, and who uses them.
    var files: SearchFiles { service.collections.stores.search }

    /// The collection's ID.
    var collectionID: String {
        get async throws { try await service.collections.get(collection, for: caller).id }
    }

    /// How many segments the search has now.
    func segmentCount() async throws -> Int { try await files.reader(try await collectionID)?.segments.count ?? 0 }

    func close() async { await service.shutDown() }

    /// Indexes what the bucket has now; the job's ID.
    @discardableResult func index(metadata: [String: JSON] = [:]) async throws -> String {
        try server.play(
            .init(objects: objects.sorted { $0.key < $1.key }.map { .init($0.key, body: Array($0.value.utf8)) }))
        let id = try await service.jobs.submit(
            .bucket,
            .object([
                "bucket_name": "bucket", "processing_type": "basic", "bucket_region": "us-east-1",
                "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "not-a-secret",
                "endpoint": .string(server.endpointURL), "custom_metadata": .object(metadata),
            ]), into: collection, idempotencyKey: nil, for: caller)
        while true {
            let job = try await service.jobs.show(id, filesLimit: 1, filesCursor: nil, for: caller)
            let status = job["status"]?.stringValue ?? ""
            if ["completed", "failed", "completed_with_failures", "cancelled"].contains(status) {
                guard status == "completed" else { throw Unexpected(text: job.text) }
                return id
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    struct Unexpected: Error { var text: String }

    func ask(_ query: String, _ more: [String: JSON] = [:]) async throws -> JSON {
        try await service.search.query(
            collection, .object(more.merging(["query": .string(query)]) { $1 }), for: caller)
    }

    /// The results' `uri` without the bucket, and their place.
    func found(_ query: String, _ more: [String: JSON] = [:]) async throws -> [String] {
        try await ask(query, more)["search_results"].items.map {
            "\($0["uri"]?.stringValue?.dropFirst("s3://bucket/".count) ?? "?")"
        }
    }

    /// All chunks by document and index, as the API lists them.
    func chunks() async throws -> [String: JSON] {
        var chunks: [String: JSON] = [:]
        let list = try await service.documents.list(collection, limit: 1_000, offset: 0, for: caller)
        for document in list["documents"].items {
            let id = document["document_id"]?.stringValue ?? ""
            var offset = 0
            while true {
                let page = try await service.documents.chunks(collection, id, limit: 500, offset: offset, for: caller)
                for chunk in page["chunks"].items {
                    chunks["\(id):\(chunk["chunk_index"]?.text ?? "")"] = chunk
                    offset += 1
                }
                if page["chunks"].items.isEmpty { break }
            }
        }
        return chunks
    }

    func documentID(_ key: String) async throws -> String {
        let list = try await service.documents.list(collection, limit: 1_000, offset: 0, for: caller)
        return list["documents"].items.first { $0["uri"]?.stringValue == "s3://bucket/\(key)" }?["document_id"]?
            .stringValue ?? "doc_0"
    }

    var searchPath: String {
        get async throws {
            files.path(try await collectionID)
        }
    }

    /// All words of all segments that are there: the files of no others may be.
    func wordsOfFiles() async throws -> Set<String> {
        let catalog = try SearchCatalog(reading: try await searchPath)
        let rows = try await catalog.queue.read { try $0.segments() }
        #expect(
            Set(SearchCatalog.segmentNames(catalog.path))
                == Set(rows.map { SearchCatalog.segmentPath(catalog.path, $0.id) }))
        var words = Set<String>()
        for row in rows {
            let segment = try SegmentFile(row, of: catalog.path)
            for group in segment.groups {
                let dictionary = Array(try segment.bytes(group)[group.listByteCount...])
                try segment.forEachEntry(group, dictionary) { word, _ in
                    words.insert(String(decoding: word, as: UTF8.self))
                    return true
                }
            }
        }
        return words
    }

    /// Whether these bytes are in the search file, or anything beside it that is left of it.
    func searchFileHas(_ text: String) async throws -> Bool {
        let path = URL(filePath: try await searchPath)
        let directory = path.deletingLastPathComponent()
        return try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .filter { $0.hasPrefix(path.lastPathComponent) }
            .contains { try Data(contentsOf: directory.appending(path: $0)).range(of: Data(text.utf8)) != nil }
    }
}

extension JSON? {
    var items: [JSON] { if case .array(let items) = self { items } else { [] } }
}

extension JSON {
    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: .nan
        }
    }
}

extension SearchBench {
    /// Compares the results of some queries with what a plain reference finds.
    func compare(seed: UInt64, _ generator: inout SeededGenerator, queryCount: Int = 12) async throws {
        let texts = try await chunks().mapValues { $0["content"]?.stringValue ?? "" }
        let reference = PlainBM25(texts)
        for _ in 0..<queryCount {
            let words = Set(
                (0...Int.random(in: 0..<4, using: &generator)).map { _ in
                    "word\(Int(pow(400, Double.random(in: 0..<1, using: &generator))))"
                })
            let countMax = [1, 5, 100].randomElement(using: &generator) ?? 1
            let expected = reference.scores(words)
            let answer = try await ask(words.joined(separator: " "), ["top_k": .integer(countMax)])
            let results = answer["search_results"].items
            #expect(results.count == min(expected.count, countMax), "seed \(seed)")
            var last = Double.infinity
            for result in results {
                let id = "\(result["document_id"]?.stringValue ?? ""):\(result["chunk_index"]?.text ?? "")"
                let score = result["score"]?.double ?? 0
                #expect(abs(score - (expected[id] ?? -1)) < 1e-3 * max(1, score), "seed \(seed): \(id)")
                #expect(result["content"]?.stringValue == texts[id], "seed \(seed): \(id)")
                #expect(score <= last)
                last = score
            }
            if let worst = results.last, expected.count > results.count {
                let better = expected.values.filter { $0 > (worst["score"]?.double ?? 0) + 1e-3 }
                #expect(better.count <= results.count, "seed \(seed)")
            }
        }
    }
}

/// BM25 as its definition says, over texts of ASCII words.
struct PlainBM25 {
    private let averageLength: Double
    private let lengths: [String: Int]
    /// How often each chunk has each word.
    private let counts: [String: [String: Int]]

    init(_ texts: [String: String]) {
        var (lengths, counts) = ([String: Int](), [String: [String: Int]]())
        for (id, text) in texts {
            let words = text.utf8.split { byte in
                !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte)
                    && !(UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 32)
            }
            lengths[id] = words.count
            for word in words {
                counts[String(decoding: word.map { $0 | 32 }, as: UTF8.self), default: [:]][id, default: 0] += 1
            }
        }
        averageLength = Double(lengths.values.reduce(0, +)) / Double(max(lengths.count, 1))
        (self.lengths, self.counts) = (lengths, counts)
    }

    /// Chunks that have any of the words, with their scores.
    func scores(_ words: Set<String>) -> [String: Double] {
        var scores: [String: Double] = [:]
        for word in words {
            let having = counts[word] ?? [:]
            let (total, count) = (Double(lengths.count), Double(having.count))
            let weight = log(1 + (total - count + 0.5) / (count + 0.5))
            for (id, times) in having {
                let length = 1 - 0.75 + 0.75 * Double(lengths[id] ?? 0) / averageLength
                scores[id, default: 0] += weight * Double(times) * 2.2 / (Double(times) + 1.2 * length)
            }
        }
        return scores
    }
}
