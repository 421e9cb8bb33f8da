internal import Foundation
internal import GRDB

/// Writes a search file anew, without some documents and without what is dead, into one segment. The new file takes the
/// place of the old one: no word of what was left out is in it, nor in a free page or a log. Reads no text, so it takes
/// about as long as copying the file; memory is four bytes a chunk, and the postings of one word.
enum SearchRewrite {
    /// - Parameter isGone: the documents to leave out.
    static func run(_ file: SearchFile, without isGone: (_ number: Int64, _ run: Int64) -> Bool = { _, _ in false })
        throws
    {
        let newPath = file.path + "-new"
        SearchFile.unlink(newPath)
        defer { SearchFile.unlink(newPath) }
        let new = try SearchFile.open(newPath, isNew: true)
        try file.queue.read { old in try new.write { try copy(old, into: $0, isGone) } }
        try new.close()
        try file.queue.close()
        let descriptor = Foundation.open(newPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DatabaseError(resultCode: .SQLITE_IOERR) }
        let isSynced = fsync(descriptor) == 0
        Foundation.close(descriptor)
        guard isSynced, rename(newPath, file.path) == 0 else { throw DatabaseError(resultCode: .SQLITE_IOERR) }
    }

    private static func copy(
        _ old: Database, into new: Database, _ isGone: (Int64, Int64) -> Bool
    ) throws {
        let before = try Int64.fetchOne(old, sql: "SELECT sequence FROM state") ?? 0
        let base = try Int64.fetchOne(old, sql: "SELECT base FROM state") ?? 0
        let end = try Int.fetchOne(old, sql: "SELECT max(first_chunk + chunk_count) FROM segment") ?? 0
        // From a chunk's old number to its new one.
        var numbers = Array(repeating: UInt32.max, count: end)
        var (count, lastEnd, hasGone) = (0, 0, false)
        try copyRows(old, new, "SELECT * FROM removed", "INSERT INTO removed VALUES (?, ?, ?)")
        let insert = try new.makeStatement(sql: "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        let documents = try Row.fetchCursor(old, sql: "SELECT * FROM document ORDER BY first_chunk, number")
        while let row = try documents.next() {
            if isGone(row["number"], row["run"]) {
                hasGone = true
                try new.execute(
                    sql: "INSERT OR REPLACE INTO removed VALUES (?, ?, ?)",
                    arguments: [row["number"], row["first_sequence"], before + 1])
                continue
            }
            let (first, chunkCount): (Int, Int) = (row["first_chunk"], row["chunk_count"])
            guard first >= lastEnd, (0...end).contains(chunkCount), first <= end - chunkCount else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
            lastEnd = first + chunkCount
            var values = Array(row.databaseValues)
            values[4] = count.databaseValue
            try insert.execute(arguments: StatementArguments(values))
            for number in first..<first + chunkCount {
                numbers[number] = UInt32(count)
                count += 1
            }
        }
        try new.execute(
            sql: "UPDATE state SET base = ?, sequence = ?", arguments: [base, hasGone ? before + 1 : before])
        try copyRows(old, new, "SELECT * FROM run", "INSERT INTO run VALUES (?, ?, ?, ?)")
        // What was attached to documents goes with the last of them.
        try new.execute(sql: "UPDATE run SET metadata = '{}' WHERE number NOT IN (SELECT run FROM document)")
        guard count > 0 else { return }
        try copyLengths(old, new, numbers, count)
        try copyPostings(old, new, numbers)
    }

    private static func copyRows(_ old: Database, _ new: Database, _ select: String, _ insert: String) throws {
        let statement = try new.makeStatement(sql: insert)
        let rows = try Row.fetchCursor(old, sql: select)
        while let row = try rows.next() { try statement.execute(arguments: StatementArguments(row.databaseValues)) }
    }

    private static func copyLengths(_ old: Database, _ new: Database, _ numbers: [UInt32], _ count: Int) throws {
        var lengths = Array(repeating: UInt32(0), count: count)
        let rows = try Row.fetchCursor(old, sql: "SELECT first_chunk, lengths FROM segment")
        while let row = try rows.next() {
            let first: Int = row[0]
            for (index, length) in try row.withUnsafeData(atIndex: 1, lengthsOf).enumerated()
            where first + index < numbers.count && numbers[first + index] != .max {
                lengths[Int(numbers[first + index])] = length
            }
        }
        try new.execute(
            sql: "INSERT INTO segment VALUES (0, ?, ?)", arguments: [count, SearchFile.data(lengths)])
    }

    private static func lengthsOf(_ data: Data?) -> [UInt32] { data?.withUnsafeBytes(SearchFile.lengths) ?? [] }

    private static func copyPostings(_ old: Database, _ new: Database, _ numbers: [UInt32]) throws {
        let statement = try new.makeStatement(sql: "INSERT INTO posting VALUES (?, 0, ?, ?)")
        var (term, writer) = (Data?.none, PostingWriter())
        func flush() throws {
            if let term, writer.count > 0 { try statement.execute(arguments: [term, writer.count, Data(writer.data)]) }
            writer = PostingWriter()
        }
        let rows = try Row.fetchCursor(old, sql: "SELECT term, segment, data FROM posting ORDER BY term, segment")
        while let row = try rows.next() {
            let word: Data = row[0]
            if word != term {
                try flush()
                term = word
            }
            let first = UInt64(row[1] as Int64)
            let isSound = try row.withUnsafeData(atIndex: 2) { data in
                data?.withUnsafeBytes { bytes in
                    PostingWriter.forEach(bytes) { chunk, count in
                        let old = first + UInt64(chunk)
                        guard old < UInt64(numbers.count), numbers[Int(old)] != .max else { return }
                        writer.append(SearchSegment.Posting(chunk: numbers[Int(old)], count: count))
                    }
                } ?? true
            }
            guard isSound else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
        }
        try flush()
    }
}
