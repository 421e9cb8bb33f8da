internal import DredgeBase
internal import DredgeLedger
internal import Foundation
internal import GRDB

/// Which objects to read.
struct ObjectFilter: Sendable {
    var prefix: [UInt8] = []
    /// Only this one key.
    var key: [UInt8]?
    var state: ObjectState?
    var bucket: String?
    var source: String?
    /// Only what this run or a later one has stored.
    var sinceRun: RunID?
    var hasContent = false
}

/// Walks over objects in order of their keys' bytes, page by page (`StoreLimits.readPageRowCount`), one source or
/// several merged. Each page is a query of its own, so its reader must hold a snapshot.
struct ObjectCursor: Sendable {
    struct SourceRow: Sendable {
        var id: Int64
        var name: String
        var bucket: String
        var prefix: String
        var endpointURL: String?
    }

    /// One source's objects, from where it stands.
    private struct Branch: Sendable {
        var source: SourceRow
        var page: ArraySlice<StoredObject> = []
        var lastKey: [UInt8]?
        var isAtEnd = false

        /// The next object, without passing it.
        mutating func peek(_ db: Database, _ filter: ObjectFilter) throws -> StoredObject? {
            if let first = page.first { return first }
            guard !isAtEnd else { return nil }
            let rows = try ObjectCursor.page(db, source, filter, after: lastKey)
            isAtEnd = rows.count < StoreLimits.readPageRowCount
            // A damaged index could lead back again and again.
            if let key = rows.last?.key, let lastKey, !lastKey.lexicographicallyPrecedes(key) {
                throw StoreError.damagedRow(path: db.description, "an object whose key is out of order")
            }
            lastKey = rows.last?.key ?? lastKey
            page = rows[...]
            return page.first
        }
    }

    private let filter: ObjectFilter
    /// Groups of sources, one behind the other; those of a group are merged by key.
    private var groups: [[Branch]]

    /// Bucket by bucket; the sources of a bucket merged by key, equal keys in order of the sources' names.
    static func byBucket(_ db: Database, _ filter: ObjectFilter) throws -> ObjectCursor {
        var groups: [[Branch]] = []
        for source in try sources(db, filter, order: "bucket, name, prefix, id") {
            if groups.last?.first?.source.bucket == source.bucket {
                groups[groups.count - 1].append(Branch(source: source))
            } else {
                groups.append([Branch(source: source)])
            }
        }
        return ObjectCursor(filter: filter, groups: groups)
    }

    /// Source by source, in order of name and bucket.
    static func bySource(_ db: Database, _ filter: ObjectFilter) throws -> ObjectCursor {
        ObjectCursor(
            filter: filter,
            groups: try sources(db, filter, order: "name, bucket, prefix, id").map { [Branch(source: $0)] })
    }

    private static func sources(_ db: Database, _ filter: ObjectFilter, order: String) throws -> [SourceRow] {
        try query(
            db,
            """
            SELECT id, name, bucket, prefix, endpoint_url FROM source
            WHERE bucket = ifnull(?, bucket) AND name = ifnull(?, name)
            ORDER BY \(order)
            """,
            [filter.bucket.map(QueryValue.text) ?? .null, filter.source.map(QueryValue.text) ?? .null]
        ) {
            SourceRow(
                id: $0.int64(0), name: $0.text(1) ?? "", bucket: $0.text(2) ?? "", prefix: $0.text(3) ?? "",
                endpointURL: $0.text(4))
        }
    }

    mutating func next(_ db: Database) throws -> StoredObject? {
        while let group = groups.indices.first {
            var best: (branch: Int, object: StoredObject)?
            for branch in groups[group].indices {
                guard let object = try groups[group][branch].peek(db, filter) else { continue }
                if let best, !object.key.lexicographicallyPrecedes(best.object.key) { continue }
                best = (branch, object)
            }
            if let best {
                groups[group][best.branch].page.removeFirst()
                return best.object
            }
            groups.removeFirst()
        }
        return nil
    }

    private static func page(
        _ db: Database, _ source: SourceRow, _ filter: ObjectFilter, after lastKey: [UInt8]?
    ) throws -> [StoredObject] {
        var conditions = ["source = ?"]
        var values: [QueryValue] = [.int(source.id)]
        func add(_ condition: String, _ value: QueryValue) {
            conditions.append(condition)
            values.append(value)
        }
        if let key = filter.key { add("key = ?", .bytes(key)) }
        if let lastKey {
            add("key > ?", .bytes(lastKey))
        } else if !filter.prefix.isEmpty {
            add("key >= ?", .bytes(filter.prefix))
        }
        if let end = successor(of: filter.prefix) { add("key < ?", .bytes(end)) }
        if let state = filter.state { add("state = ?", .text(state.rawValue)) }
        if let run = filter.sinceRun { add("content_run >= ?", .id(run)) }
        if filter.hasContent { conditions.append("content_etag IS NOT NULL") }
        return try query(
            db,
            """
            SELECT \(columns) FROM object WHERE \(conditions.joined(separator: " AND "))
            ORDER BY key LIMIT \(StoreLimits.readPageRowCount)
            """, values
        ) { object($0, of: source) }
    }

    /// What `object` reads.
    static let columns = """
        object.id, key, size, etag, last_modified_ms, storage_class, state, reason, attempt_count, request_id,
        content_etag, content_size, content_version_id, content_byte_count, content_run, chunk_count, token_count
        """

    static func object(_ row: PreparedStatement, of source: SourceRow) -> StoredObject {
        let content = row.text(10).map { eTag in
            StoredObject.Content(
                eTag: ETag(eTag), size: row.uint64(11), versionID: row.text(12), byteCount: row.uint64(13),
                run: row.id(14)
            )
        }
        return StoredObject(
            id: row.id(0), source: source.name, bucket: source.bucket, prefix: source.prefix,
            endpointURL: source.endpointURL, key: row.bytes(1) ?? [],
            size: row.uint64(2), eTag: ETag(row.text(3) ?? ""),
            lastModified: row.isNull(4) ? nil : Date(timeIntervalSince1970: Double(row.int64(4)) / 1_000),
            storageClass: row.text(5), state: ObjectState(rawValue: row.text(6) ?? "") ?? .failed, reason: row.text(7),
            attemptCount: row.int(8), requestID: row.text(9), content: content, chunkCount: row.int(15),
            tokenCount: row.int(16))
    }

    /// The smallest key above all with this prefix; nil: there is none.
    static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var end = prefix
        while let last = end.popLast() {
            if last < .max { return end + [last + 1] }
        }
        return nil
    }
}
