internal import Dredge
internal import DredgeStore
internal import Foundation

/// Finds chunks of a collection by their words.
public struct Search: Sendable {
    let collections: Collections
    let stores: CollectionStores
    let indexes: SearchIndexes

    /// What a query's body asks.
    struct Question: Sendable, Hashable {
        var text = ""
        var resultCountMax = 10
        var filter: MetadataFilter?
        var warnings: [String] = []
    }

    /// The best chunks for a query, by BM25. Throws `unavailable` while the search of a large collection is being
    /// made, `notImplemented` for `inference`.
    public func query(_ name: String, _ body: JSON, for caller: Caller) async throws -> JSON {
        let start = ContinuousClock.now
        var question = try Question(body)
        let collection = try await collections.get(name, for: caller)
        let (words, hasMore) = SearchTokenizer.words(
            of: question.text, countMax: ServiceLimits.searchQueryWordCountMax)
        if hasMore {
            question.warnings.append(
                "Only the query's first \(ServiceLimits.searchQueryWordCountMax) different words were searched for."
            )
        }
        if words.isEmpty {
            question.warnings.append("The query has no letter and no digit, so nothing was searched for.")
        }
        let (filter, countMax) = (question.filter, question.resultCountMax)
        let results: [JSON] =
            words.isEmpty
            ? []
            : try await indexes.query(collection.id) { [self] (reader) -> [JSON] in
                let hits = try await WorkThreads.queries.run {
                    try reader?.search(words, filter: filter, countMax: countMax) ?? []
                }
                return try await self.results(hits, in: collection.id, reader)
            }
        let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
        return .object([
            "success": true, "query": .string(question.text), "search_results": .array(results),
            "total_results": .integer(results.count), "top_k": .integer(question.resultCountMax),
            "execution_time_ms": .number((milliseconds * 1_000).rounded() / 1_000),
            "request_id": .string(RandomToken.identifier("req")),
            "warnings": .array(question.warnings.map { .string($0) }),
        ])
    }

    private func results(_ hits: [SearchReader.Hit], in collection: String, _ index: SearchReader?) async throws
        -> [JSON]
    {
        guard !hits.isEmpty, let index else { return [] }
        return try await stores.read(collection) { reader in
            var results: [JSON] = []
            for hit in hits {
                // What was removed or replaced since the search was opened is left out.
                guard let reader, let object = try await reader.object(ObjectID(rawValue: hit.document)),
                    object.content?.run.rawValue == hit.run,
                    let chunk = try await reader.chunks(of: object, from: hit.ordinal, limit: 1).first
                else { continue }
                results.append(Self.result(hit, object, chunk, index.metadata(of: hit.run)))
            }
            return results
        }
    }

    private static func result(
        _ hit: SearchReader.Hit, _ object: StoredObject, _ chunk: StoredChunk, _ metadata: [String: JSON]
    ) -> JSON {
        guard case .object(var members) = Documents.chunk(chunk) else { return .null }
        let uri = Documents.uri(object)
        members["score"] = .number(hit.score)
        members["document_id"] = .string(Documents.identifier(object))
        members["filename"] = .string(Documents.filename(ofURI: uri))
        members["uri"] = .string(uri)
        members["etag"] = .string(chunk.eTag.header)
        members["metadata"] = .object(metadata)
        return .object(members)
    }
}

extension Search.Question {
    /// Reads a query's body. Throws `ServiceError` with everything that is wrong with it.
    init(_ body: JSON) throws {
        var fields = RequestFields(body)
        text = fields.requiredString("query")
        if let count = fields.integer("top_k", in: 1...ServiceLimits.searchResultCountMax) { resultCountMax = count }
        if let value = fields.value("metadata_filter") {
            var problems: [FieldProblem] = []
            filter = MetadataFilter.read(value, at: ["body", "metadata_filter"], &problems)
            fields.add(problems)
        }
        let wantsInference = fields.bool("inference", default: false)
        if fields.bool("stream", default: false), !wantsInference {
            fields.complain("stream", "Only an answer of inference is streamed. Leave it out.")
        }
        if fields.bool("rerank", default: false) {
            warnings.append("This server has no model to rerank with: the results are in the order of BM25.")
        }
        if fields.bool("include_bbox", default: false) {
            warnings.append("This server keeps no layout: results have a byte range and no boxes.")
        }
        if fields.string("custom_prompt") != nil, !wantsInference {
            warnings.append("custom_prompt is for inference: it was not used.")
        }
        _ = fields.bool("search_results", default: true)
        try fields.finish()
        guard !wantsInference else {
            throw ServiceError.refused(
                .notImplemented, "inference_not_supported",
                "This server has no language model. Set inference to false, and give the search results to one.")
        }
    }
}

extension Documents {
    /// The last part of the key.
    static func filename(ofURI uri: String) -> String {
        let parts = uri.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3)
        return parts.last { !$0.isEmpty }.map(String.init) ?? parts.joined(separator: "/")
    }
}
