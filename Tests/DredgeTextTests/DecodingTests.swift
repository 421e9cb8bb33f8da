import DredgeText
import Testing

@Suite struct DecodingTests {
    @Test func `a prefix comes directly before a window's bytes, which stay where they are`() {
        var memory = Array("....body".utf8)
        memory.withUnsafeMutableBytes { memory in
            let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[4...])
            let window = TextWindow(bytes: bytes, headroom: 4, objectOffset: 100)
            let whole = window.prepending(Array("pre:".utf8))
            #expect(String(decoding: whole, as: UTF8.self) == "pre:body")
            #expect(whole.baseAddress == UnsafeRawPointer(memory.baseAddress))
            #expect(String(decoding: window.prepending([]), as: UTF8.self) == "body")
        }
    }

    @Test func `plain text is passed on where it lies`() {
        var memory = Array("some text".utf8)
        memory.withUnsafeMutableBytes { memory in
            let decoder = PlainText()
            var windows: [(UnsafeMutableRawPointer?, Int, UInt64, Bool)] = []
            for (part, isEnd) in [(0..<4, false), (4..<9, true)] {
                let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[part])
                let window = TextWindow(bytes: bytes, headroom: 0, objectOffset: UInt64(part.lowerBound))
                decoder.decode(window, isEnd: isEnd) {
                    windows.append(($0.bytes.baseAddress, $0.bytes.count, $0.objectOffset, $1))
                }
            }
            #expect(windows.count == 2)
            #expect(windows[0].0 == memory.baseAddress && windows[0].1 == 4 && windows[0].2 == 0 && !windows[0].3)
            #expect(windows[1].0 == memory.baseAddress! + 4 && windows[1].1 == 5 && windows[1].2 == 4 && windows[1].3)
        }
    }

    @Test(arguments: [(0, true), (8 * 1024 - 1, true), (8 * 1024, false)])
    func `a NUL among the first 8 KiB makes an object binary`(offset: Int, isBinary: Bool) {
        var bytes = [UInt8](repeating: 65, count: 10_000)
        bytes[offset] = 0
        bytes.withUnsafeBytes { bytes in
            let content = DocumentHead(bytes: bytes, contentEncoding: nil).content
            if case .other(.binary) = content { #expect(isBinary) } else { #expect(!isBinary) }
        }
    }

    /// The first bytes of files that programs made: see the name of each.
    @Test(arguments: [
        ("%PDF-1.4\n1 0 obj\n<<", FileType.unsupported("application/pdf")),
        ("\u{1F}\u{8B}\u{08}\u{00}", .compressed("gzip")),
        ("{\\rtf1\\ansi", .unsupported("application/rtf")),
        ("\u{FF}\u{FE}h\u{00}i\u{00}", .encoding("UTF-16")),
        ("\u{FE}\u{FF}\u{00}h\u{00}i", .encoding("UTF-16")),
        ("\u{FF}\u{FE}\u{00}\u{00}h\u{00}\u{00}\u{00}", .encoding("UTF-32")),
        ("h\u{00}e\u{00}l\u{00}l\u{00}o\u{00}", .encoding("UTF-16")),
        ("\u{28}\u{B5}\u{2F}\u{FD}\u{04}", .compressed("zstd")),
        (
            "PK\u{03}\u{04}\u{14}\u{00}[Content_Types].xml...PK\u{03}\u{04}word/document.xml",
            .unsupported("application/vnd.openxmlformats-officedocument.wordprocessingml.document")
        ),
        (
            "PK\u{03}\u{04}\u{0A}\u{00}mimetypeapplication/vnd.oasis.opendocument.textPK",
            .unsupported("application/vnd.oasis.opendocument.text")
        ),
        ("PK\u{03}\u{04}\u{14}\u{00}a.txt", .unsupported("application/zip")),
        ("\u{01}\u{02}\u{00}\u{03}", .binary),
    ]) func `what is not plain text is told by its first bytes`(head: String, type: FileType) {
        let bytes = head.unicodeScalars.map { UInt8($0.value) }
        bytes.withUnsafeBytes { bytes in
            guard case .other(let found) = DocumentHead(bytes: bytes, contentEncoding: nil).content else {
                Issue.record("taken as text")
                return
            }
            #expect(found == type)
        }
    }

    @Test(arguments: [
        "", "P", "PK is a name", "BZh is short for", "%PD", "{\\r", "RIFF raff", "GIF89a is a format", "ORC\n", "PAR1",
        "SQLite format 3", "\u{EF}\u{BB}\u{BF}with a byte order mark", "<?xml version=\"1.0\"?>",
    ])
    func `text that begins like another format stays text`(head: String) {
        let bytes = head.unicodeScalars.map { UInt8($0.value) }
        bytes.withUnsafeBytes { bytes in
            if case .other(let type) = DocumentHead(bytes: bytes, contentEncoding: nil).content {
                Issue.record("taken as \(type)")
            }
        }
    }
}
