internal import Dredge
internal import Foundation
internal import GRDB

/// A sync, as the control database keeps it.
struct SyncRecord: Sendable {
    /// The raw values are the API's.
    enum Status: String, Sendable {
        case active, paused
    }

    var id: String
    var organization: String
    var environment: APIEnvironment
    var collection: String
    var collectionName: String
    /// The name by which the chunk store knows its documents.
    var source: String
    var settings: SyncSettings
    var status: Status
    var created: Double
    var updated: Double
    var deactivated: Double?
    var nextRun: Double?
    var backfillJob: String?
    var error: String?

    /// On its behalf jobs are made: no key's.
    var caller: Caller { Caller(keyID: "sync", organization: organization, environment: environment) }

    /// When it is due next, if it ran at `now`.
    func nextRun(after now: Double) -> Double? {
        guard status == .active, deactivated == nil else { return nil }
        return settings.intervalMinutes.map { now + Double($0) * 60 }
    }

    /// What a run of it is to read.
    func request(externalID: String, confirmsDeletions: Bool) -> IndexRequest {
        var request = IndexRequest(kind: .bucket, bucket: settings.bucket)
        request.path = settings.prefix
        request.region = settings.region
        (request.roleARN, request.externalID) = (settings.roleARN, externalID)
        (request.include, request.exclude) = (settings.include, settings.exclude)
        request.metadata = settings.metadata
        request.sync = SyncRun(
            id: id, source: source, deletionPolicy: settings.deletionPolicy, confirmsDeletions: confirmsDeletions)
        return request
    }

    private static let columns = """
        id, organization, environment, collection, collection_name, source, settings, status, created, updated,
        deactivated, next_run, backfill_job, error
        """

    static func fetch(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [SyncRecord] {
        try Row.fetchAll(db, sql: "SELECT \(columns) FROM sync \(condition)", arguments: arguments).map(SyncRecord.init)
    }

    private init(_ row: Row) throws {
        (id, organization) = (row[0], row[1])
        environment = APIEnvironment(rawValue: row[2]) ?? .development
        (collection, collectionName, source) = (row[3], row[4], row[5])
        settings = try JSONDecoder().decode(SyncSettings.self, from: Data((row[6] as String).utf8))
        status = Status(rawValue: row[7]) ?? .paused
        (created, updated, deactivated, nextRun, backfillJob, error) = (
            row[8], row[9], row[10], row[11], row[12], row[13]
        )
    }

    /// A new one.
    init(_ settings: SyncSettings, of collection: CollectionRecord, source: String?, for caller: Caller, now: Double) {
        id = RandomToken.identifier("sync")
        (organization, environment) = (caller.organization, caller.environment)
        (self.collection, collectionName) = (collection.id, collection.name)
        // No bucket's name has a slash: jobs call their sources by the bucket.
        self.source = source ?? "sync/\(id)"
        self.settings = settings
        status = .active
        (created, updated) = (now, now)
        nextRun = nextRun(after: now)
    }

    func insert(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO sync(id, organization, environment, collection, collection_name, bucket, prefix, source,
                    settings, status, created, updated, next_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id, organization, environment.rawValue, collection, collectionName, settings.bucket, settings.prefix,
                source, try settingsText, status.rawValue, created, updated, nextRun,
            ])
    }

    func update(_ db: Database) throws {
        try db.execute(
            sql: "UPDATE sync SET prefix = ?, settings = ?, status = ?, updated = ?, next_run = ? WHERE id = ?",
            arguments: [settings.prefix, try settingsText, status.rawValue, updated, nextRun, id])
    }

    private var settingsText: String {
        get throws { String(decoding: try JSONEncoder().encode(settings), as: UTF8.self) }
    }
}

/// What makes a job a run of a sync.
struct SyncRun: Sendable, Hashable, Codable {
    var id: String
    var source: String
    var deletionPolicy: DeletionPolicy
    /// Whether documents go whose removal was withheld.
    var confirmsDeletions: Bool

    /// The documents of a sync are its own: only so can it tell which of them the bucket no longer has.
    func apply(to source: inout Source) {
        source.name = self.source
        source.storedPrefix = nil
        source.removal = RemovalRule(mode: deletionPolicy.removalMode, isConfirmed: confirmsDeletions)
    }
}
