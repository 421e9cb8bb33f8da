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
            if case .binary = content { #expect(isBinary) } else { #expect(!isBinary) }
        }
    }
}
