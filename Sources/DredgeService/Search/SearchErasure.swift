internal import Foundation
internal import GRDB

/// Takes documents out of a search, so that nothing of them is in a file afterwards, nor of what was replaced before.
///
/// Segments that have dead chunks are written anew without them. Costs the reading and writing of these.
enum SearchErasure {
    /// - Parameters:
    ///   - isGone: the documents to leave out.
    ///   - check: throws where it is to end. Then the documents are not found, but words of them may be left.
    static func run(
        _ catalog: SearchCatalog, where isGone: (_ number: Int64, _ run: Int64) -> Bool, check: () throws -> Void
    ) throws {
        try catalog.queue.write { try remove($0, isGone) }
        let (rows, live) = try catalog.queue.read { (try $0.segments(), try $0.liveVersions()) }
        for row in rows {
            try check()
            let segment = try SegmentFile(row, of: catalog.path)
            guard segment.parts.contains(where: { !live.contains($0.version) }) else { continue }
            _ = try SearchMerging.replace([row], of: catalog, [segment], live, check: check)
            unlink(segment.path)
        }
        // A page may keep bytes of a row that is not in it any more.
        try catalog.queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM") }
    }

    private static func remove(_ db: Database, _ isGone: (Int64, Int64) -> Bool) throws {
        var gone: [Int64] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT number, run FROM document")
        while let row = try rows.next() { if isGone(row[0], row[1]) { gone.append(row[0]) } }
        // Nobody adds chunks now: those of a document that was not finished are dead.
        try db.execute(sql: "UPDATE state SET open_version = 0")
        guard !gone.isEmpty else { return }
        let sequence =
            try Int64.fetchOne(db, sql: "UPDATE state SET sequence = sequence + 1 RETURNING sequence") ?? 0
        for number in gone { try db.removeDocument(number, sequence: sequence, isGone: true) }
        // What was attached to documents goes with the last of them.
        try db.execute(sql: "UPDATE run SET metadata = '{}' WHERE number NOT IN (SELECT run FROM document)")
    }
}
