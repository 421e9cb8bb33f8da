internal import Dredge
internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import GRDB

/// The documents of collections: what is stored of objects.
public struct Documents: Sendable {
    let database: ControlDatabase
    let collections: Collections
    let stores: CollectionStores

    /// A page of a collection's documents, in order of their first indexing.
    public func list(_ name: String, limit: Int, offset: Int, for caller: Caller) async throws -> JSON {
        let collection = try await collections.get(name, for: caller)
        let (documents, total) = try await stores.read(collection.id) { reader in
            (
                try await reader?.documents(limit: limit, offset: offset) ?? [],
                try await reader?.documentCount() ?? 0
            )
        }
        let jobs = try await jobs(of: documents, in: collection.id)
        return .object([
            "documents": .array(documents.map { Self.summary($0, jobs) }),
            "total_count": .integer(total), "limit": .integer(limit),
            "offset": .integer(offset), "collection_name": .string(name),
        ])
    }

    /// A document with its first chunks; `chunks` pages through all.
    public func get(_ name: String, _ id: String, for caller: Caller) async throws -> JSON {
        let collection = try await collections.get(name, for: caller)
        let (document, chunks) = try await read(id, in: collection, from: 0, limit: ServiceLimits.chunkPageCountMax)
        let jobs = try await jobs(of: [document], in: collection.id)
        return .object([
            "document_id": .string(id), "collection_name": .string(name),
            "chunk_count": .integer(document.chunkCount), "token_count": .integer(document.tokenCount),
            "metadata": Self.metadata(document, jobs),
            "chunks": .array(chunks.map(Self.chunk)),
        ])
    }

    /// A page of a document's chunks, from ordinal `offset`. It may have fewer than `limit`: `next_offset` tells where
    /// the next one begins.
    public func chunks(
        _ name: String, _ id: String, limit: Int, offset: Int, for caller: Caller
    ) async throws -> JSON {
        let collection = try await collections.get(name, for: caller)
        let (document, chunks) = try await read(id, in: collection, from: offset, limit: limit)
        let next = offset + chunks.count
        return .object([
            "document_id": .string(id), "chunks": .array(chunks.map(Self.chunk)),
            "next_offset": chunks.isEmpty || next >= document.chunkCount ? .null : .integer(next),
            "total_count": .integer(document.chunkCount), "limit": .integer(limit), "offset": .integer(offset),
        ])
    }

    /// Deletes one document: nothing of its text or its key is in the collection's file afterwards. Throws `conflict`
    /// while a job writes there. Costs the writing of the whole file.
    public func delete(_ name: String, _ id: String, for caller: Caller) async throws {
        let collection = try await collections.get(name, for: caller)
        try await stores.ifFree(collection.id) {
            let (document, _) = try await read(id, in: collection, from: 0, limit: 0)
            let number = document.id.rawValue
            try await stores.forget(
                ForgetFilter(source: document.source, key: document.key), in: collection.id
            ) { found, _ in found == number }
            try await collections.noteCount(of: collection.id)
        }
    }

    /// Deletes all documents; returns how many there were.
    public func deleteAll(_ name: String, for caller: Caller) async throws -> Int {
        let collection = try await collections.get(name, for: caller)
        return try await stores.ifFree(collection.id) {
            let count = try await stores.read(collection.id) { try await $0?.documentCount() ?? 0 }
            try await stores.deleteContent(collection.id)
            try await collections.noteCount(of: collection.id)
            return count
        }
    }

    /// A document and some of its chunks. Throws `notFound`.
    private func read(
        _ id: String, in collection: CollectionRecord, from first: Int, limit: Int
    ) async throws -> (StoredObject, [StoredChunk]) {
        try await stores.read(collection.id) { reader in
            guard let number = Self.number(id), let reader, let document = try await reader.object(number),
                document.content != nil
            else { throw ServiceError.notFound("document") }
            let chunks = try await reader.chunks(
                of: document, from: first, limit: limit, byteCountMax: ServiceLimits.chunkPageByteCountMax)
            return (document, chunks)
        }
    }

    // MARK: As the API shows them

    /// A document's identifier.
    static func identifier(_ object: StoredObject) -> String { "doc_\(object.id.rawValue)" }

    static func number(_ id: String) -> ObjectID? {
        // A document has one identifier: not `doc_+1` or `doc_01` too.
        guard id.hasPrefix("doc_"), let number = Int64(id.dropFirst(4)), id == "doc_\(number)" else { return nil }
        return ObjectID(rawValue: number)
    }

    /// Where an object is.
    static func uri(_ object: StoredObject) -> String { "s3://\(object.bucket)/\(text(object.key))" }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func filename(_ object: StoredObject) -> String {
        let key = text(object.key)
        return key.split(separator: "/").last.map(String.init) ?? key
    }

    /// What the jobs say that stored documents, by their runs.
    private struct JobFacts: Sendable {
        var metadata: [String: JSON]
        var ended: Double?
    }

    private func jobs(of documents: [StoredObject], in collection: String) async throws -> [Int64: JobFacts] {
        let runs = Set(documents.compactMap { $0.content?.run.rawValue })
        return try await database.read { db in
            var facts: [Int64: JobFacts] = [:]
            for run in runs {
                let job = try JobRecord.fetch(
                    db, "WHERE collection = ? AND run = ? ORDER BY number DESC LIMIT 1", [collection, run]
                ).first
                facts[run] = job.map { JobFacts(metadata: $0.request.metadata, ended: $0.ended) }
            }
            return facts
        }
    }

    private static func summary(_ object: StoredObject, _ jobs: [Int64: JobFacts]) -> JSON {
        let job = object.content.flatMap { jobs[$0.run.rawValue] }
        let time = JSON.optional(job?.ended.map(timeText))
        return .object([
            "file_id": .string(identifier(object)), "document_id": .string(identifier(object)),
            "filename": .string(filename(object)), "uri": .string(uri(object)), "content_type": "text/plain",
            "chunk_count": .integer(object.chunkCount), "token_count": .integer(object.tokenCount),
            "created_at": time, "indexed_at": time, "archived": .bool(object.isArchived),
        ])
    }

    private static func metadata(_ object: StoredObject, _ jobs: [Int64: JobFacts]) -> JSON {
        let job = object.content.flatMap { jobs[$0.run.rawValue] }
        return .object([
            "filename": .string(filename(object)), "file_type": "text",
            "file_size": .integer(Int(clamping: object.content?.size ?? 0)), "mime_type": "text/plain",
            "uri": .string(uri(object)), "etag": .optional(object.content?.eTag.header),
            "version_id": .optional(object.content?.versionID),
            "last_modified": .optional(object.lastModified.map { Timestamp.iso8601($0) }),
            "archived": .bool(object.isArchived), "custom_metadata": .object(job?.metadata ?? [:]),
        ])
    }

    static func chunk(_ chunk: StoredChunk) -> JSON {
        .object([
            "chunk_index": .integer(chunk.ordinal), "content": .string(text(chunk.text)),
            "byte_offset": .integer(Int(clamping: chunk.byteOffset)), "byte_length": .integer(chunk.byteLength),
            "token_count": .integer(chunk.tokenCount),
        ])
    }
}
