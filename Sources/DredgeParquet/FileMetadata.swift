/// What a footer says of the columns that are read
/// (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).
struct FileMetadata {
    /// A column's type.
    enum Kind: Int32 {
        case boolean = 0
        case int32, int64, int96, float, double, byteArray, fixedByteArray
    }

    /// How compressed bytes are written.
    enum Codec: Int32 {
        case uncompressed = 0
        case snappy, gzip, lzo, brotli, lz4, zstd, lz4Raw
    }

    /// A column without columns of its own.
    struct Leaf {
        var name: String
        /// Its place among all leaves.
        var index: Int
        var kind: Kind
        var isOptional: Bool
        var unit: ParquetColumn.Unit?
    }

    /// The values of a column in a row group.
    struct Chunk {
        var codec: Codec = .uncompressed
        var valueCount: Int64 = 0
        /// Of its pages, headers included.
        var range: Range<Int64> = 0..<0
    }

    struct RowGroup {
        var rowCount: Int64 = 0
        /// For each leaf that is read.
        var chunks: [Chunk] = []
    }

    private(set) var leaves: [Leaf] = []
    private(set) var rowGroups: [RowGroup] = []
    private(set) var rowCount: Int64 = 0

    /// - Parameters:
    ///   - footer: the struct `FileMetaData`.
    ///   - offset: where it begins in the file, after all pages.
    ///   - names: of the columns that are read, where the file has them.
    init(footer: UnsafeRawBufferPointer, offset: Int64, columns names: [String]) throws(ParquetFault) {
        var groups: CompactReader?
        do throws(Flaw) {
            var reader = CompactReader(footer)
            var id: Int16 = 0
            while let field = try reader.field(after: &id) {
                switch (field.id, field.kind) {
                case (2, .list): leaves = try Self.leaves(&reader, named: names)
                case (3, .int64): rowCount = try reader.integer()
                case (4, .list):
                    groups = reader
                    try reader.skip(.list)
                default: try reader.skip(field.kind)
                }
            }
        } catch {
            throw error.fault(at: "the footer")
        }
        guard var groups else { throw Flaw.damaged("there are no row groups").fault(at: "the footer") }
        do throws(Flaw) {
            let count = try groups.structures()
            guard count <= ParquetLimits.rowGroupCountMax else { throw .damaged("there are too many row groups") }
            var sum: Int64 = 0
            for _ in 0..<count {
                let group = try Self.rowGroup(&groups, of: leaves, below: offset)
                sum += group.rowCount
                guard sum <= ParquetLimits.rowCountMax else { throw .damaged("there are too many rows") }
                rowGroups.append(group)
            }
            guard sum == rowCount else { throw .damaged("the rows of its groups are not those of the file") }
        } catch {
            throw error.fault(at: "the footer, row group \(rowGroups.count)")
        }
    }

    // MARK: - The schema

    private struct Element {
        var kind: Int32?
        var repetition: Int32 = 0
        var name = ""
        var childCount: Int32 = 0
        var convertedKind: Int32?
        var unit: ParquetColumn.Unit?
    }

    /// The leaves that are named and stand at the top.
    private static func leaves(_ reader: inout CompactReader, named names: [String]) throws(Flaw) -> [Leaf] {
        let count = try reader.structures()
        guard count <= ParquetLimits.schemaElementCountMax else { throw .damaged("the schema has too many elements") }
        var leaves: [Leaf] = []
        var leafCount = 0
        // Elements that are still to come in the groups around the next one, the root's outermost.
        var open: [Int32] = []
        for place in 0..<count {
            let element = try element(&reader)
            if place == 0 {
                open = [element.childCount]
                continue
            }
            while let last = open.last, last <= 0 { open.removeLast() }
            guard let last = open.last else { throw .damaged("the schema has more elements than its groups") }
            open[open.count - 1] = last - 1
            if element.childCount > 0 {
                open.append(element.childCount)
                continue
            }
            defer { leafCount += 1 }
            guard open.count == 1, names.contains(element.name), !leaves.contains(where: { $0.name == element.name })
            else { continue }
            guard let kind = element.kind.flatMap(Kind.init) else {
                throw .unknown("\(element.name) has no known type")
            }
            guard element.repetition == 0 || element.repetition == 1 else {
                throw .unknown("\(element.name) has many values in a row")
            }
            leaves.append(
                Leaf(
                    name: element.name, index: leafCount, kind: kind, isOptional: element.repetition == 1,
                    unit: element.unit ?? Self.unit(ofConverted: element.convertedKind)))
        }
        guard open.allSatisfy({ $0 <= 0 }) else { throw .damaged("the schema has fewer elements than its groups") }
        return leaves
    }

    private static func unit(ofConverted kind: Int32?) -> ParquetColumn.Unit? {
        switch kind {
        case 9: .milliseconds
        case 10: .microseconds
        default: nil
        }
    }

    private static func element(_ reader: inout CompactReader) throws(Flaw) -> Element {
        var element = Element()
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .int32): element.kind = try reader.int32()
            case (3, .int32): element.repetition = try reader.int32()
            case (4, .binary):
                element.name = String(decoding: try reader.binary(), as: UTF8.self)
            case (5, .int32): element.childCount = try reader.int32()
            case (6, .int32): element.convertedKind = try reader.int32()
            case (10, .structure): element.unit = try unit(&reader)
            default: try reader.skip(field.kind)
            }
        }
        return element
    }

    /// Of a logical type, which is a union: TIMESTAMP is its member 8, and has a union of units as its member 2.
    private static func unit(_ reader: inout CompactReader) throws(Flaw) -> ParquetColumn.Unit? {
        var unit: ParquetColumn.Unit?
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            guard field.id == 8, field.kind == .structure else {
                try reader.skip(field.kind)
                continue
            }
            var id: Int16 = 0
            while let field = try reader.field(after: &id) {
                guard field.id == 2, field.kind == .structure else {
                    try reader.skip(field.kind)
                    continue
                }
                var id: Int16 = 0
                while let field = try reader.field(after: &id) {
                    unit = ParquetColumn.Unit(rawValue: field.id)
                    try reader.skip(field.kind)
                }
            }
        }
        return unit
    }

    // MARK: - Row groups

    private static func rowGroup(
        _ reader: inout CompactReader, of leaves: [Leaf], below end: Int64
    ) throws(Flaw) -> RowGroup {
        var group = RowGroup()
        group.chunks = Array(repeating: Chunk(), count: leaves.count)
        var seenCount = 0
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .list):
                let count = try reader.structures()
                for index in 0..<count {
                    if let place = leaves.firstIndex(where: { $0.index == index }) {
                        group.chunks[place] = try chunk(&reader, of: leaves[place], below: end)
                        seenCount += 1
                    } else {
                        try reader.skip(.structure)
                    }
                }
            case (3, .int64): group.rowCount = try reader.integer()
            default: try reader.skip(field.kind)
            }
        }
        guard seenCount == leaves.count else { throw .damaged("it lacks columns of the schema") }
        guard (0...ParquetLimits.rowCountMax).contains(group.rowCount) else {
            throw .damaged("it has a number of rows that can't be")
        }
        guard group.chunks.allSatisfy({ $0.valueCount == group.rowCount }) else {
            throw .damaged("a column has not as many values as there are rows")
        }
        return group
    }

    private static func chunk(
        _ reader: inout CompactReader, of leaf: Leaf, below end: Int64
    ) throws(Flaw) -> Chunk {
        var chunk: Chunk?
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .binary):
                guard try reader.binary().isEmpty else { throw .unknown("\(leaf.name) is in another file") }
            case (3, .structure): chunk = try columnMetadata(&reader, of: leaf, below: end)
            case (8, _), (9, _): throw .unknown("\(leaf.name) is encrypted")
            default: try reader.skip(field.kind)
            }
        }
        guard let chunk else { throw .damaged("a column says nothing of itself") }
        return chunk
    }

    private static func columnMetadata(
        _ reader: inout CompactReader, of leaf: Leaf, below end: Int64
    ) throws(Flaw) -> Chunk {
        var chunk = Chunk()
        var isOfKind = false
        var isNamed = false
        var byteCount: Int64 = 0
        var dataOffset: Int64 = 0
        var dictionaryOffset: Int64 = 0
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .int32): isOfKind = try reader.int32() == leaf.kind.rawValue
            case (3, .list):
                let (kind, count) = try reader.list()
                guard kind == .binary, count == 1 else { throw .damaged("a column's path is not the schema's") }
                isNamed = try reader.binary().elementsEqual(leaf.name.utf8)
            case (4, .int32):
                let code = try reader.int32()
                guard let codec = Codec(rawValue: code) else {
                    throw .unknown("\(leaf.name) is compressed by a codec with the number \(code)")
                }
                chunk.codec = codec
            case (5, .int64): chunk.valueCount = try reader.integer()
            case (7, .int64): byteCount = try reader.integer()
            case (9, .int64): dataOffset = try reader.integer()
            case (11, .int64): dictionaryOffset = try reader.integer()
            default: try reader.skip(field.kind)
            }
        }
        guard isOfKind, isNamed else { throw .damaged("a column is not the schema's") }
        // Some writers say 0 where there is no dictionary.
        let start = dictionaryOffset > 0 ? min(dictionaryOffset, dataOffset) : dataOffset
        // The file begins with 4 bytes that say what it is.
        guard start >= 4, start <= end, byteCount >= 0, byteCount <= end - start else {
            throw .damaged("a column is not where the file has pages")
        }
        chunk.range = start..<start + byteCount
        return chunk
    }
}
