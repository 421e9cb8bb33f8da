internal import DredgeLedger
internal import Foundation

/// The first bytes of a file ("Database File Format" of SQLite, section 1.3), by which a store is known even where
/// SQLite can't open it.
///
/// Reading them closes a descriptor, with which the process's own locks on the file would go: nothing of it may have
/// the file open.
struct StoreHeader {
    private static let byteCount = 100
    private static let magic = Array("SQLite format 3\0".utf8)
    private let bytes: [UInt8]

    /// nil: the file is shorter, or can't be read.
    init?(path: String) {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: Self.byteCount),
            data.count == Self.byteCount
        else { return nil }
        try? file.close()
        bytes = Array(data)
    }

    private var hasMagic: Bool { bytes.starts(with: Self.magic) }

    private var hasApplicationID: Bool {
        withUnsafeBytes(of: Schema.applicationID.bigEndian) { bytes[68..<72].elementsEqual($0) }
    }

    /// Whether all but the magic text is that of a store: the size of its pages, three numbers that every file has, and
    /// the application's.
    private var hasOurNumbers: Bool {
        let pageByteCount = Int(bytes[16]) << 8 | Int(bytes[17])
        return pageByteCount == StoreLimits.pageByteCount && bytes[21..<24].elementsEqual([64, 32, 32])
            && hasApplicationID
    }

    /// Whether it is a store's.
    var isOurs: Bool { hasMagic ? hasApplicationID : hasOurNumbers }

    /// Puts the magic text of a store right, without which SQLite takes the file for none of its own. Whether it was
    /// wrong; what is no store is left as it is.
    static func restoreMagic(of path: String) throws(StoreError) -> Bool {
        guard let header = StoreHeader(path: path), !header.hasMagic, header.hasOurNumbers else { return false }
        let descriptor = Foundation.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreLock.cannotCreate(path, errno) }
        defer { Foundation.close(descriptor) }
        guard pwrite(descriptor, magic, magic.count, 0) == magic.count, fsync(descriptor) == 0 else {
            throw StoreLock.cannotCreate(path, errno)
        }
        return true
    }
}
