import CTextKernels
import CTextReference

@testable import DredgeText

/// The plain counter: each answer by the definition.
final class ReferenceCounter {
    private let tokenizer: tk_tokenizer
    private let counter: OpaquePointer

    init(_ tokenizer: tk_tokenizer) {
        self.tokenizer = tokenizer
        counter = tr_counter_create(tokenizer)
    }

    convenience init(_ tokenizer: Tokenizer) { self.init(tokenizer.kernelTokenizer) }

    deinit { tr_counter_destroy(counter) }

    /// The tokens of a text alone.
    func count(_ text: ArraySlice<UInt8>) -> Int { text.withUnsafeBytes { tr_count(counter, $0.bytes, $0.count) } }

    func count(_ text: [UInt8]) -> Int { count(text[...]) }

    /// The tokens of one pre-token.
    func tokens(ofPretoken text: ArraySlice<UInt8>) -> Int {
        text.withUnsafeBytes { tr_count_pretoken(counter, $0.bytes, $0.count) }
    }

    /// The pre-tokens of a text.
    func pretokens(_ text: ArraySlice<UInt8>) -> [Range<Int>] {
        text.withUnsafeBytes { bytes in
            var pretokens: [Range<Int>] = []
            var start = 0
            while start < bytes.count {
                let end = tr_pretoken_end(tokenizer, bytes.bytes, bytes.count, start)
                pretokens.append(text.startIndex + start..<text.startIndex + end)
                start = end
            }
            return pretokens
        }
    }

    /// Where the first `tokens` tokens of one pre-token end, moved back to a unit's start.
    func end(ofFirst tokens: Int, in pretoken: ArraySlice<UInt8>) -> Int {
        pretoken.startIndex + pretoken.withUnsafeBytes { tr_token_prefix(counter, $0.bytes, $0.count, tokens) }
    }
}

/// Where the units of a text start, a character or a maximal invalid sequence each, and where it ends.
func unitBoundaries(_ text: ArraySlice<UInt8>) -> [Int] {
    text.withUnsafeBytes { bytes in
        var boundaries = [text.startIndex]
        var at = 0
        while at < bytes.count {
            var isInvalid = false
            at += tr_unit(bytes.bytes! + at, bytes.count - at, &isInvalid)
            boundaries.append(text.startIndex + at)
        }
        return boundaries
    }
}
