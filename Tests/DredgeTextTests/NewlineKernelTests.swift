import CTextKernels
import TestServers
import Testing

/// The vector paths against the scalar definition. Serialised, as the path is forced for the whole process.
@Suite(.serialized) struct NewlineKernelTests {
    static let supportedPaths = (0..<UInt32(TK_PATH_COUNT)).map { tk_path(rawValue: $0) }.filter {
        tk_path_is_supported($0)
    }

    /// All lengths 0...300, each at every seventh alignment, and so all alignments within seven lengths; newlines at
    /// random places, and newlines right before and behind the text that must not be seen. The text ends where its
    /// allocation does, for a build with the address sanitizer.
    @Test(arguments: supportedPaths) func `every path agrees with the definition at all lengths and alignments`(
        path: tk_path
    ) {
        let before = tk_path_active()
        defer { _ = tk_path_force(before) }
        #expect(tk_path_force(path))
        #expect(tk_path_active() == path)
        let seed: UInt64 = 7
        print("\(String(cString: tk_path_name(path))), seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var mismatches = 0
        for length in 0...300 {
            let rarity = [2, 50, 400].randomElement(using: &random)!
            // 0x8A and 0x0B differ from a newline in one bit.
            let content: [UInt8] = (0..<length).map { _ in
                let isNewline = Int.random(in: 0..<rarity, using: &random) == 0
                return isNewline ? 0x0A : [0x8A, 0x0B, 0x61].randomElement(using: &random)!
            }
            let first = content.firstIndex(of: 0x0A) ?? length
            for alignment in stride(from: length % 7, through: 63, by: 7) {
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: alignment + length, alignment: 64)
                defer { memory.deallocate() }
                let bytes = memory.baseAddress!.assumingMemoryBound(to: UInt8.self)
                memory.initializeMemory(as: UInt8.self, repeating: 0x0A)
                UnsafeMutableRawBufferPointer(rebasing: memory[alignment...]).copyBytes(from: content)
                let text = UnsafeBufferPointer(start: bytes + alignment, count: length)
                if tk_find_newline(text.baseAddress, length) != first { mismatches += 1 }
            }
        }
        #expect(mismatches == 0)
    }

    @Test(arguments: supportedPaths) func `a single newline is found at each place`(path: tk_path) {
        let before = tk_path_active()
        defer { _ = tk_path_force(before) }
        #expect(tk_path_force(path))
        for length in 1...200 {
            for place in 0..<length {
                var text = [UInt8](repeating: 0x20, count: length)
                text[place] = 0x0A
                guard tk_find_newline(text, length) == place else {
                    Issue.record("length \(length), place \(place)")
                    return
                }
            }
        }
    }

    @Test(arguments: supportedPaths) func `no text at all is legal`(path: tk_path) {
        let before = tk_path_active()
        defer { _ = tk_path_force(before) }
        #expect(tk_path_force(path))
        #expect(tk_find_newline(nil, 0) == 0)
    }

    @Test func `a path that this CPU or build has not is refused`() {
        let before = tk_path_active()
        let missing = (0..<UInt32(TK_PATH_COUNT)).map { tk_path(rawValue: $0) }.filter { !tk_path_is_supported($0) }
        #expect(!missing.isEmpty)
        for path in missing { #expect(!tk_path_force(path)) }
        #expect(tk_path_active() == before)
    }
}
