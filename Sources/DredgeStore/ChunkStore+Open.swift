public import DredgeLedger
internal import Foundation
internal import GRDB

extension ChunkStore {
    /// Opens for writing; creates the file (mode 0600) where there is none. `settings` are names and values that the
    /// content is a function of.
    ///
    /// Throws `inUse` when somebody writes to it, `notAStore` for another kind of file (which is left as it is),
    /// `newerSchema` for one of a newer version, `otherSettings` with each setting that differs, `cannotOpen` and
    /// `readOnly` for a place where no file can be, `cannotOpen` also for a file with several hard links. A symbolic
    /// link is followed: `path` of the store is the file's own.
    ///
    /// A store of up to `StoreLimits.checkedFileByteCount` is verified first, and repaired when it is damaged: what was
    /// dropped is in `repaired`, and the next run reads it again. A store of schema version 1 is brought to the present
    /// one, which takes some seconds for a million objects.
    public static func open(at path: String, settings: [String: String]) throws(StoreError) -> ChunkStore {
        let path = try StorePath.resolve(path)
        let lock = try StoreLock(storePath: path)
        let isNew = try createFile(path)
        let repaired = isNew ? nil : try StoreRewrite.repairIfSmall(path, asked: settings)
        if isNew || repaired != nil { try lock.lockFile() }
        do {
            var configuration = Configuration()
            configuration.label = "dredge-store"
            configuration.busyMode = .timeout(Double(StoreLimits.busyMilliseconds) / 1_000)
            configuration.prepareDatabase { db in
                try RowChecksum.register(db)
                try db.setCache(ofMemory: StoreLimits.memoryByteCount)
            }
            let queue = try DatabaseQueue(path: StorePath.forSQLite(path), configuration: configuration)
            let firstBatch = try queue.writeWithoutTransaction { db in
                if try Schema.isEmpty(db) { try Schema.create(db) }
                try Schema.check(db, path: path)
                try setUpLog(db)
                if try Schema.userVersion(db) < Schema.version { try Schema.migrate(db) }
                try Schema.adopt(settings, db)
                try requireIntactSettings(db, path: path)
                try refuseOtherSettings(stored: Schema.settings(db), asked: settings, path: path)
                try Schema.renewPendingIndex(db)
                return try db.lastBatch(path)
            }
            let writer = Writer(queue: queue, path: path)
            return ChunkStore(
                path: path, settings: settings, writer: writer, lock: lock, firstBatch: firstBatch + 1,
                repaired: repaired)
        } catch {
            // Nothing is left of a store that could not be made; an existing file is never touched.
            if isNew { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(path + suffix) } }
            throw StoreError(error, path: path)
        }
    }

    /// Opens for reading; never creates a store, never changes its content. `asked`: settings to refuse others than;
    /// nil: whatever they are. Works while a run writes. Needs no write permission for a store without a log, which a
    /// run that ends leaves; throws `readOnly` where there is one and the directory may not be written to.
    public static func open(
        reading path: String, settings asked: [String: String]? = nil
    ) throws(StoreError) -> ChunkStore {
        let path = try StorePath.resolve(path)
        try requireFile(path)
        let settings = try storeErrors(path) {
            try StoreReader(path: path).read { db in
                try Schema.check(db, path: path)
                let stored = try Schema.settings(db)
                if let asked, stored != asked {
                    try requireIntactSettings(db, path: path)
                    try refuseOtherSettings(stored: stored, asked: asked, path: path)
                }
                return stored
            }
        }
        return ChunkStore(path: path, settings: settings, writer: nil, lock: nil, firstBatch: 1)
    }

    // MARK: The file

    static func requireFile(_ path: String) throws(StoreError) {
        guard access(path, F_OK) != 0 else { return }
        throw StoreError(
            code: .cannotOpen, path: path, message: "There is no file \(path).",
            advice: "Check the path of the store.")
    }

    /// Makes an empty file that only this user may read, also of one that is there and empty; SQLite gives its `-wal`
    /// and `-shm` files the same mode. Whether it is new.
    static func createFile(_ path: String) throws(StoreError) -> Bool {
        // With O_EXCL nobody can have opened it before, so closing this descriptor drops nobody's locks.
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Foundation.close(descriptor)
            return true
        }
        let error = errno
        guard error == EEXIST else { throw StoreLock.cannotCreate(path, error) }
        var info = stat()
        // Not permitted: then it is somebody else's.
        if stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size == 0 { chmod(path, 0o600) }
        guard access(path, R_OK | W_OK) == 0 else {
            throw StoreError(
                code: .readOnly, path: path, message: "\(path) may not be read and written by this user.",
                advice: "Change its mode or owner, or name another path.")
        }
        return false
    }

    // MARK: What is in it

    /// A write-ahead log, so that readers and the writer don't wait for one another.
    private static func setUpLog(_ db: Database) throws {
        guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError(
                code: .sqlite, path: db.description, message: "This file system can't hold an SQLite write-ahead log.",
                advice: "Put the store on a local disk.")
        }
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        // A transaction's worth of log is copied into the file at a time, and what a large one left is cut off.
        let pageCount = StoreLimits.transactionByteCount / StoreLimits.pageByteCount
        _ = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = \(pageCount)")
        _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = \(2 * StoreLimits.transactionByteCount)")
    }

    /// Throws `corrupt` for settings that are not as they were written, or not those of the last run.
    private static func requireIntactSettings(_ db: Database, path: String) throws {
        let isOfVersion1 = try Schema.userVersion(db) < 2
        let condition = isOfVersion1 ? "" : "AND \(Schema.Table.run.isIntact)"
        let last = try query(
            db, "SELECT settings_sha256 FROM run WHERE id = (SELECT max(id) FROM run) \(condition)"
        ) { $0.text(0) }.first
        let rows = try query(db, "SELECT \(isOfVersion1 ? "1" : Schema.Table.setting.isIntact) FROM setting") {
            $0.int(0)
        }
        let hasContent = try query(db, "SELECT 1 FROM object WHERE content_etag IS NOT NULL LIMIT 1") { $0.int(0) }
        // Settings without content were taken over from whoever asked last.
        let sha256 = StoredSettings(try Schema.settings(db)).sha256
        let isOther = !hasContent.isEmpty && last.map { $0 != sha256 } ?? false
        guard !isOther, !rows.contains(0) else { throw StoreError.damaged(path: path, .setting) }
    }

    private static func refuseOtherSettings(
        stored: [String: String], asked: [String: String], path: String
    ) throws {
        let differing = Set(stored.keys).union(asked.keys).filter { stored[$0] != asked[$0] }.sorted()
        guard !differing.isEmpty else { return }
        let list = differing.map {
            "\($0) is \(stored[$0] ?? "not set") in the store, \(asked[$0] ?? "not set") is asked for"
        }
        if differing == ["chunking.strategy"], stored["chunking.strategy"] == "lines",
            asked["chunking.strategy"] == "lines-2"
        {
            throw StoreError(
                code: .otherSettings, path: path,
                message: """
                    \(path) was made by an earlier version, which let chunks that overlap begin inside runs of blank \
                    lines. This version does not (\(list[0])), so the same documents would give other chunks.
                    """,
                advice: "Index into another store. This one can still be read, and written to by the earlier version.")
        }
        throw StoreError(
            code: .otherSettings, path: path,
            message: "\(path) was made with other settings: \(list.joined(separator: "; ")).",
            advice: "Use the store's settings, or index into another store.")
    }
}
