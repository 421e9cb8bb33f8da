internal import Foundation

/// Cuts text into the words that search compares: runs of letters and digits, in lower case, without the accents of
/// U+0300 to U+036F. A character of a script that is written without spaces is a word of its own. The same for what is
/// indexed and what is asked.
struct SearchTokenizer {
    private var word: [UInt8] = []
    private var isASCII = true
    /// Where the word begins in the text.
    private var start = 0

    /// Calls `body` with each word's UTF-8, valid during the call, and the bytes of the text that it stands in. Bytes
    /// that are no UTF-8 stand between words.
    mutating func forEachWord(
        _ text: UnsafeRawBufferPointer, _ body: (UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Void
    ) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                let folded = Self.ascii[Int(byte)]
                if folded == 0 { end(at: index, body) } else { append(folded, at: index) }
                index += 1
                continue
            }
            guard let (scalar, length) = Self.scalar(text, at: index) else {
                end(at: index, body)
                index += 1
                continue
            }
            if Self.standsAlone(scalar.value) {
                end(at: index, body)
                append(text, index..<index + length)
                end(at: index + length, body)
            } else if Self.isOfWord(scalar) {
                append(text, index..<index + length)
            } else {
                end(at: index, body)
            }
            index += length
        }
        end(at: index, body)
    }

    private mutating func append(_ byte: UInt8, at index: Int) {
        if word.isEmpty { start = index }
        if word.count < ServiceLimits.searchWordByteCountMax { word.append(byte) }
    }

    private mutating func append(_ text: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard word.count < ServiceLimits.searchWordByteCountMax else { return }
        if word.isEmpty { start = range.lowerBound }
        isASCII = false
        word += text[range]
    }

    private mutating func end(at index: Int, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        guard !word.isEmpty else { return }
        if !isASCII { word = Self.folded(word) }
        if !word.isEmpty { word.withUnsafeBufferPointer { body($0, start..<index) } }
        word.removeAll(keepingCapacity: true)
        isASCII = true
    }

    private static func folded(_ word: [UInt8]) -> [UInt8] {
        let text = String(decoding: word, as: UTF8.self).lowercased().decomposedStringWithCanonicalMapping
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text.unicodeScalars.lazy.filter { !(0x300...0x36F).contains($0.value) })
        return Array(String(scalars).utf8)
    }

    /// The letter in lower case, or the digit; 0 for what stands between words.
    private static let ascii: [UInt8] = (0..<128).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): UInt8(byte)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt8(byte) | 0x20
        default: 0
        }
    }

    /// The scalar that begins at `index`, with its bytes; nil: none does.
    private static func scalar(_ text: UnsafeRawBufferPointer, at index: Int) -> (Unicode.Scalar, Int)? {
        let first = text[index]
        let length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
        guard length > 0, index + length <= text.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = text[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    /// Thai, Lao, Khmer, kana and Han.
    private static func standsAlone(_ value: UInt32) -> Bool {
        switch value {
        case 0x0E01...0x0EFF, 0x1780...0x17FF, 0x3041...0x30FF, 0x3400...0x9FFF, 0xF900...0xFAFF, 0x2_0000...0x3_FFFF:
            true
        default: false
        }
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}

extension SearchTokenizer {
    /// The different words of a text, in order of their first places, at most `countMax`; whether there were more.
    static func words(of text: String, countMax: Int) -> (words: [[UInt8]], hasMore: Bool) {
        var (tokenizer, words, known, hasMore) = (SearchTokenizer(), [[UInt8]](), Set<[UInt8]>(), false)
        Array(text.utf8).withUnsafeBytes { bytes in
            tokenizer.forEachWord(bytes) { word, _ in
                let word = Array(word)
                guard !known.contains(word) else { return }
                guard words.count < countMax else {
                    hasMore = true
                    return
                }
                known.insert(word)
                words.append(word)
            }
        }
        return (words, hasMore)
    }
}
