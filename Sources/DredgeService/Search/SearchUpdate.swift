internal import Dredge
internal import DredgeStore
internal import Foundation
internal import GRDB

/// Brings a search file to what the chunk store has: compares all documents, and reads those that are new or others.
/// Each transaction leaves a file that can be searched, so that one that was broken off goes on with the next.
struct SearchUpdate {
    private let reader: DocumentReader?
    private let queue: DatabaseQueue
    private let metadata: [String: String]
    private var segment = SearchSegment(first: 0)
    private var tokenizer = SearchTokenizer()
    private var sequence: Int64 = 0
    /// Documents whose chunks are all in `segment` or written.
    private var added: [Document] = []
    private var removed: [Int64] = []
    private(set) var hasChanged = false

    /// A row of `document`.
    struct Document: Sendable, Hashable {
        var number: Int64
        var run: Int64
        var eTag: String
        var uri: String
        var chunkCount: Int
        var first: UInt32 = 0

        func isSameVersion(as other: Document) -> Bool {
            number == other.number && run == other.run && eTag == other.eTag && uri == other.uri
                && chunkCount == other.chunkCount
        }
    }

    /// - Parameters:
    ///   - reader: nil: the collection has no chunk store.
    ///   - metadata: the runs' names, and what is attached to their documents, as JSON.
    init(_ reader: DocumentReader?, _ file: SearchFile, metadata: [String: String]) {
        self.reader = reader
        queue = file.queue
        self.metadata = metadata
    }

    /// - Parameter endedRun: the run whose end this is.
    mutating func run(endedRun: String?) async throws {
        let (next, sequence) = try await queue.read { db in
            (
                try Int64.fetchOne(db, sql: "SELECT max(first_chunk + chunk_count) FROM segment") ?? 0,
                try Int64.fetchOne(db, sql: "SELECT sequence FROM state") ?? 0
            )
        }
        self.sequence = sequence + 1
        segment = SearchSegment(first: UInt32(next))
        try await writeRuns()
        var last: Int64 = 0
        while let reader {
            let page = try await reader.documents(
                after: ObjectID(rawValue: last), limit: ServiceLimits.searchPageCount)
            let end = page.count < ServiceLimits.searchPageCount ? Int64.max : page.last?.id.rawValue ?? .max
            try await compare(page, with: try await known(after: last, through: end))
            last = end
            if end == .max { break }
        }
        if reader == nil { removed = try await known(after: 0, through: .max).map(\.number) }
        try await flush()
        guard let endedRun else { return }
        try await queue.write { db in
            try db.execute(
                sql: "UPDATE run SET sequence = (SELECT sequence FROM state) WHERE name = ?", arguments: [endedRun])
        }
    }

    private func writeRuns() async throws {
        guard let reader else { return }
        let (runs, metadata) = (try await reader.runs(), metadata)
        try await queue.write { db in
            let statement = try db.makeStatement(
                sql: """
                    INSERT INTO run(name, number, metadata) VALUES (?1, ?2, ?3)
                    ON CONFLICT (name) DO UPDATE SET number = excluded.number, metadata = excluded.metadata
                    WHERE number IS NOT excluded.number OR metadata <> excluded.metadata
                    """)
            for (run, name) in runs {
                try db.execute(
                    sql: "UPDATE run SET number = NULL WHERE number = ? AND name <> ?", arguments: [run.rawValue, name])
                try statement.execute(arguments: [name, run.rawValue, metadata[name] ?? "{}"])
            }
        }
    }

    private func known(after: Int64, through: Int64) async throws -> [Document] {
        try await queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT number, run, etag, uri, chunk_count FROM document WHERE number > ? AND number <= ?
                    ORDER BY number
                    """, arguments: [after, through]
            ).map { Document(number: $0[0], run: $0[1], eTag: $0[2], uri: $0[3], chunkCount: $0[4]) }
        }
    }

    private mutating func compare(_ stored: [StoredObject], with known: [Document]) async throws {
        var rest = Dictionary(known.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        for object in stored {
            guard var document = Self.document(object) else { continue }
            let before = rest.removeValue(forKey: document.number)
            if let before, before.isSameVersion(as: document) { continue }
            if try await add(object, &document) {
                added.append(document)
            } else if before != nil {
                removed.append(document.number)
            }
        }
        removed += rest.keys.sorted()
    }

    static func document(_ object: StoredObject) -> Document? {
        object.content.map {
            Document(
                number: object.id.rawValue, run: $0.run.rawValue, eTag: $0.eTag.header, uri: Documents.uri(object),
                chunkCount: object.chunkCount)
        }
    }

    /// Whether all of its chunks could be read.
    private mutating func add(_ object: StoredObject, _ document: inout Document) async throws -> Bool {
        guard let reader else { return false }
        document.first = segment.next
        var count = 0
        while count < object.chunkCount {
            let chunks = try await reader.chunks(of: object, from: count, limit: ServiceLimits.searchPageCount)
            // Replaced while it was read: the next update sees the new version.
            guard chunks.first?.ordinal == count else { return false }
            for chunk in chunks { segment.add(chunk.text, &tokenizer) }
            count += chunks.count
            if segment.postingCount >= ServiceLimits.searchPostingCountMax { try await flush() }
        }
        return true
    }

    /// Writes what there is, in one transaction.
    private mutating func flush() async throws {
        guard segment.chunkCount > 0 || !added.isEmpty || !removed.isEmpty else { return }
        hasChanged = true
        let (segment, added, removed, sequence) = (segment, added, removed, sequence)
        try await queue.write { db in
            try db.execute(sql: "UPDATE state SET sequence = ?", arguments: [sequence])
            for number in removed { try db.removeDocument(number, sequence: sequence, isGone: true) }
            for document in added { try Self.insert(document, sequence: sequence, db) }
            try Self.insert(segment, db)
        }
        self.added = []
        self.removed = []
        self.segment = SearchSegment(first: segment.next)
    }

    private static func insert(_ document: Document, sequence: Int64, _ db: Database) throws {
        let first =
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT first_sequence FROM document WHERE number = ?1
                    UNION ALL SELECT first_sequence FROM removed WHERE number = ?1
                    """, arguments: [document.number]) ?? sequence
        try db.removeDocument(document.number, sequence: sequence, isGone: false)
        try db.execute(sql: "DELETE FROM removed WHERE number = ?", arguments: [document.number])
        try db.execute(
            sql: "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                document.number, document.run, document.eTag, document.uri, Int64(document.first), document.chunkCount,
                first, sequence,
            ])
    }

    private static func insert(_ segment: SearchSegment, _ db: Database) throws {
        guard segment.chunkCount > 0 else { return }
        try db.execute(
            sql: "INSERT INTO segment VALUES (?, ?, ?)",
            arguments: [Int64(segment.first), segment.chunkCount, SearchFile.data(segment.lengths)])
        let statement = try db.makeStatement(sql: "INSERT INTO posting VALUES (?, ?, ?, ?)")
        try segment.forEachTerm { word, chunkCount, data in
            try statement.execute(arguments: [Data(word), Int64(segment.first), chunkCount, Data(data)])
        }
    }
}
