internal import DredgeLedger
internal import Foundation
internal import GRDB

/// Puts right what is damaged in the first page of a store, without which none of the others can be read: all values
/// of the header that are the same in each store, else the whole page, where the tables begin where those of a new
/// store do.
///
/// What it would be like is tried on a copy: of the first pages only, the rest is a hole.
struct StoreMend {
    private let path: String
    private let header: StoreHeader
    private var copyPath: String { path + "-new" }
    private static let copiedPageCount = 64

    private init(_ path: String, _ header: StoreHeader) { (self.path, self.header) = (path, header) }

    /// What was wrong, and is right now; nil: nothing was changed. Throws what opening, writing and syncing meet.
    static func mend(_ path: String) throws(StoreError) -> String? {
        guard let header = StoreHeader(path: path), header.isOurs else { return nil }
        return try StoreMend(path, header).mend()
    }

    private func mend() throws(StoreError) -> String? {
        let new = try storeErrors(path) { try NewStorePage() }
        let mended = [
            header.mended(version: 2), header.mended(version: 1),
            header.mended(version: 2, tableCount: new.tableCount),
        ]
        for page in mended where try isReadable(page) {
            try write(page)
            return "the first bytes of the file were damaged, and are restored"
        }
        let page = header.replaced(by: new)
        guard try isReadable(page, hasIntactRows: true) else { return nil }
        try write(page)
        return "the first page of the file was damaged, and is restored"
    }

    /// Whether the store's tables are there with this first page; also, whether they have rows that are as they were
    /// written.
    private func isReadable(_ page: [UInt8], hasIntactRows: Bool = false) throws(StoreError) -> Bool {
        StoreRewrite.removeLeftovers(of: path)
        defer { StoreRewrite.removeLeftovers(of: path) }
        do {
            guard try ChunkStore.createFile(copyPath) else { return false }
            try copy(page)
            return try StoreReader(path: copyPath).read { db in
                try Schema.check(db, path: path)
                guard hasIntactRows else { return true }
                return try [Schema.Table.setting, .run].contains { table in
                    let sql = "SELECT \(table.isIntact) FROM \(table.rawValue) LIMIT 1"
                    return try query(db, sql) { $0.int(0) != 0 } == [true]
                }
            }
        } catch let error as StoreError where error.code == .diskFull { throw error } catch { return false }
    }

    private func copy(_ page: [UInt8]) throws {
        let from = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? from.close() }
        let to = try FileHandle(forWritingTo: URL(fileURLWithPath: copyPath))
        defer { try? to.close() }
        try to.write(contentsOf: page)
        try from.seek(toOffset: UInt64(page.count))
        let rest = try from.read(upToCount: (Self.copiedPageCount - 1) * StoreLimits.pageByteCount) ?? Data()
        try to.write(contentsOf: rest)
        try to.truncate(atOffset: max(header.byteCount, UInt64(page.count)))
    }

    private func write(_ page: [UInt8]) throws(StoreError) {
        let descriptor = Foundation.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreLock.cannotCreate(path, errno) }
        defer { Foundation.close(descriptor) }
        guard pwrite(descriptor, page, page.count, 0) == page.count, fsync(descriptor) == 0 else {
            throw StoreLock.cannotCreate(path, errno)
        }
    }
}
