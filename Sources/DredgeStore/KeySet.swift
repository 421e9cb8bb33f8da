public import DredgeLedger
internal import GRDB

/// The keys that have come so far, for who must count each of them once though a listing may repeat it.
///
/// They are in a database without a name, which SQLite keeps in its cache while it is small, and else in a temporary
/// file that nobody else sees and that goes with it (https://www.sqlite.org/inmemorydb.html, "Temporary Databases"):
/// about the keys' own bytes on disk, and `StoreLimits.readerPageCacheByteCount` of memory.
public final class KeySet: Sendable {
    private static let place = "a temporary file"
    private let queue: DatabaseQueue

    /// An empty set.
    public init() throws(StoreError) {
        queue = try storeErrors(Self.place) {
            var configuration = Configuration()
            configuration.label = "dredge-keys"
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA cache_size = -\(StoreLimits.readerPageCacheByteCount >> 10)")
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = OFF")
                try db.execute(sql: "PRAGMA synchronous = OFF")
            }
            let queue = try DatabaseQueue(path: "", configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "CREATE TABLE seen (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID")
            }
            return queue
        }
    }

    /// Adds `keys`; tells of each whether it was new.
    public func insert(_ keys: [[UInt8]]) async throws(StoreError) -> [Bool] {
        do {
            return try await queue.write { db in
                let insert = try PreparedStatement(db, "INSERT OR IGNORE INTO seen VALUES (?)")
                return try keys.map { key in
                    insert.bind(1, key)
                    return try insert.run() > 0
                }
            }
        } catch { throw StoreError(error, path: Self.place) }
    }
}
