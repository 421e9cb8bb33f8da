internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import GRDB

/// A collection, as the API shows it.
public struct CollectionRecord: Sendable, Hashable {
    /// `col_` and 24 hexadecimal digits.
    public var id: String
    /// Unique in organization and environment.
    public var name: String
    /// The environment.
    public var environment: APIEnvironment
    /// In the client's words.
    public var description: String?
    /// The client's own, a JSON object.
    public var metadata: JSON
    /// Documents, when a job last ended or some were deleted.
    public var documentCount: Int
    /// ISO 8601.
    public var createdAt: String
}

/// The collections of all organizations, each with a chunk store of its own.
public struct Collections: Sendable {
    let database: ControlDatabase
    let stores: CollectionStores

    /// Makes the collection unless it is there; whether it is new.
    public func put(
        _ name: String, _ body: JSON, for caller: Caller
    ) async throws -> (CollectionRecord, isNew: Bool) {
        try Self.check(name: name)
        var fields = RequestFields(body)
        let description = fields.string("description")
        if let description, description.utf8.count > ServiceLimits.collectionTextByteCountMax {
            fields.complain(
                "description", "There may be at most \(ServiceLimits.collectionTextByteCountMax) bytes.",
                "string_too_long")
        }
        let value = fields.value("metadata")
        switch value {
        case nil, .object?: break
        default: fields.complain("metadata", "An object is needed here.", "dict_type")
        }
        let metadata = value?.text
        if let metadata, metadata.utf8.count > ServiceLimits.collectionTextByteCountMax {
            fields.complain(
                "metadata", "There may be at most \(ServiceLimits.collectionTextByteCountMax) bytes of JSON.",
                "too_long")
        }
        try fields.finish()
        let isNew = try await database.write { db in
            if try Self.find(db, name, caller) != nil { return false }
            let count =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM collection WHERE organization = ? AND environment = ?",
                    arguments: [caller.organization, caller.environment.rawValue]) ?? 0
            guard count < ServiceLimits.collectionCountMax else {
                throw ServiceError.refused(
                    .conflict, "too_many_collections",
                    "There are \(count) collections, which is the most. Delete one first.")
            }
            try db.execute(
                sql: """
                    INSERT INTO collection(id, organization, environment, name, description, metadata, created)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    RandomToken.identifier("col"), caller.organization, caller.environment.rawValue, name, description,
                    metadata, Date().timeIntervalSince1970,
                ])
            return true
        }
        return (try await get(name, for: caller), isNew)
    }

    /// The collection of this name. Throws `notFound`.
    public func get(_ name: String, for caller: Caller) async throws -> CollectionRecord {
        guard let found = try await database.read({ try Self.find($0, name, caller) }) else {
            throw ServiceError.notFound("collection")
        }
        return found
    }

    /// In order of their names, and how many there are.
    public func list(limit: Int, offset: Int, for caller: Caller) async throws -> ([CollectionRecord], total: Int) {
        try await database.read { db in
            let scope: StatementArguments = [caller.organization, caller.environment.rawValue]
            let total =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM collection WHERE organization = ? AND environment = ?",
                    arguments: scope) ?? 0
            let rows = try Row.fetchAll(
                db, sql: "\(Self.select) WHERE organization = ? AND environment = ? ORDER BY name LIMIT ? OFFSET ?",
                arguments: scope + [limit, offset])
            return (rows.compactMap(Self.record), total)
        }
    }

    /// Deletes the collection and its chunks. Throws `conflict` while a job of it is open.
    public func delete(_ name: String, for caller: Caller) async throws {
        let collection = try await get(name, for: caller)
        try await stores.ifFree(collection.id) {
            try await database.write { db in
                let isInUse =
                    try Bool.fetchOne(
                        db, sql: "SELECT EXISTS (SELECT 1 FROM job WHERE collection = ? AND ended IS NULL)",
                        arguments: [collection.id]) ?? false
                guard !isInUse else { throw ServiceError.inUse }
                // Its jobs stay, without what they asked for.
                for job in try JobRecord.fetch(db, "WHERE collection = ?", [collection.id]) {
                    let request = String(decoding: try JSONEncoder().encode(job.request.withoutDetails), as: UTF8.self)
                    try db.execute(sql: "UPDATE job SET request = ? WHERE id = ?", arguments: [request, job.id])
                }
                try db.execute(sql: "DELETE FROM collection WHERE id = ?", arguments: [collection.id])
                try db.execute(sql: "INSERT INTO deleted_collection VALUES (?)", arguments: [collection.id])
            }
            try await deleteFiles(collection.id)
        }
    }

    /// Notes how many documents the collection has now. Costs a row for each.
    func noteCount(of id: String) async throws {
        let count = try await stores.read(id) { try await $0?.documentCount() ?? 0 }
        try await database.write { db in
            try db.execute(sql: "UPDATE collection SET document_count = ? WHERE id = ?", arguments: [count, id])
        }
    }

    private func deleteFiles(_ id: String) async throws {
        try await stores.delete(id)
        try await database.write { try $0.execute(sql: "DELETE FROM deleted_collection WHERE id = ?", arguments: [id]) }
        try await database.eraseLog()
    }

    /// Deletes the files of collections that were deleted: a process that ended in the midst of it left them. Returns
    /// files of collections that the control database does not know. They stay: it may be an older or an empty one.
    func sweep() async throws -> [String] {
        let (known, deleted) = try await database.read { db in
            (
                try Set(String.fetchAll(db, sql: "SELECT id FROM collection")),
                try String.fetchAll(db, sql: "SELECT id FROM deleted_collection")
            )
        }
        for id in deleted { try await deleteFiles(id) }
        return try stores.names().filter { !known.contains($0) }
    }

    static func find(_ db: Database, _ name: String, _ caller: Caller) throws -> CollectionRecord? {
        try Row.fetchOne(
            db, sql: "\(select) WHERE organization = ? AND environment = ? AND name = ?",
            arguments: [caller.organization, caller.environment.rawValue, name]
        ).flatMap(record)
    }

    private static let select = """
        SELECT id, name, environment, description, metadata, created, document_count FROM collection
        """

    private static func record(_ row: Row) -> CollectionRecord? {
        APIEnvironment(rawValue: row[2]).map {
            CollectionRecord(
                id: row[0], name: row[1], environment: $0, description: row[3],
                metadata: (row[4] as String?).flatMap { try? JSON(parsing: Data($0.utf8)) } ?? [:],
                documentCount: row[6], createdAt: timeText(row[5]))
        }
    }

    /// Letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
    static func check(name: String) throws {
        let isNamePart: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.".utf8.contains(byte)
            }
        }
        guard (1...ServiceLimits.collectionNameLengthMax).contains(name.utf8.count), name.utf8.allSatisfy(isNamePart),
            let first = name.utf8.first, !"-_.".utf8.contains(first)
        else {
            throw ServiceError.invalid([
                FieldProblem(
                    location: ["path", "collection_name"],
                    message: """
                        A collection's name has 1 to \(ServiceLimits.collectionNameLengthMax) letters, digits, '-', \
                        '_' and '.', and begins with a letter or digit.
                        """, type: "value_error")
            ])
        }
    }
}

extension ServiceError {
    static let inUse = ServiceError.refused(
        .conflict, "collection_in_use",
        "A job of this collection has not ended. Wait for its end, or cancel it, and try again.")
}
