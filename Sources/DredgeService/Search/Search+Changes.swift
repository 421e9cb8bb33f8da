internal import Dredge
internal import DredgeStore
internal import Foundation
internal import GRDB

extension Search {
    /// What has become of a collection's chunks since a job's end, or since an earlier answer, so that a copy of them
    /// (the index of vectors, say) follows without being made anew:
    /// 1. Drop, from the copy, all chunks of the documents in `removed`.
    /// 2. Put in, or replace, the chunks in `added`, by document and chunk index.
    /// 3. Go on with `next_cursor` until it is null. Then keep `sequence`: it is the `since` of the next call.
    ///
    /// The documents in `removed` were deleted, rolled back or replaced; of those that were replaced, the new chunks
    /// are in `added`. Those that change while pages are read come with the next call.
    /// - Parameters:
    ///   - since: the ID of a job of this collection that has ended, or a `sequence`; nil or 0: from the beginning.
    ///   - cursor: that of the page before, for the same `since`.
    /// - Throws: `conflict` with `changes_expired` where it isn't known any more what was there: begin with 0, with an
    ///   empty copy.
    public func changes(
        _ name: String, since: String?, limit: Int, cursor: String?, for caller: Caller
    ) async throws -> JSON {
        let collection = try await collections.get(name, for: caller)
        var start = try ChangeCursor(cursor)
        var answer: [String: JSON] = ["collection_name": .string(name), "limit": .integer(limit)]
        guard let index = try await indexes.current(collection.id) else {
            // Nothing was ever indexed, so there is no state that could be older.
            if let since, Int64(since) != 0 { throw Self.unknown(since) }
            answer.merge(["since": 0, "sequence": 0, "removed": [], "added": [], "next_cursor": .null]) { $1 }
            return .object(answer)
        }
        let first = try await sequence(since, index)
        if start.until == 0 { start.until = try await index.sequence() }
        let removed = try await index.removed(since: first, start, limit: limit)
        var next = start
        if let last = removed.last { (next.isInAdded, next.document) = (false, last) }
        answer["removed"] = .array(removed.map { .object(["document_id": .string("doc_\($0)")]) })
        var added: [JSON] = []
        var isDone = false
        if removed.count < limit {
            if !next.isInAdded { (next.isInAdded, next.document, next.ordinal) = (true, 0, 0) }
            isDone = try await add(to: &added, &next, since: first, limit - removed.count, index, in: collection.id)
        }
        answer["added"] = .array(added)
        answer["since"] = .integer(Int(first))
        answer["sequence"] = .integer(Int(next.until))
        answer["next_cursor"] = isDone ? .null : .string(next.text)
        return .object(answer)
    }

    /// Adds chunks from where the cursor is, at most `limit`; whether these were the last.
    private func add(
        to added: inout [JSON], _ cursor: inout ChangeCursor, since: Int64, _ limit: Int, _ index: SearchReader,
        in collection: String
    ) async throws -> Bool {
        let (start, documents) = (cursor, try await index.added(since: since, cursor, limit: limit + 1))
        let (chunks, end) = try await stores.read(collection) { reader -> ([JSON], ChangeCursor?) in
            var (chunks, cursor) = ([JSON](), start)
            for document in documents {
                if document.number != cursor.document { (cursor.document, cursor.ordinal) = (document.number, 0) }
                // What was removed or replaced since comes with the next call.
                if let reader, let object = try await reader.object(ObjectID(rawValue: document.number)),
                    object.content?.run.rawValue == document.run
                {
                    let page = try await reader.chunks(of: object, from: cursor.ordinal, limit: limit - chunks.count)
                    for chunk in page { chunks.append(Self.added(object, chunk, index.metadata(of: document.run))) }
                    cursor.ordinal += page.count
                    if cursor.ordinal < object.chunkCount, chunks.count == limit { return (chunks, cursor) }
                }
                // Behind the last chunk of this document.
                (cursor.document, cursor.ordinal) = (document.number + 1, 0)
                if chunks.count == limit { return (chunks, cursor) }
            }
            return (chunks, documents.count <= limit ? nil : cursor)
        }
        added = chunks
        guard let end else { return true }
        cursor = end
        return false
    }

    private static func added(_ object: StoredObject, _ chunk: StoredChunk, _ metadata: [String: JSON]) -> JSON {
        guard case .object(var members) = Documents.chunk(chunk) else { return .null }
        members["document_id"] = .string(Documents.identifier(object))
        members["uri"] = .string(Documents.uri(object))
        members["etag"] = .string(chunk.eTag.header)
        members["metadata"] = .object(metadata)
        return .object(members)
    }

    private func sequence(_ since: String?, _ index: SearchReader) async throws -> Int64 {
        guard let since, !since.isEmpty, since != "0" else { return 0 }
        if let number = Int64(since) { return try await index.check(sequence: number) }
        guard since.hasPrefix("job_") else { throw Self.unknown(since) }
        switch try await index.sequence(ofRun: String(since.dropFirst(4))) {
        case .found(let sequence): return try await index.check(sequence: sequence)
        case .lost: throw SearchReader.expired
        case .unknown: throw Self.unknown(since)
        }
    }

    private static func unknown(_ since: String) -> ServiceError {
        .invalid([
            FieldProblem(
                location: ["query", "since"],
                message: "The ID of a job of this collection that has ended, or the sequence of an earlier answer, is "
                    + "needed here.", type: "value_error")
        ])
    }
}

/// Where the next page of changes begins.
struct ChangeCursor: Sendable, Hashable {
    /// What came later is for the next call; 0: not known yet.
    var until: Int64 = 0
    /// False: among the removed documents, behind `document`.
    var isInAdded = false
    var document: Int64 = 0
    /// The next chunk of `document`.
    var ordinal = 0

    init(_ text: String?) throws {
        guard let text, !text.isEmpty else { return }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, let until = Int64(parts[0]), until > 0, parts[1] == "a" || parts[1] == "r",
            let document = Int64(parts[2]), document >= 0, document < .max, let ordinal = Int(parts[3]),
            (0...Int(Int32.max)).contains(ordinal)
        else {
            throw ServiceError.invalid([
                FieldProblem(
                    location: ["query", "cursor"], message: "The next_cursor of an answer is needed here.",
                    type: "value_error")
            ])
        }
        (self.until, self.document, self.ordinal, isInAdded) = (until, document, ordinal, parts[1] == "a")
    }

    var text: String { "\(until).\(isInAdded ? "a" : "r").\(document).\(ordinal)" }
}

extension SearchReader {
    static let expired = ServiceError.refused(
        .conflict, "changes_expired",
        "What the collection had then is not known any more. Begin with an empty copy and since=0.")

    /// How many updates there were.
    func sequence() async throws -> Int64 {
        try await queue.read { db in try Int64.fetchOne(db, sql: "SELECT sequence FROM state") ?? 0 }
    }

    /// Throws `changes_expired` for what this file does not reach back to, or has not come to.
    func check(sequence: Int64) async throws -> Int64 {
        let isKnown = try await queue.read { db in
            try Bool.fetchOne(db, sql: "SELECT ? BETWEEN base AND sequence FROM state", arguments: [sequence]) ?? false
        }
        guard isKnown else { throw Self.expired }
        return sequence
    }

    enum RunSequence: Sendable, Hashable { case found(Int64), lost, unknown }

    /// Where the changes were when a run ended.
    func sequence(ofRun name: String) async throws -> RunSequence {
        try await queue.read { db in
            let row = try Row.fetchOne(db, sql: "SELECT sequence FROM run WHERE name = ?", arguments: [name])
            guard let row else { return .unknown }
            return (row[0] as Int64?).map { .found($0) } ?? .lost
        }
    }

    /// Documents that were there at `since`, and are gone or others now.
    func removed(since: Int64, _ cursor: ChangeCursor, limit: Int) async throws -> [Int64] {
        guard !cursor.isInAdded, since > 0 else { return [] }
        return try await queue.read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT number FROM document
                    WHERE sequence > ?1 AND sequence <= ?2 AND first_sequence <= ?1 AND number > ?3
                    UNION SELECT number FROM removed
                    WHERE sequence > ?1 AND sequence <= ?2 AND first_sequence <= ?1 AND number > ?3
                    ORDER BY number LIMIT ?4
                    """, arguments: [since, cursor.until, cursor.document, limit])
        }
    }

    /// Documents that are new or others since, from the cursor's on.
    func added(since: Int64, _ cursor: ChangeCursor, limit: Int) async throws -> [(number: Int64, run: Int64)] {
        try await queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT number, run FROM document WHERE sequence > ? AND sequence <= ? AND number >= ?
                    ORDER BY number LIMIT ?
                    """, arguments: [since, cursor.until, cursor.document, limit]
            ).map { ($0[0], $0[1]) }
        }
    }
}
