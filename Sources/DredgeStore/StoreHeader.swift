internal import DredgeLedger
internal import Foundation

/// The first page of a file: the header ("Database File Format" of SQLite, section 1.3) and the definitions of the
/// tables, by which a store is known even where SQLite can't open it.
///
/// Reading them closes a descriptor, with which the process's own locks on the file would go: nothing of it may have
/// the file open.
struct StoreHeader {
    static let byteCount = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    private let path: String
    /// The first page, or all of a file that is shorter.
    let page: [UInt8]

    /// nil: the file is shorter than a header, or can't be read.
    init?(path: String) {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: StoreLimits.pageByteCount), data.count >= Self.byteCount
        else { return nil }
        try? file.close()
        self.path = path
        page = Array(data)
    }

    // MARK: What it tells

    private func word(_ place: Int) -> UInt32 { page[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    private var hasApplicationID: Bool { word(68) == UInt32(Schema.applicationID) }

    /// Whether all but the magic text is that of a store: the size of its pages, three numbers that every file has, and
    /// the application's.
    private var hasOurNumbers: Bool {
        Int(page[16]) << 8 | Int(page[17]) == StoreLimits.pageByteCount && page[21..<24].elementsEqual([64, 32, 32])
            && hasApplicationID
    }

    /// Whether it looks like a file of SQLite, with tables that no other application has.
    private var hasOurTables: Bool {
        guard page.starts(with: Self.magic) || page[21..<24].elementsEqual([64, 32, 32]) else { return false }
        let text = Data(page)
        return ["run_source", "progress_span"].contains { text.firstRange(of: Data("CREATE TABLE \($0)(".utf8)) != nil }
    }

    /// Whether the pages behind it begin as those of a store do.
    private var hasOurPages: Bool {
        guard let new = try? NewStorePage(), let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        return new.roots.allSatisfy { root in
            try? file.seek(toOffset: UInt64((root.page - 1) * StoreLimits.pageByteCount))
            guard let kind = try? file.read(upToCount: 1)?.first else { return false }
            return (root.isTable ? [5, 13] : [2, 10]).contains(kind)
        }
    }

    /// Whether it is a store's.
    var isOurs: Bool {
        page.starts(with: Self.magic) && hasApplicationID || hasOurNumbers || hasOurTables || hasOurPages
    }

    /// Whether something in it has another value than it has in each store. Its version, the application's number and
    /// the tables are for `Schema.check`.
    var hasWrongConstants: Bool {
        let right = mended()
        return !(right[..<60] == page[..<60] && right[64..<68] == page[64..<68] && right[72...] == page[72...])
    }

    // MARK: What it is to be

    /// The page with all that has one right value: nil, for what is left as it is.
    func mended(version: Int32? = nil, tableCount: Int? = nil) -> [UInt8] {
        var new = page
        func set(_ place: Int, _ bytes: [UInt8]) { new.replaceSubrange(place..<place + bytes.count, with: bytes) }
        func set(_ place: Int, word: UInt32) {
            set(place, (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) })
        }
        set(0, Self.magic)
        set(16, [UInt8(StoreLimits.pageByteCount >> 8), UInt8(StoreLimits.pageByteCount & 0xFF)])
        // A rollback journal, as a store has in its first moment, or a log.
        if page[18] != page[19] || !(1...2).contains(page[18]) { set(18, [2, 2]) }
        // Apple's SQLite reserves 12 bytes of a page.
        if page[20] != 0, page[20] != 12 { set(20, [0]) }
        set(21, [64, 32, 32])
        if let count = pageCount, word(28) != 0, word(24) == word(92), word(28) != count { set(28, word: count) }
        set(44, word: 4)
        set(52, word: 0)
        set(56, word: 1)
        if let version { set(60, word: UInt32(version)) }
        set(64, word: 0)
        set(68, word: UInt32(Schema.applicationID))
        set(72, Array(repeating: 0, count: 20))
        guard page.count > 108 else { return new }
        // The tables' definitions are few enough for one page.
        set(Self.byteCount, [13])
        if let tableCount { set(103, [UInt8(tableCount >> 8 & 0xFF), UInt8(tableCount & 0xFF)]) }
        return new
    }

    /// What is left of a page that nothing of this one is to be believed of.
    func replaced(by new: NewStorePage) -> [UInt8] {
        var page = new.bytes
        // As many pages as the file has.
        page.replaceSubrange(28..<32, with: [0, 0, 0, 0])
        return page
    }

    var byteCount: UInt64 { fileByteCount(path) }

    /// Pages of the file; nil: a log or journal may know of others.
    private var pageCount: UInt32? {
        guard fileByteCount(path + "-wal") == 0, fileByteCount(path + "-journal") == 0 else { return nil }
        let byteCount = UInt64(StoreLimits.pageByteCount)
        return UInt32(clamping: (self.byteCount + byteCount - 1) / byteCount)
    }
}
