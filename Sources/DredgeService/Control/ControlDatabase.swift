internal import Foundation
internal import GRDB
internal import Synchronization

/// The service's own SQLite file: organizations, keys, collections, integrations, jobs, webhooks and syncs. Keys are
/// kept as SHA-256, credentials of requests not at all. The one kind of secret in it are those of webhooks, which sign
/// what is sent: therefore nobody but the owner may read the file.
final class ControlDatabase: Sendable {
    private let pool: DatabasePool
    /// For `readAtOnce` alone, so that it waits for nothing that takes long.
    private let lookUps: DatabaseQueue
    private struct Health: Sendable {
        /// The last write failed: the disk is full, or fails.
        var failsToWrite = false
        /// What was read was no sound database.
        var isDamaged = false
    }
    private let health = Mutex(Health())
    private struct Writes: Sendable {
        var openCount = 0
        var endedCount = 0
    }
    private let writes = Mutex(Writes())

    /// How many writes there were in this process; nil while there is one, which others may see already, or not yet.
    var writeCount: Int? { writes.withLock { $0.openCount == 0 ? $0.endedCount : nil } }

    /// Whether a directory has the file.
    static func isThere(_ directory: URL) -> Bool {
        FileManager.default.fileExists(atPath: directory.appending(path: "control.sqlite").path)
    }

    /// Opens `control.sqlite` in `directory`; makes it (mode 0600) where there is none, and brings an older one to this
    /// version.
    init(directory: URL) throws {
        let path = directory.appending(path: "control.sqlite").path
        if !FileManager.default.fileExists(atPath: path) {
            let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Foundation.close(descriptor) }
        }
        var configuration = Configuration()
        configuration.label = "dredge-control"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // A job that was accepted must not be lost to a power cut.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // What is deleted is not to be found in free pages: https://sqlite.org/pragma.html#pragma_secure_delete
            try db.execute(sql: "PRAGMA secure_delete = ON")
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        try ControlSchema.migrator.migrate(pool)
        configuration.readonly = true
        lookUps = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Sees one state of the file. Runs beside writes.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do { return try await pool.read(body) } catch { throw noted(error) }
    }

    /// The same for a body of one statement that finds a row by its key: on the caller's thread and without a
    /// transaction, as the way to another thread and back takes many times as long as the statement. For what is asked
    /// with each request.
    func readAtOnce<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try lookUps.unsafeRead(body) } catch { throw noted(error) }
    }

    private func noted(_ error: any Error) -> any Error {
        if let code = (error as? DatabaseError)?.resultCode,
            [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR].contains(code)
        {
            health.withLock { $0.isDamaged = true }
        }
        return error
    }

    /// One transaction. Throws `ServiceError` where the disk is full or fails: then nothing was stored.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        writes.withLock { $0.openCount += 1 }
        defer {
            writes.withLock { writes in
                writes.openCount -= 1
                writes.endedCount += 1
            }
        }
        do {
            let value = try await pool.write(body)
            health.withLock { $0.failsToWrite = false }
            return value
        } catch let error as DatabaseError {
            guard let problem = ServiceError.storage(error) else { throw error }
            health.withLock { $0.failsToWrite = true }
            throw problem
        }
    }

    /// Whether the file can be read and written to. Looks, and where a write failed before, writes.
    func isWell() async -> Bool {
        do {
            _ = try await read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM organization") }
            let state = health.withLock { $0 }
            if state.isDamaged { return false }
            // A number that nobody uses.
            if state.failsToWrite { try await write { db in try db.execute(sql: "PRAGMA user_version = 1") } }
            return true
        } catch {
            return false
        }
    }

    /// Writes the log into the file and empties it, so that it has nothing of what was deleted. Readers may keep some
    /// of it back until the next time.
    func eraseLog() async throws {
        try await pool.writeWithoutTransaction { db in
            _ = try db.checkpoint(.truncate)
        }
    }

    /// Closes the file. Nothing may be asked afterwards.
    func close() throws {
        try lookUps.close()
        try pool.close()
    }
}
