import CZlib

/// One column of a file, read value by value, page by page. Memory is a page and a dictionary.
package final class ParquetColumn {
    /// What its values are.
    package enum Kind: Sendable {
        case string, integer, boolean
    }
    /// What its integers count since 1970. The raw values are Parquet's.
    package enum Unit: Int16, Sendable {
        case milliseconds = 1
        case microseconds, nanoseconds
    }
    /// Its name in the file's schema.
    package let name: String
    package let kind: Kind
    /// nil: its values are no moments.
    package let unit: Unit?

    /// Whether the current row has no value here.
    package private(set) var isNull = true
    /// The current row's value, where it is a string; it lies there until the next one is asked for.
    package private(set) var string = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The current row's value, where it is an integer.
    package private(set) var integer: Int64 = 0
    /// The current row's value, where it is a boolean.
    package private(set) var boolean = false

    private let file: StoredFile
    private let leaf: FileMetadata.Leaf
    private let chunks: [FileMetadata.Chunk]
    private var nextChunk = 0
    private var codec = FileMetadata.Codec.uncompressed
    /// Of the chunk: values that no page was read of yet, and where its next page is.
    private var leftOfChunk: Int64 = 0
    private var range: Range<Int64> = 0..<0
    /// Of the page: where it is, and values that are left.
    private var pageOffset: Int64 = 0
    private var leftOfPage: Int64 = 0
    private var levels: RunDecoder?
    private var values: PageValues?
    private var dictionary: ValueDictionary?

    private let budget: MemoryBudget
    /// What is read of the file, shared by all columns.
    private let stored: PageMemory
    private let page: PageMemory
    private let dictionaryPage: PageMemory
    private let previous: PageMemory

    init(
        _ leaf: FileMetadata.Leaf, _ chunks: [FileMetadata.Chunk], in file: StoredFile, stored: PageMemory,
        budget: MemoryBudget
    ) throws(ParquetFault) {
        switch leaf.kind {
        case .byteArray: kind = .string
        case .int32, .int64: kind = .integer
        case .boolean: kind = .boolean
        case .int96, .float, .double, .fixedByteArray:
            throw Flaw.unknown("its values have the type \(leaf.kind)").fault(at: "the column \(leaf.name)")
        }
        name = leaf.name
        unit = leaf.unit
        self.leaf = leaf
        self.chunks = chunks
        self.file = file
        self.stored = stored
        self.budget = budget
        page = PageMemory(budget)
        dictionaryPage = PageMemory(budget)
        previous = PageMemory(budget)
    }

    /// Goes on to the next row; false: there are no more.
    package func advance() throws(ParquetFault) -> Bool {
        do throws(Flaw) {
            while leftOfPage == 0 {
                guard try nextPage() else { return false }
            }
            leftOfPage -= 1
            isNull = try levels?.next() == 0
            if !isNull { try readValue() }
            return true
        } catch {
            throw fault(error)
        }
    }

    /// Says where the column is.
    private func fault(_ flaw: Flaw) -> ParquetFault {
        flaw.fault(at: "the column \(name), page at byte \(pageOffset)")
    }

    private func readValue() throws(Flaw) {
        switch kind {
        case .string: string = try values?.string(dictionary, previous) ?? string
        case .integer: integer = try values?.integer(dictionary) ?? integer
        case .boolean: boolean = try values?.boolean() ?? boolean
        }
    }

    /// Reads the next page, of data or not; false: there are no more.
    private func nextPage() throws(Flaw) -> Bool {
        while leftOfChunk == 0 {
            guard nextChunk < chunks.count else { return false }
            let chunk = chunks[nextChunk]
            nextChunk += 1
            (leftOfChunk, range, codec) = (chunk.valueCount, chunk.range, chunk.codec)
            forgetDictionary()
        }
        pageOffset = range.lowerBound
        guard !range.isEmpty else { throw .damaged("its pages have fewer values than there are rows") }
        let (header, byteCount) = try header()
        let begin = range.lowerBound + Int64(byteCount)
        guard header.storedByteCount <= range.upperBound - begin else {
            throw .damaged("a page ends after the column does")
        }
        range = begin + Int64(header.storedByteCount)..<range.upperBound
        switch header.kind {
        case .index: break
        case .dictionary: try readDictionary(header, at: begin)
        case .data, .dataV2: try readData(header, at: begin)
        }
        return true
    }

    private func header() throws(Flaw) -> (PageHeader, byteCount: Int) {
        var room = ParquetLimits.pageHeaderByteCountUsual
        while true {
            let byteCount = Int(min(Int64(room), range.upperBound - range.lowerBound))
            let bytes = try stored.room(byteCount)
            try file.read(bytes, at: range.lowerBound)
            if let (header, byteCount) = try PageHeader.read(UnsafeRawBufferPointer(bytes)) {
                return (header, byteCount)
            }
            guard byteCount == room, room < ParquetLimits.pageHeaderByteCountMax else {
                throw .damaged("a page's header is cut off, or longer than any")
            }
            room = ParquetLimits.pageHeaderByteCountMax
        }
    }

    /// The bytes of a page as they lie in the file.
    private func read(_ header: PageHeader, at offset: Int64, into memory: PageMemory, atMost limit: Int) throws(Flaw)
        -> UnsafeRawBufferPointer
    {
        guard header.storedByteCount <= limit, header.byteCount <= limit else {
            throw .unknown("a page has \(max(header.storedByteCount, header.byteCount)) bytes, more than \(limit)")
        }
        let bytes = try memory.room(header.storedByteCount)
        try file.read(bytes, at: offset)
        if let expected = header.crc {
            let crc = crc32(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(bytes.count))
            guard UInt32(truncatingIfNeeded: crc) == expected else {
                throw .damaged("a page's checksum is not its own")
            }
        }
        return UnsafeRawBufferPointer(bytes)
    }

    /// A page's bytes as they are used, where all of it is compressed alike.
    private func decompressed(_ header: PageHeader, at offset: Int64, into memory: PageMemory, atMost limit: Int)
        throws(Flaw) -> UnsafeRawBufferPointer
    {
        if codec == .uncompressed {
            guard header.storedByteCount == header.byteCount else {
                throw .damaged("a page has two sizes, and is not compressed")
            }
            return try read(header, at: offset, into: memory, atMost: limit)
        }
        let compressed = try read(header, at: offset, into: stored, atMost: limit)
        let bytes = try memory.room(header.byteCount)
        try codec.decompress(compressed, into: bytes)
        return UnsafeRawBufferPointer(bytes)
    }

    private func forgetDictionary() {
        budget.give(dictionary?.byteCount ?? 0)
        dictionary = nil
    }

    private func readDictionary(_ header: PageHeader, at offset: Int64) throws(Flaw) {
        guard dictionary == nil else { throw .damaged("it has a second dictionary") }
        guard header.encoding == .plain || header.encoding == .plainDictionary else {
            throw .unknown("its dictionary has the encoding \(header.encoding)")
        }
        let bytes = try decompressed(
            header, at: offset, into: dictionaryPage, atMost: ParquetLimits.dictionaryByteCountMax)
        dictionary = try ValueDictionary(bytes, of: leaf.kind, valueCount: header.valueCount, budget: budget)
    }

    private func readData(_ header: PageHeader, at offset: Int64) throws(Flaw) {
        guard header.valueCount <= leftOfChunk else { throw .damaged("its pages have more values than there are rows") }
        levels = nil
        values = nil
        let bytes =
            header.kind == .data
            ? try readFirst(header, at: offset) : try readSecond(header, at: offset)
        values = try PageValues(bytes, of: leaf.kind, header.encoding)
        leftOfChunk -= header.valueCount
        leftOfPage = header.valueCount
    }

    /// A page of the first version: the levels are compressed with the values, and begin with their length.
    private func readFirst(_ header: PageHeader, at offset: Int64) throws(Flaw) -> UnsafeRawBufferPointer {
        let bytes = try decompressed(header, at: offset, into: page, atMost: ParquetLimits.pageByteCountMax)
        guard leaf.isOptional else { return bytes }
        guard header.levelEncoding == .runs else {
            throw .unknown("its levels have the encoding \(header.levelEncoding)")
        }
        var plain = PlainCursor(bytes)
        let range = try plain.string()
        levels = try RunDecoder(UnsafeRawBufferPointer(rebasing: bytes[range]), width: 1)
        return UnsafeRawBufferPointer(rebasing: bytes[range.upperBound...])
    }

    /// A page of the second version: the levels stand before what is compressed.
    private func readSecond(_ header: PageHeader, at offset: Int64) throws(Flaw) -> UnsafeRawBufferPointer {
        let levelByteCount = header.repetitionByteCount + header.definitionByteCount
        guard levelByteCount <= min(header.storedByteCount, header.byteCount) else {
            throw .damaged("a page's levels are longer than it")
        }
        let isCompressed = header.isCompressed && codec != .uncompressed
        guard isCompressed || header.storedByteCount == header.byteCount else {
            throw .damaged("a page has two sizes, and is not compressed")
        }
        let limit = ParquetLimits.pageByteCountMax
        var bytes = try read(header, at: offset, into: isCompressed ? stored : page, atMost: limit)
        if isCompressed {
            let all = try page.room(header.byteCount)
            all.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<levelByteCount]))
            // A page of nulls alone may have nothing that is compressed.
            if header.byteCount > levelByteCount {
                try codec.decompress(
                    UnsafeRawBufferPointer(rebasing: bytes[levelByteCount...]),
                    into: UnsafeMutableRawBufferPointer(rebasing: all[levelByteCount...]))
            }
            bytes = UnsafeRawBufferPointer(all)
        }
        if leaf.isOptional {
            let range = header.repetitionByteCount..<levelByteCount
            levels = try RunDecoder(UnsafeRawBufferPointer(rebasing: bytes[range]), width: 1)
        }
        return UnsafeRawBufferPointer(rebasing: bytes[levelByteCount...])
    }
}
