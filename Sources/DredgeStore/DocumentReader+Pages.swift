package import DredgeLedger
internal import GRDB

extension DocumentReader {
    /// Documents that have content, behind number `after`, in order of their numbers.
    package func documents(after: ObjectID, limit: Int) async throws(StoreError) -> [StoredObject] {
        try await objects(
            "object.id > ? AND content_etag IS NOT NULL ORDER BY object.id LIMIT ?", [.id(after), .int(Int64(limit))])
    }

    /// The runs with their names, the oldest first.
    package func runs() async throws(StoreError) -> [(RunID, String)] {
        try await read { db in
            try query(db, "SELECT id, name FROM run ORDER BY id") { (RunID(rawValue: $0.int64(0)), $0.text(1) ?? "") }
        }
    }
}

extension ContentReader {
    /// The spans that chunks `first ..< first + limit` of an object stand in, in order of their ordinals.
    func spans(_ db: Database, of object: ObjectID, from first: Int, limit: Int) throws -> [ChunkSpan] {
        try query(
            db,
            """
            SELECT batch, first_entry, first_ordinal, chunk_count FROM span WHERE object = ?1 AND first_ordinal < ?3
                AND first_ordinal >= ifnull(
                    (SELECT max(first_ordinal) FROM span WHERE object = ?1 AND first_ordinal <= ?2), 0)
            ORDER BY first_ordinal
            """, [.id(object), .int(Int64(first)), .int(Int64(first) + Int64(limit))]
        ) { ChunkSpan(batch: $0.id(0), firstEntry: $0.int(1), firstOrdinal: $0.int(2), chunkCount: $0.int(3)) }
    }
}
