/// The numbers of DELTA_BINARY_PACKED: each is the one before, the least difference of its block, and what is packed
/// (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).
struct DeltaDecoder {
    private let bytes: UnsafeRawBufferPointer
    /// Of the next byte that is not of the current block's data.
    private var place: Int
    private let groupCount: Int
    /// Numbers of each of a block's groups.
    private let groupValueCount: Int
    private var value: Int64
    /// Numbers that are still to come.
    private var left: UInt64
    private var isFirst = true
    private var least: Int64 = 0
    /// Where the widths of the current block are, and the next of them.
    private var widths = 0
    private var group: Int
    /// Numbers that are left of the current group, their width, and the place of the next bit.
    private var leftOfGroup = 0
    private var width = 0
    private var bit = 0

    init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0) throws(Flaw) {
        self.bytes = bytes
        place = start
        let blockValueCount = try Bits.varint(bytes, &place)
        let groups = try Bits.varint(bytes, &place)
        left = try Bits.varint(bytes, &place)
        value = try Bits.signed(bytes, &place)
        guard (1...ParquetLimits.deltaBlockValueCountMax).contains(blockValueCount),
            (1...blockValueCount).contains(groups), blockValueCount % groups == 0, blockValueCount / groups % 8 == 0
        else { throw .damaged("its deltas come in blocks that can't be") }
        groupCount = Int(groups)
        groupValueCount = Int(blockValueCount / groups)
        group = groupCount
    }

    mutating func next() throws(Flaw) -> Int64 {
        guard left > 0 else { throw .damaged("it has fewer deltas than values") }
        left -= 1
        if isFirst {
            isFirst = false
            return value
        }
        if leftOfGroup == 0 { try beginGroup() }
        leftOfGroup -= 1
        let delta = Int64(bitPattern: try Bits.read(bytes, at: bit, width: width))
        bit += width
        value = value &+ least &+ delta
        return value
    }

    /// Where what follows the numbers begins. None may have been read.
    func end() throws(Flaw) -> Int {
        var walk = self
        guard walk.left > 0 else { return walk.place }
        walk.left -= 1
        while walk.left > 0 {
            try walk.beginGroup()
            walk.left -= min(walk.left, UInt64(walk.groupValueCount))
        }
        return walk.place
    }

    private mutating func beginGroup() throws(Flaw) {
        if group == groupCount {
            least = try Bits.signed(bytes, &place)
            guard groupCount <= bytes.count - place else { throw .damaged("its values end before they should") }
            widths = place
            place += groupCount
            group = 0
        }
        width = Int(bytes[widths + group])
        guard width <= 64 else { throw .damaged("its deltas have more than 64 bits") }
        group += 1
        let byteCount = groupValueCount / 8 * width
        guard byteCount <= bytes.count - place else { throw .damaged("its values end before they should") }
        leftOfGroup = groupValueCount
        bit = place * 8
        place += byteCount
    }
}
