/// What an object is when it is not text that can be read as it is, told by its first bytes.
///
/// The signatures are those of the formats' own definitions; see `file(1)`'s database and the "media type" column of
/// <https://www.iana.org/assignments/media-types>.
public enum FileType: Sendable, Hashable {
    /// A format that holds no plain text: its media type.
    case unsupported(String)
    /// Compressed, as a whole: the name of the compression.
    case compressed(String)
    /// Text in an encoding of several bytes a unit.
    case encoding(String)
    /// Something else with a NUL.
    case binary
}

extension FileType {
    /// The type of what begins with `head` (at most `DocumentHead.byteCountMin` bytes of it are looked at); nil: text.
    init?(_ head: UnsafeRawBufferPointer, hasNUL: Bool) {
        if let type = Self.bySignature(head, hasNUL: hasNUL) {
            self = type
        } else if hasNUL {
            self = Self.encoding(of: head).map(FileType.encoding) ?? .binary
        } else {
            return nil
        }
    }

    private static func bySignature(_ head: UnsafeRawBufferPointer, hasNUL: Bool) -> FileType? {
        guard head.count >= 4 else { return byteOrderMark(head) }
        func starts(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            head.count >= offset + signature.count && head[offset...].starts(with: signature)
        }
        for (signature, name) in compressions where starts(signature) { return .compressed(name) }
        for (signature, mediaType) in textualTypes where starts(signature) { return .unsupported(mediaType) }
        if starts([0x50, 0x4B, 0x03, 0x04]) { return .unsupported(archiveType(head)) }
        // The signatures of the others are letters, as a text may begin with too.
        guard hasNUL else { return byteOrderMark(head) }
        for (signature, mediaType) in binaryTypes where starts(signature) { return .unsupported(mediaType) }
        if starts(Array("ftyp".utf8), at: 4) { return .unsupported("video/mp4") }
        if starts(Array("ustar".utf8), at: 257) { return .unsupported("application/x-tar") }
        if starts(Array("RIFF".utf8)), head.count >= 12 {
            switch String(decoding: head[8..<12], as: UTF8.self) {
            case "WEBP": return .unsupported("image/webp")
            case "WAVE": return .unsupported("audio/wav")
            case "AVI ": return .unsupported("video/x-msvideo")
            default: break
            }
        }
        return byteOrderMark(head)
    }

    private static let compressions: [([UInt8], String)] = [
        ([0x1F, 0x8B, 0x08], "gzip"),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"),
        ([0x04, 0x22, 0x4D, 0x18], "lz4"),
        (Array("BZh".utf8) + [0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59], "bzip2"),
        ([0xFF, 0x06, 0x00, 0x00] + Array("sNaPpY".utf8), "snappy"),
    ]

    private static let textualTypes: [([UInt8], String)] = [
        (Array("%PDF-".utf8), "application/pdf"),
        (Array("{\\rtf".utf8), "application/rtf"),
        (Array("%!PS-Adobe-".utf8), "application/postscript"),
    ]

    private static let binaryTypes: [([UInt8], String)] = [
        ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "application/x-ole-storage"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "application/x-7z-compressed"),
        (Array("Rar!".utf8) + [0x1A, 0x07], "application/vnd.rar"),
        (Array("PAR1".utf8), "application/vnd.apache.parquet"),
        (Array("Obj".utf8) + [0x01], "application/avro"),
        (Array("ORC".utf8), "application/x-orc"),
        (Array("SQLite format 3".utf8) + [0x00], "application/vnd.sqlite3"),
        ([0x7F] + Array("ELF".utf8), "application/x-elf"),
        ([0x89] + Array("PNG".utf8) + [0x0D, 0x0A, 0x1A, 0x0A], "image/png"),
        ([0xFF, 0xD8, 0xFF], "image/jpeg"),
        (Array("GIF87a".utf8), "image/gif"),
        (Array("GIF89a".utf8), "image/gif"),
        ([0x49, 0x49, 0x2A, 0x00], "image/tiff"),
        ([0x4D, 0x4D, 0x00, 0x2A], "image/tiff"),
        (Array("OggS".utf8) + [0x00], "application/ogg"),
        (Array("fLaC".utf8) + [0x00], "audio/flac"),
        (Array("ID3".utf8) + [0x03], "audio/mpeg"),
        (Array("ID3".utf8) + [0x04], "audio/mpeg"),
        ([0x1A, 0x45, 0xDF, 0xA3], "video/matroska"),
    ]

    /// Office documents are ZIP archives; the names of their first entries tell which.
    private static func archiveType(_ head: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: head.prefix(DocumentHead.byteCountMin).map { $0 < 0x80 ? $0 : 0 }, as: UTF8.self)
        // OpenDocument and EPUB begin with an entry "mimetype", which is stored as it is.
        for type in openDocumentTypes where text.contains("mimetype\(type)") { return type }
        for (entry, name) in officeTypes where text.contains(entry) {
            return "application/vnd.openxmlformats-officedocument.\(name)"
        }
        return "application/zip"
    }

    private static let openDocumentTypes = [
        "application/epub+zip", "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.presentation",
    ]

    private static let officeTypes = [
        ("word/", "wordprocessingml.document"), ("xl/", "spreadsheetml.sheet"),
        ("ppt/", "presentationml.presentation"),
    ]

    // MARK: Encodings

    /// The Unicode Standard, section 23.8, table 23-3.
    private static func byteOrderMark(_ head: UnsafeRawBufferPointer) -> FileType? {
        if head.starts(with: [0xFF, 0xFE, 0x00, 0x00]) || head.starts(with: [0x00, 0x00, 0xFE, 0xFF]) {
            return .encoding("UTF-32")
        }
        // An even number of bytes that are two bytes a unit; UTF-8 has neither of the two.
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return .encoding("UTF-16") }
        return nil
    }

    /// UTF-16 without a byte order mark: most of every second byte is zero, and hardly one of the others, as in any
    /// text of a Latin script.
    private static func encoding(of head: UnsafeRawBufferPointer) -> String? {
        let units = min(head.count, DocumentHead.byteCountMin) / 2
        guard units >= 4 else { return nil }
        var zeroCounts = [0, 0]
        for index in 0..<2 * units where head[index] == 0 { zeroCounts[index & 1] += 1 }
        let (most, least) = (zeroCounts.max() ?? 0, zeroCounts.min() ?? 0)
        return most * 10 >= units * 7 && least * 50 <= units ? "UTF-16" : nil
    }
}
