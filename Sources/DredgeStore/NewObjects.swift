internal import DredgeBase
internal import DredgeLedger

/// Rows of objects that are listed for the first time, written many at once.
struct NewObjects {
    private struct Row {
        let entry: ListingEntry
        let decision: ListingDecision
        let position: Int64
    }
    private let source: SourceID
    private let run: RunID
    private var rows: [Row] = []
    /// Rows of one statement. The next ones gain nothing: 500 took a tenth less time than 32.
    private static let rowCountMax = 32
    private static let manySQL = ObjectSQL.insert(rowCount: rowCountMax)
    private static let oneSQL = ObjectSQL.insert(rowCount: 1)

    init(source: SourceID, run: RunID) {
        self.source = source
        self.run = run
        rows.reserveCapacity(Self.rowCountMax)
    }

    /// Writes the row, sooner or later: `write` ends it.
    mutating func add(
        _ entry: ListingEntry, _ decision: ListingDecision, position: Int64, to writer: WriterConnection
    ) throws {
        rows.append(Row(entry: entry, decision: decision, position: position))
        guard rows.count == Self.rowCountMax else { return }
        try insert(rows[...], by: writer.statement(Self.manySQL))
        rows.removeAll(keepingCapacity: true)
    }

    /// Writes those that still wait.
    mutating func write(to writer: WriterConnection) throws {
        for index in rows.indices {
            try insert(rows[index...index], by: writer.statement(Self.oneSQL))
        }
        rows.removeAll(keepingCapacity: true)
    }

    private func insert(_ rows: ArraySlice<Row>, by insert: PreparedStatement) throws {
        var parameter: Int32 = 1
        for row in rows {
            bind(row, to: insert, from: parameter)
            parameter += Int32(ObjectSQL.newColumns.count)
        }
        try insert.run()
    }

    private func bind(_ row: Row, to insert: PreparedStatement, from first: Int32) {
        let entry = row.entry
        let (size, modified) = (Int64(clamping: entry.size), entry.lastModified.map(milliseconds))
        let (state, reason) = (row.decision.state.rawValue, row.decision.reason)
        insert.bind(first, source)
        insert.bind(first + 1, entry.key)
        insert.bind(first + 2, size)
        insert.bind(first + 3, entry.eTag.header)
        insert.bind(first + 4, modified)
        insert.bind(first + 5, entry.storageClass)
        insert.bind(first + 6, run)
        insert.bind(first + 7, row.position)
        insert.bind(first + 8, state)
        insert.bind(first + 9, reason)
        // Of all columns in their order, as `Schema.Table.columns` has them.
        var hash = RowChecksum.Hash()
        hash.add(source.rawValue)
        hash.add(entry.key)
        hash.add(size)
        hash.add(entry.eTag.header)
        if let modified { hash.add(modified) } else { hash.addNull() }
        hash.add(entry.storageClass)
        hash.add(run.rawValue)
        hash.add(row.position)
        hash.add(state)
        hash.add(reason)
        for isZero in Self.otherColumnsAreZero { if isZero { hash.add(0 as Int64) } else { hash.addNull() } }
        insert.bind(first + 10, Int64(bitPattern: hash.value))
    }
    /// Of the columns behind those of `ObjectSQL.newColumns`: whether they are 0, not NULL, in a new row.
    private static let otherColumnsAreZero = Schema.Table.object.columns.dropFirst(ObjectSQL.newColumns.count - 1)
        .map(Schema.Table.object.zeroColumns.contains)
}
