internal import GRDB

extension Syncs {
    /// One sync, also one that was deleted. Throws `notFound`.
    public func get(_ id: String, for caller: Caller) async throws -> JSON {
        try await database.read { db in try Self.view(try Self.find(db, id, caller), db) }
    }

    /// A page of the syncs that were not deleted, of all collections or of one, in the order in which they were made.
    /// Throws `notFound` for a collection that is not there.
    public func list(
        collection name: String? = nil, status: String? = nil, limit: Int, offset: Int, for caller: Caller
    ) async throws -> JSON {
        let (syncs, total) = try await database.read { db in
            var collection: String?
            if let name {
                guard let found = try Collections.find(db, name, caller) else {
                    throw ServiceError.notFound("collection")
                }
                collection = found.id
            }
            let condition = """
                WHERE organization = ?1 AND environment = ?2 AND deactivated IS NULL
                    AND collection = ifnull(?3, collection) AND status = ifnull(?4, status)
                """
            let scope: StatementArguments = [caller.organization, caller.environment.rawValue, collection, status]
            let total = try Int.fetchOne(db, sql: "SELECT count(*) FROM sync \(condition)", arguments: scope) ?? 0
            let syncs = try SyncRecord.fetch(
                db, "\(condition) ORDER BY number LIMIT ?5 OFFSET ?6", scope + [limit, offset])
            return (try syncs.map { try Self.view($0, db) }, total)
        }
        return .object([
            "syncs": .array(syncs), "total_count": .integer(total), "limit": .integer(limit),
            "offset": .integer(offset),
        ])
    }

    /// The sync of a collection that a request means: the one that it names, or the only one there is.
    public func id(_ id: String?, in collection: String, for caller: Caller) async throws -> String {
        let list = try await list(collection: collection, limit: 2, offset: 0, for: caller)
        if let id {
            let sync = try await get(id, for: caller)
            guard sync["collection_name"] == .string(collection) else { throw ServiceError.notFound("sync") }
            return id
        }
        guard case .array(let syncs)? = list["syncs"], let first = syncs.first?["sync_id"]?.stringValue else {
            throw ServiceError.notFound("sync")
        }
        guard syncs.count == 1 else {
            throw ServiceError.refused(
                .conflict, "several_syncs", "The collection has several syncs. Name one: ?sync_id=sync_….")
        }
        return first
    }

    private static func view(_ sync: SyncRecord, _ db: Database) throws -> JSON {
        let last = try JobRecord.fetch(db, "WHERE sync = ? ORDER BY number DESC LIMIT 1", [sync.id]).first
        let isRunning = last.map { $0.ended == nil } ?? false
        let error = sync.error ?? (last?.status == .failed ? last?.errorMessage : nil)
        let state =
            isRunning
            ? (last?.id == sync.backfillJob || sync.backfillJob == nil ? "backfilling" : "syncing")
            : error == nil ? "idle" : "error"
        return .object(
            sync.settings.json.merging(
                [
                    "sync_id": .string(sync.id), "collection_name": .string(sync.collectionName),
                    "storage_type": "s3", "bucket": .string(sync.settings.bucket), "auth_method": "assume_role",
                    "role_arn": .string(sync.settings.roleARN), "status": .string(sync.status.rawValue),
                    "sync_state": .string(state), "last_backfill_job_id": .optional(sync.backfillJob),
                    "last_job_id": .optional(last?.id), "last_sync_at": .optional(last?.ended.map(timeText)),
                    "next_sync_at": .optional(sync.nextRun.map(timeText)), "last_sync_error": .optional(error),
                    "last_sync_warnings": .array((last?.result?.warnings ?? []).map { .string($0) }),
                    "created_at": .string(timeText(sync.created)), "updated_at": .string(timeText(sync.updated)),
                    "deactivated_at": .optional(sync.deactivated.map(timeText)),
                ], uniquingKeysWith: { $1 }))
    }
}
