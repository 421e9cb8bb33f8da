import CTextKernels

/// The ends of lines.
package enum LineEnds {
    /// How many newlines (0x0A) `text` has, one after the other found as the chunker finds them. Linear.
    package static func count(in text: UnsafeRawBufferPointer) -> Int {
        var (count, at) = (0, 0)
        guard let start = text.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        while at < text.count {
            at += tk_find_newline(start + at, text.count - at)
            guard at < text.count else { break }
            count += 1
            at += 1
        }
        return count
    }
}
