internal import Dredge
internal import DredgeStore
internal import Foundation
internal import GRDB
internal import Synchronization

/// Brings a search to what the chunk store has: compares all documents, and reads those that are new or others. Each
/// transaction leaves files that can be searched, so that one that was broken off goes on with the next.
struct SearchUpdate {
    private let reader: DocumentReader?
    private let catalog: SearchCatalog
    private let files: SearchFiles
    private let collection: String
    private let metadata: [String: String]
    private let postingCountMax: Int
    private var segment = SearchSegment()
    private var tokenizer = SearchTokenizer()
    private var sequence: Int64 = 0
    private var nextVersion: Int64 = 0
    /// The version whose chunks are being added; 0: none.
    private var openVersion: Int64 = 0
    private var hasTurn = false
    /// Documents whose chunks are all in `segment` or written.
    private var added: [Document] = []
    private var removed: [Int64] = []
    /// How many segments there are now, with those of others.
    private(set) var segmentCount = 0
    private(set) var hasChanged = false
    /// Documents that were put in or taken out.
    private(set) var changedCount = 0
    /// Runs after each transaction.
    private let onFlush: @Sendable (_ segmentCount: Int) async throws -> Void

    /// A row of `document`.
    struct Document: Sendable, Hashable {
        var number: Int64
        var version: Int64 = 0
        var run: Int64
        var eTag: String
        var uri: String
        var chunkCount: Int

        func isSameVersion(as other: Document) -> Bool {
            number == other.number && run == other.run && eTag == other.eTag && uri == other.uri
                && chunkCount == other.chunkCount
        }
    }

    /// - Parameters:
    ///   - reader: nil: the collection has no chunk store.
    ///   - metadata: the runs' names, and what is attached to their documents, as JSON.
    ///   - onFlush: runs after each transaction.
    init(
        _ reader: DocumentReader?, _ catalog: SearchCatalog, _ files: SearchFiles, _ collection: String,
        metadata: [String: String], onFlush: @escaping @Sendable (_ segmentCount: Int) async throws -> Void
    ) {
        self.reader = reader
        self.catalog = catalog
        self.files = files
        self.collection = collection
        self.metadata = metadata
        self.onFlush = onFlush
        postingCountMax = files.settings.withLock(\.postingCountMax)
    }

    /// Throws `CancellationError` where the files are wanted by others, or the service stops.
    /// - Parameter endedRun: the run whose end this is.
    mutating func run(endedRun: String?) async throws {
        defer { if hasTurn { files.endTurn() } }
        (sequence, nextVersion) = try await catalog.queue.read { db in
            let row = try Row.fetchOne(db, sql: "SELECT sequence + 1, next_version FROM state")
            return (row?[0] ?? 1, row?[1] ?? 1)
        }
        try await writeRuns()
        // Should this be broken off, what it was to tell comes with what is told later.
        if let endedRun { try await note(endedRun) }
        try files.check(collection)
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
        if let endedRun { try await note(endedRun) }
    }

    private func note(_ run: String) async throws {
        try await catalog.queue.write { db in
            try db.execute(
                sql: "UPDATE run SET sequence = (SELECT sequence FROM state) WHERE name = ?", arguments: [run])
        }
    }

    private func writeRuns() async throws {
        guard let reader else { return }
        let (runs, metadata) = (try await reader.runs(), metadata)
        try await catalog.queue.write { db in
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
        try await catalog.queue.read { db in
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
        try files.check(collection)
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
        document.version = nextVersion
        nextVersion += 1
        openVersion = document.version
        defer { openVersion = 0 }
        var count = 0
        while count < object.chunkCount {
            if !hasTurn {
                try await files.beginTurn()
                hasTurn = true
            }
            let chunks = try await reader.chunks(of: object, from: count, limit: ServiceLimits.searchPageCount)
            // Replaced while it was read: the next update sees the new version.
            guard chunks.first?.ordinal == count else { return false }
            for chunk in chunks {
                segment.add(chunk.text, version: document.version, ordinal: chunk.ordinal, &tokenizer)
            }
            count += chunks.count
            try files.check(collection)
            if segment.postingCount >= postingCountMax { try await flush() }
        }
        return true
    }

    /// Writes what there is: the segment's file, then the rest in one transaction.
    private mutating func flush() async throws {
        if !segment.isEmpty || !added.isEmpty || !removed.isEmpty {
            let file = try await writeSegment()
            let (added, removed, sequence) = (added, removed, sequence)
            let state: StatementArguments = [sequence, nextVersion, openVersion]
            segmentCount = try await catalog.queue.write { db in
                try db.execute(
                    sql: "UPDATE state SET sequence = ?, next_version = ?, open_version = ?", arguments: state)
                for number in removed { try db.removeDocument(number, sequence: sequence, isGone: true) }
                for document in added { try Self.insert(document, sequence: sequence, db) }
                if let file { try db.insert(file) }
                return try Int.fetchOne(db, sql: "SELECT count(*) FROM segment") ?? 0
            }
            hasChanged = true
            changedCount += added.count + removed.count
            self.added = []
            self.removed = []
        }
        if hasTurn { files.endTurn() }
        hasTurn = false
        if hasChanged { try await onFlush(segmentCount) }
    }

    private mutating func writeSegment() async throws -> SegmentRow? {
        guard !segment.isEmpty else { return nil }
        let id = try await catalog.queue.write { try $0.takeSegmentID() }
        let (segment, path) = (segment, SearchCatalog.segmentPath(catalog.path, id))
        self.segment = SearchSegment()
        let content = try await WorkThreads.files.run { [files, collection] in
            try segment.write(to: path) { try files.check(collection) }
        }
        return SegmentRow(id: id, place: id, content: content)
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
                document.number, document.version, document.run, document.eTag, document.uri, document.chunkCount,
                first, sequence,
            ])
    }
}
