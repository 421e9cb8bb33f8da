/// A Parquet file of rows without nesting (<https://parquet.apache.org/docs/file-format/>), of which some columns are
/// read, each from its first row to its last.
package struct ParquetFile {
    /// Of the file.
    package let rowCount: Int64
    /// Those of the asked-for columns that the file has, in its order. Each begins before the first row.
    package let columns: [ParquetColumn]

    private static let magic = Array("PAR1".utf8)
    /// Of a file whose footer is encrypted.
    private static let encryptedMagic = Array("PARE".utf8)
    /// The footer's length and the magic, behind it.
    private static let endByteCount = 8

    /// - Parameter columns: names of columns that stand at the top of the schema.
    package init(_ path: String, columns names: [String]) throws(ParquetFault) {
        let budget = MemoryBudget(ParquetLimits.memoryByteCountMax)
        let stored = PageMemory(budget)
        let file: StoredFile
        let metadata: FileMetadata
        do throws(Flaw) {
            file = try StoredFile(path)
        } catch {
            throw error.fault(at: "")
        }
        metadata = try Self.metadata(of: file, columns: names)
        rowCount = metadata.rowCount
        var columns: [ParquetColumn] = []
        for (place, leaf) in metadata.leaves.enumerated() {
            columns.append(
                try ParquetColumn(
                    leaf, metadata.rowGroups.map { $0.chunks[place] }, in: file, stored: stored, budget: budget))
        }
        self.columns = columns
    }

    private static func metadata(of file: StoredFile, columns names: [String]) throws(ParquetFault) -> FileMetadata {
        let footer: PageMemory
        let bytes: UnsafeMutableRawBufferPointer
        let offset: Int64
        do throws(Flaw) {
            guard file.byteCount >= Int64(magic.count + endByteCount) else {
                throw .damaged("it is too short to be a Parquet file")
            }
            footer = PageMemory(MemoryBudget(ParquetLimits.footerByteCountMax))
            let begin = try footer.room(magic.count)
            try file.read(begin, at: 0)
            guard begin.elementsEqual(magic) || begin.elementsEqual(encryptedMagic) else {
                throw .damaged("it is no Parquet file: it does not begin with PAR1")
            }
            let end = try footer.room(endByteCount)
            try file.read(end, at: file.byteCount - Int64(endByteCount))
            guard !end[4...].elementsEqual(encryptedMagic) else { throw .unknown("it is encrypted") }
            guard end[4...].elementsEqual(magic) else { throw .damaged("it is cut off: it does not end with PAR1") }
            let byteCount = Int64(UInt32(littleEndian: end.loadUnaligned(as: UInt32.self)))
            guard byteCount <= file.byteCount - Int64(magic.count + endByteCount) else {
                throw .damaged("its footer is longer than it")
            }
            guard byteCount <= ParquetLimits.footerByteCountMax else {
                throw .unknown("its footer has \(byteCount) bytes, more than \(ParquetLimits.footerByteCountMax)")
            }
            bytes = try footer.room(Int(byteCount))
            offset = file.byteCount - Int64(endByteCount) - byteCount
            try file.read(bytes, at: offset)
        } catch {
            throw error.fault(at: "")
        }
        defer { withExtendedLifetime(footer) {} }
        return try FileMetadata(footer: UnsafeRawBufferPointer(bytes), offset: offset, columns: names)
    }
}
