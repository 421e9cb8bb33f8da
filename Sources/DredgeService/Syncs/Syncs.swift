internal import Dredge
internal import DredgeAWS
internal import Foundation
internal import GRDB
internal import Logging

/// Collections that follow buckets: each sync is a job that is made again and again. Survives a restart; a sync has one
/// job at a time, and however many times it was due meanwhile, it runs once.
public actor Syncs {
    let database: ControlDatabase
    private let jobs: Jobs
    private let integrations: Integrations
    private let configuration: ServiceConfiguration
    private let logger: Logger
    /// Syncs whose job is being made.
    private var starting: Set<String> = []
    private var task: Task<Void, Never>?

    init(
        database: ControlDatabase, jobs: Jobs, integrations: Integrations, configuration: ServiceConfiguration,
        logger: Logger
    ) {
        self.database = database
        self.jobs = jobs
        self.integrations = integrations
        self.configuration = configuration
        self.logger = logger
    }

    var now: Double { configuration.time.now().timeIntervalSince1970 }

    // MARK: The schedule

    /// Begins to look for syncs that are due.
    func start() {
        let time = configuration.time
        task = Task {
            repeat {
                do { try await startDue() } catch is CancellationError { return } catch {
                    logger.error("syncs can't be looked for", metadata: ["error": "\(error)"])
                }
                do { try await time.sleep(.seconds(ServiceLimits.syncLookSeconds)) } catch { return }
            } while !Task.isCancelled
        }
    }

    /// No job is made from now on.
    func stop() async {
        task?.cancel()
        await task?.value
    }

    /// Makes jobs for the syncs that are due, and have none that has not ended.
    func startDue() async throws {
        let now = now
        let due = try await database.read { db in
            try SyncRecord.fetch(
                db,
                """
                WHERE next_run <= ? AND deactivated IS NULL
                    AND NOT EXISTS (SELECT 1 FROM job WHERE job.sync = sync.id AND job.ended IS NULL)
                ORDER BY next_run LIMIT ?
                """, [now, ServiceLimits.syncStartCountMax])
        }
        for sync in due {
            if Task.isCancelled { return }
            do {
                _ = try await run(sync, ifDue: true)
            } catch let error as ServiceError where error == .syncRunning {
                // It is due still when that job has ended.
            } catch ServiceError.refused(let refusal) {
                try await noteRefused(sync, refusal.message)
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.error("a sync can't be started", metadata: ["sync": "\(sync.id)", "error": "\(error)"])
                try await noteRefused(sync, "The server could not start it. Its operator finds the cause in the log.")
            }
        }
    }

    /// Makes a job for the sync, and returns its ID; nil: it was to be made if the sync is due, and it no longer is.
    /// Throws `conflict` while another one has not ended.
    private func run(
        _ sync: SyncRecord, confirmsDeletions: Bool = false, ifDue: Bool = false
    ) async throws -> String? {
        guard starting.insert(sync.id).inserted else { throw ServiceError.syncRunning }
        defer { starting.remove(sync.id) }
        let now = now
        let externalID = try await database.read { db in
            let isRunning =
                try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM job WHERE sync = ? AND ended IS NULL)", arguments: [sync.id])
                ?? false
            if isRunning { throw ServiceError.syncRunning }
            if ifDue {
                let next = try SyncRecord.fetch(db, "WHERE id = ?", [sync.id]).first?.nextRun
                guard let next, next <= now else { return String?.none }
            }
            return try Self.externalID(of: sync, db, now: now)
        }
        guard let externalID else { return nil }
        let job = try await jobs.accept(
            sync.request(externalID: externalID, confirmsDeletions: confirmsDeletions), nil, into: sync.collectionName,
            for: sync.caller)
        try await database.write { db in
            guard let current = try SyncRecord.fetch(db, "WHERE id = ?", [sync.id]).first else { return }
            try db.execute(
                sql: "UPDATE sync SET next_run = ?, error = NULL WHERE id = ?",
                arguments: [current.nextRun(after: now), sync.id])
        }
        return job
    }

    /// The one with which the role let the server in last, or that the sync was made with, as long as it is valid: the
    /// role may demand that. After a rotation, the organization's own.
    private static func externalID(of sync: SyncRecord, _ db: Database, now: Double) throws -> String {
        let record = try Integrations.record(db, sync.organization)
        let own = sync.settings.externalID
        let ofRole = record.roles.first { $0.arn == sync.settings.roleARN }?.externalID
        let valid = record.valid(at: now)
        return [ofRole, own].compactMap(\.self).first(where: valid.contains) ?? record.externalID ?? own
    }

    /// The sync is tried again when it is due next.
    private func noteRefused(_ sync: SyncRecord, _ message: String) async throws {
        let next = sync.nextRun(after: now)
        try await database.write { db in
            try db.execute(
                sql: "UPDATE sync SET next_run = ?, error = ? WHERE id = ? AND next_run IS NOT NULL",
                arguments: [next, message, sync.id])
        }
    }

    // MARK: What a client changes

    /// Makes a sync, and its first job. Throws `conflict` where one follows the same part of the bucket already.
    public func create(_ body: JSON, in collection: String, for caller: Caller) async throws -> JSON {
        let settings = try SyncSettings(body)
        try check(settings, for: caller)
        let now = now
        let sync = try await database.write { [integrations] db in
            guard let collection = try Collections.find(db, collection, caller) else {
                throw ServiceError.notFound("collection")
            }
            if let other = try Self.find(db, settings, in: collection.id) {
                throw ServiceError.refused(
                    .conflict, "sync_exists",
                    "The sync \(other.id) follows this bucket and prefix in this collection already. Change that one.")
            }
            try Self.requireRoom(db, caller)
            let sync = SyncRecord(
                settings, of: collection, source: try Self.freeSource(db, settings, in: collection.id), for: caller,
                now: now)
            try integrations.authorize(
                sync.request(externalID: settings.externalID, confirmsDeletions: false), db,
                organization: caller.organization)
            try sync.insert(db)
            return sync
        }
        do {
            let job = try await run(sync)
            try await database.write { db in
                try db.execute(sql: "UPDATE sync SET backfill_job = ? WHERE id = ?", arguments: [job, sync.id])
            }
        } catch {
            try await database.write { try $0.execute(sql: "DELETE FROM sync WHERE id = ?", arguments: [sync.id]) }
            throw error
        }
        return try await get(sync.id, for: caller)
    }

    /// Makes the sync of this part of the bucket, or gives the one that is there these settings; whether it is new.
    public func put(
        _ body: JSON, in collection: String, for caller: Caller
    ) async throws -> (JSON, isNew: Bool) {
        let settings = try SyncSettings(body)
        let known = try await database.read { db in
            try Collections.find(db, collection, caller).flatMap { try Self.find(db, settings, in: $0.id) }
        }
        guard let known else { return (try await create(body, in: collection, for: caller), true) }
        return (try await change(known.id, for: caller) { $0.settings = settings }, false)
    }

    /// Changes what the request names, from the next run on. An interval or status that is named begins a new interval.
    public func update(_ id: String, _ body: JSON, for caller: Caller) async throws -> JSON {
        try await change(id, for: caller) { sync in
            let (settings, status) = try sync.settings.changed(by: body)
            sync.settings = settings
            sync.status = status ?? sync.status
        }
    }

    private func change(
        _ id: String, for caller: Caller, _ body: @escaping @Sendable (inout SyncRecord) throws -> Void
    ) async throws -> JSON {
        let now = now
        let (old, changed) = try await database.read { db in
            let old = try Self.find(db, id, caller)
            guard old.deactivated == nil else { throw ServiceError.syncDeactivated }
            var sync = old
            try body(&sync)
            return (old, sync)
        }
        try check(changed.settings, for: caller)
        try await database.write { [integrations] db in
            // What was decided holds for what was read only.
            let current = try Self.find(db, id, caller)
            guard current.deactivated == nil else { throw ServiceError.syncDeactivated }
            guard current.settings == old.settings, current.status == old.status else { throw ServiceError.syncChanged }
            if let other = try Self.find(db, changed.settings, in: changed.collection), other.id != id {
                throw ServiceError.refused(
                    .conflict, "sync_exists",
                    "The sync \(other.id) follows this bucket and prefix in this collection already.")
            }
            let isSameRole =
                (changed.settings.roleARN, changed.settings.externalID)
                == (old.settings.roleARN, old.settings.externalID)
            if !isSameRole {
                try integrations.authorize(
                    changed.request(externalID: changed.settings.externalID, confirmsDeletions: false), db,
                    organization: caller.organization)
            }
            var sync = changed
            sync.updated = now
            let isSameRhythm =
                sync.status == old.status && sync.settings.intervalMinutes == old.settings.intervalMinutes
            sync.nextRun = isSameRhythm ? current.nextRun : sync.nextRun(after: now)
            try sync.update(db)
        }
        return try await get(id, for: caller)
    }

    /// Ends the sync and its job. Its documents stay, and a new sync of the same part of the bucket takes them over.
    public func delete(_ id: String, for caller: Caller) async throws {
        let now = now
        let job = try await database.write { db in
            guard try Self.find(db, id, caller).deactivated == nil else { throw ServiceError.syncDeactivated }
            try db.execute(
                sql: "UPDATE sync SET deactivated = ?1, updated = ?1, next_run = NULL WHERE id = ?2",
                arguments: [now, id])
            return try String.fetchOne(
                db, sql: "SELECT id FROM job WHERE sync = ? AND ended IS NULL", arguments: [id])
        }
        if let job { try await jobs.cancel(job, for: caller) }
    }

    /// Makes a job now, also for a sync that is paused. How many files were added, modified and removed is known at its
    /// end only, so the answer has null there.
    public func reconcile(_ id: String, _ body: JSON, for caller: Caller) async throws -> JSON {
        var fields = RequestFields(body)
        let confirms = fields.bool("confirm_deletions", default: false)
        try fields.finish()
        let sync = try await database.read { try Self.find($0, id, caller) }
        guard sync.deactivated == nil else { throw ServiceError.syncDeactivated }
        let job = try await run(sync, confirmsDeletions: confirms)
        return .object([
            "sync_id": .string(id), "job_id": .optional(job), "status": "pending", "added": .null, "modified": .null,
            "removed": .null, "unchanged": .null, "deleted_documents": .null,
        ])
    }

    private nonisolated func check(_ settings: SyncSettings, for caller: Caller) throws {
        var request = IndexRequest(kind: .bucket, bucket: settings.bucket)
        request.path = settings.prefix
        request.region = settings.region
        (request.roleARN, request.externalID) = (settings.roleARN, settings.externalID)
        guard let problem = jobs.problem(of: request) else { return }
        let field = IndexRequest.field(problem.field)
        throw ServiceError.invalid(
            ["bucket_name": "bucket", "bucket_region": "region"][field] ?? field,
            "\(problem.message) \(problem.advice)")
    }

    // MARK: Finding

    /// The caller's sync, also one that was deleted. Throws `notFound`.
    static func find(_ db: Database, _ id: String, _ caller: Caller) throws -> SyncRecord {
        let found = try SyncRecord.fetch(
            db, "WHERE id = ? AND organization = ? AND environment = ?",
            [id, caller.organization, caller.environment.rawValue])
        guard let sync = found.first else { throw ServiceError.notFound("sync") }
        return sync
    }

    /// The sync that follows this part of the bucket in the collection; nil: none does.
    private static func find(_ db: Database, _ settings: SyncSettings, in collection: String) throws -> SyncRecord? {
        try SyncRecord.fetch(
            db, "WHERE collection = ? AND bucket = ? AND prefix = ? AND deactivated IS NULL",
            [collection, settings.bucket, settings.prefix]
        ).first
    }

    /// The name under which the documents of a deleted sync of this part of the bucket are stored; nil: there was none,
    /// or another sync has them.
    private static func freeSource(_ db: Database, _ settings: SyncSettings, in collection: String) throws -> String? {
        try String.fetchOne(
            db,
            sql: """
                SELECT source FROM sync AS old WHERE collection = ? AND bucket = ? AND prefix = ?
                    AND NOT EXISTS (SELECT 1 FROM sync WHERE collection = old.collection AND source = old.source
                        AND deactivated IS NULL)
                ORDER BY number DESC LIMIT 1
                """, arguments: [collection, settings.bucket, settings.prefix])
    }

    private static func requireRoom(_ db: Database, _ caller: Caller) throws {
        let count =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM sync WHERE organization = ? AND environment = ? AND deactivated IS NULL
                    """, arguments: [caller.organization, caller.environment.rawValue]) ?? 0
        guard count < ServiceLimits.syncCountMax else {
            throw ServiceError.refused(
                .conflict, "too_many_syncs", "There are \(count) syncs, which is the most. Delete one first.")
        }
    }
}

extension ServiceError {
    static let syncRunning = ServiceError.refused(
        .conflict, "sync_running", "A job of this sync has not ended. Wait for its end, or cancel it, and try again.")
    static let syncDeactivated = ServiceError.refused(
        .conflict, "sync_deactivated", "The sync was deleted. Make another one.")
    static let syncChanged = ServiceError.refused(
        .conflict, "sync_changed", "Another call changed the sync meanwhile. Try again.")
}
