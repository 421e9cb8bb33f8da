internal import DredgeLedger
internal import Foundation
internal import GRDB

/// Writes a store anew, row by row, into a file beside it that then takes its place: to be smaller, to have forgotten
/// something, or to have only what can be read.
///
/// The new file has no dead chunk, no free page and no log, so that nothing of what was left out is in it. Rows keep
/// their numbers. Needs room for the new file beside the old one, and reads the old one up to three times; memory is a
/// batch, some directories and eight bytes for each batch. The caller has the store's lock.
struct StoreRewrite {
    let path: String
    /// Objects to leave out.
    var forgotten: ForgetFilter?
    /// Whether damage is left out, and not an error.
    var dropsDamage = false
    /// Settings that it may have been made with, if its own are damaged.
    var asked: [String: String]?
    private(set) var report = StoreRewriteReport()

    init(path: String, forgotten: ForgetFilter? = nil, dropsDamage: Bool = false, asked: [String: String]? = nil) {
        self.path = path
        self.forgotten = forgotten
        self.dropsDamage = dropsDamage
        self.asked = asked
    }

    private var newPath: String { path + "-new" }

    mutating func run() throws(StoreError) -> StoreRewriteReport {
        defer { StoreRewrite.removeLeftovers(of: path) }
        do {
            report.byteCountBefore = ["", "-wal"].map { fileByteCount(path + $0) }.reduce(0, +)
            StoreRewrite.removeLeftovers(of: path)
            try createFile()
            try write()
            try sync()
            report.byteCountAfter = fileByteCount(newPath)
            try replace()
            return report
        } catch { throw StoreError(error, path: path) }
    }

    /// What a rewriting that was killed has left.
    static func removeLeftovers(of path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(path + "-new" + suffix) }
    }

    private func createFile() throws(StoreError) {
        guard try !ChunkStore.createFile(newPath) else { return }
        throw StoreError(
            code: .cannotOpen, path: path, message: "\(newPath), where the new file is to be, can't be removed.",
            advice: "Look what it is, and remove it.")
    }

    // MARK: The new file

    private mutating func write() throws {
        var configuration = Configuration()
        configuration.label = "dredge-store-rewrite"
        // References are written before what they refer to.
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { db in
            try RowChecksum.register(db)
            try db.setCache(ofMemory: StoreLimits.memoryByteCount)
        }
        let queue = try DatabaseQueue(path: StorePath.forSQLite(newPath), configuration: configuration)
        defer { try? queue.close() }
        let old: StoreReader?
        do { old = try StoreReader(path: path) } catch let error as DatabaseError where error.isUnreadable { old = nil }
        try queue.writeWithoutTransaction { db in
            // Nobody has it before it is complete: a crash leaves a file that is removed.
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = OFF")
            try db.execute(sql: "PRAGMA synchronous = OFF")
            try Schema.create(db)
            try db.execute(sql: "BEGIN")
            if let old, try isReadable(old) {
                try old.snapshot()
                try old.read { try copy($0, into: db) }
            } else {
                guard dropsDamage else { throw StoreError.unreadable(path: path) }
                report.hasLostSettings = true
                report.problems.append(StoreProblem(what: "its tables can't be found: nothing of it could be kept"))
            }
            try db.execute(sql: "COMMIT")
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        }
    }

    /// False for a store whose schema is damaged; throws for what is none of ours.
    private func isReadable(_ old: StoreReader) throws -> Bool {
        do {
            try old.read { try Schema.check($0, path: path) }
            return true
        } catch let error as StoreError where error.code == .notAStore || error.code == .corrupt {
            return false
        } catch let error as DatabaseError where error.isUnreadable {
            return false
        }
    }

    private mutating func copy(_ old: Database, into new: Database) throws {
        var copy = StoreCopy(path: path, old: old, new: new, forgotten: forgotten, dropsDamage: dropsDamage)
        copy.report = report
        defer { report = copy.report }
        try copy.run(asked: asked)
    }

    // MARK: Its place

    private func sync() throws(StoreError) {
        let descriptor = Foundation.open(newPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreLock.cannotCreate(path, errno) }
        defer { Foundation.close(descriptor) }
        var info = stat()
        if stat(path, &info) == 0 {
            // Only a privileged process may give a file away; its group, whoever is a member.
            if fchown(descriptor, info.st_uid, info.st_gid) != 0 { _ = fchown(descriptor, uid_t.max, info.st_gid) }
            var own = stat()
            let hasGroup = fstat(descriptor, &own) == 0 && own.st_gid == info.st_gid
            guard fchmod(descriptor, Self.mode(info.st_mode, hasGroup: hasGroup)) == 0 else {
                throw StoreLock.cannotCreate(path, errno)
            }
        }
        guard fsync(descriptor) == 0 else { throw StoreLock.cannotCreate(path, errno) }
    }

    /// The mode of the new file, so that nobody may do more with it than with the old one: in another group than that
    /// had, the new group may do what all others might, and all others what the old group might as well.
    static func mode(_ old: mode_t, hasGroup: Bool) -> mode_t {
        let (group, others) = (old >> 3 & 7, old & 7)
        return hasGroup ? old & 0o777 : old & 0o700 | others << 3 | others & group
    }

    /// Puts the new file in the place of the old one, while nobody reads that. The old one's log is gone before, since
    /// a log belongs to whatever file has its name.
    private mutating func replace() throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(StoreLimits.busyMilliseconds) / 1_000)
        do {
            let queue = try DatabaseQueue(path: StorePath.forSQLite(path), configuration: configuration)
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                guard try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE") == "delete" else {
                    throw DatabaseError(resultCode: .SQLITE_BUSY)
                }
                try db.execute(sql: "BEGIN EXCLUSIVE")
                defer { try? db.execute(sql: "ROLLBACK") }
                if report.hasLostSettings { try keepOld() }
                try rename()
            }
        } catch let error as DatabaseError {
            guard dropsDamage, error.resultCode != .SQLITE_BUSY, error.resultCode != .SQLITE_LOCKED else { throw error }
            // SQLite can't do anything with the old one.
            if report.hasLostSettings { try keepOld() }
            for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
            try rename()
        }
    }

    /// Gives the old file, of which nothing could be kept, a second name: the first is the new one's then.
    private mutating func keepOld() throws(StoreError) {
        guard report.keptPath == nil else { return }
        var (name, number) = (path + "-damaged", 1)
        var info = stat()
        while lstat(name, &info) == 0 {
            number += 1
            name = "\(path)-damaged-\(number)"
        }
        // Where a file can't have two names, there is none under the old one for a moment.
        guard link(path, name) == 0 || Foundation.rename(path, name) == 0 else {
            throw StoreLock.cannotCreate(path, errno)
        }
        _ = Foundation.rename(path + "-wal", name + "-wal")
        report.keptPath = name
    }

    private func rename() throws(StoreError) {
        guard Foundation.rename(newPath, path) == 0 else { throw StoreLock.cannotCreate(path, errno) }
        let directory = (path as NSString).deletingLastPathComponent
        let descriptor = Foundation.open(directory.isEmpty ? "." : directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Foundation.close(descriptor)
    }
}

// MARK: On opening

extension StoreRewrite {
    /// Verifies a store that is about to be opened for writing, if it is small, and writes it anew if it is damaged.
    static func repairIfSmall(_ path: String, asked: [String: String]) throws(StoreError) -> StoreRewriteReport? {
        removeLeftovers(of: path)
        let byteCount = ["", "-wal"].map { fileByteCount(path + $0) }.reduce(0, +)
        guard fileByteCount(path) > 0, byteCount <= UInt64(StoreLimits.checkedFileByteCount) else { return nil }
        return try repair(path, asked: asked)
    }

    /// nil: it is sound.
    static func repair(_ path: String, asked: [String: String]?) throws(StoreError) -> StoreRewriteReport? {
        var mend = StoreHeader(path: path)?.hasWrongConstants == true ? try StoreMend.mend(path) : nil
        var condition = try condition(of: path)
        if case .unreadable = condition, mend == nil {
            mend = try StoreMend.mend(path)
            if mend != nil { condition = try self.condition(of: path) }
        }
        switch condition {
        case .sound where mend == nil: return nil
        case .unreadable(let error) where StoreHeader(path: path)?.isOurs != true: throw error
        default: break
        }
        var rewrite = StoreRewrite(path: path, dropsDamage: true, asked: asked)
        if let mend { rewrite.report.problems.append(StoreProblem(what: mend)) }
        var report = try rewrite.run()
        if report.problems.isEmpty {
            report.problems.append(StoreProblem(what: "the order of the file's pages was damaged, and is restored"))
        }
        return report
    }

    private enum Condition { case sound, damaged, unreadable(StoreError) }

    private static func condition(of path: String) throws(StoreError) -> Condition {
        do throws(StoreError) {
            return try storeErrors(path) {
                let reader = try StoreReader(path: path)
                try reader.snapshot()
                return try reader.read { db in
                    // What the run that made it did not come to is for the next one to make.
                    if try Schema.isEmpty(db) { return .sound }
                    try Schema.check(db, path: path)
                    let report = Verifier.report(db, path: path, settings: try Schema.settings(db))
                    return report.isSound ? .sound : .damaged
                }
            }
        } catch {
            guard error.code == .corrupt || error.code == .notAStore else { throw error }
            return .unreadable(error)
        }
    }
}

extension DatabaseError {
    /// Whether it is that of a file that SQLite can't make anything of.
    fileprivate var isUnreadable: Bool { isCorruption || resultCode == .SQLITE_ERROR }
}

extension StoreError {
    static func unreadable(path: String) -> StoreError {
        StoreError(
            code: .corrupt, path: path, message: "\(path) is damaged: its tables can't be found.", advice: repairAdvice)
    }
}
