import DredgeConfig
import Foundation
import Testing

@testable import Dredge
@testable import DredgeCLI

@Suite struct ProgressLineTests {
    private func progress(
        seconds: Double, done: Int, listed: Int, bytes: UInt64, planned: UInt64 = 0, listing: Bool = false
    ) -> RunProgress {
        var progress = RunProgress()
        progress.elapsed = .milliseconds(Int(seconds * 1000))
        progress.listedCount = listed
        progress.doneCount = done
        progress.isListingComplete = !listing
        progress.fetchedByteCount = bytes
        progress.doneByteCount = bytes
        progress.plannedByteCount = planned
        progress.tokenCount = Int(bytes / 4)
        return progress
    }

    @Test func `objects, bytes, rate, tokens and time left`() {
        var line = ProgressLine()
        _ = line.text(progress(seconds: 0, done: 0, listed: 0, bytes: 0, listing: true), columnCount: 100)
        let text = line.text(
            progress(seconds: 8, done: 1204, listed: 20_000, bytes: 512_000_000, planned: 8_384_000_000),
            columnCount: 100)
        #expect(text == "1,204/20,000 objects  6 %  512.0 MB/8.38 GB  64.0 MB/s  ETA 2:03  128.0M tokens")
    }

    @Test func `of several sources it says how many are done, and at last the name of the one that is left`() {
        var line = ProgressLine()
        var state = progress(seconds: 1, done: 5, listed: 10, bytes: 1_000_000)
        state.sources = ["a", "b\u{1B}", "c"].map { SourceProgress(name: $0) }
        state.sources[2].isOpen = false
        #expect(line.text(state, columnCount: 100).hasSuffix("tokens  1/3 sources"))
        state.sources[0].isOpen = false
        #expect(line.text(state, columnCount: 100).hasSuffix("tokens  source \"b\\u{1B}\""))
    }

    @Test func `nothing but what is done counts into the percent, and it is not rounded up`() {
        var line = ProgressLine()
        var state = progress(seconds: 1, done: 199, listed: 200, bytes: 999_999, planned: 1_000_000)
        #expect(line.text(state, columnCount: 100).hasPrefix("199/200 objects  99 %  1.0 MB/1.0 MB  "))
        state.doneByteCount = 1_000_000
        state.fetchedByteCount = 3_000_000
        #expect(line.text(state, columnCount: 100).hasPrefix("199/200 objects  100 %  1.0 MB/1.0 MB  "))
    }

    @Test func `while the listing goes on there is a plus and no time left`() {
        var line = ProgressLine()
        _ = line.text(progress(seconds: 0, done: 0, listed: 0, bytes: 0, listing: true), columnCount: 100)
        var state = progress(seconds: 1, done: 5, listed: 1000, bytes: 1_000_000, planned: 9_000_000, listing: true)
        state.failedCount = 2
        #expect(line.text(state, columnCount: 100) == "5/1,000+ objects  2 failed  1.0 MB  1.0 MB/s  250.0k tokens")
    }

    @Test func `where nothing comes, what is waited for stands before what stands still`() {
        var line = ProgressLine()
        var state = progress(seconds: 30, done: 200, listed: 201, bytes: 1_000_000, planned: 1_005_000)
        state.silence = RunSilence(
            requestCount: 1, first: "s3://acme/a\u{1B}.txt", firstSince: Date(timeIntervalSince1970: 50_587))
        let text = line.text(state, columnCount: 100)
        let waiting = "200/201 objects  waiting for 1 request"
        #expect(text == waiting + "  the longest since 14:03:07Z: s3://acme/a\\u{1B}.txt  99 %")
        #expect(line.text(state, columnCount: 60) == waiting)
    }

    @Test func `the rate is that of the last seconds, not of the whole run`() {
        var line = ProgressLine()
        for second in 0...100 {
            _ = line.text(
                progress(seconds: Double(second), done: 0, listed: 1, bytes: UInt64(second) * 100_000_000),
                columnCount: 100)
        }
        var text = ""
        for second in 101...120 {
            text = line.text(
                progress(seconds: Double(second), done: 0, listed: 1, bytes: 10_000_000_000), columnCount: 100)
        }
        #expect(text.contains(" 0.0 MB/s "))
    }

    @Test(arguments: [1, 2, 10, 21, 22, 32, 40, 79, 80, 200])
    func `the line never reaches the terminal's last column, and no number is cut`(columnCount: Int) {
        var line = ProgressLine()
        let full = "1,204/20,000 objects  512.0 MB  0.0 MB/s  128.0M tokens"
        let text = line.text(
            progress(seconds: 8, done: 1204, listed: 20_000, bytes: 512_000_000), columnCount: columnCount)
        #expect(text.count < max(1, columnCount))
        #expect(full.hasPrefix(text))
        if columnCount > 21 { #expect(full.components(text)) }
    }

    @Test func `a clock that stands still gives no rate instead of infinity`() {
        var line = ProgressLine()
        _ = line.text(progress(seconds: 1, done: 0, listed: 1, bytes: 0), columnCount: 100)
        #expect(line.text(progress(seconds: 1, done: 0, listed: 1, bytes: 5), columnCount: 100).contains("0.0 MB/s"))
    }
}

extension String {
    /// Whether `text` ends where one of the parts, which stand two spaces apart, ends.
    fileprivate func components(_ text: String) -> Bool {
        hasPrefix(text) && (count == text.count || dropFirst(text.count).hasPrefix("  "))
    }
}

@Suite struct FiguresTests {
    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
            (1_500_000, "1.5 MB"),
            (999_950_000, "1.00 GB"), (1_234_567_890, "1.23 GB"), (5_000_000_000_000, "5.00 TB"),
        ] as [(UInt64, String)])
    func bytes(number: UInt64, text: String) { #expect(Figures.bytes(number) == text) }

    @Test(arguments: [
        (0, "0"), (9_999, "9999"), (12_345, "12.3k"), (999_949, "999.9k"), (999_950, "1.0M"), (128_100_000, "128.1M"),
        (1_200_000_000, "1.20G"),
    ])
    func short(number: Int, text: String) { #expect(Figures.short(number) == text) }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func count(number: Int, text: String) { #expect(Figures.count(number) == text) }

    @Test(arguments: [
        (0.04, "0.0 s"), (12.34, "12.3 s"), (59.9, "59.9 s"), (59.96, "1:00"), (123, "2:03"), (3723, "1:02:03"),
        (.infinity, "?"), (-1, "?"),
    ])
    func duration(seconds: Double, text: String) { #expect(Figures.duration(seconds) == text) }
}

@Suite struct QuotingTests {
    @Test(arguments: [
        ("plain key/ä/日本/👩‍👩‍👧.txt", "plain key/ä/日本/👩‍👩‍👧.txt"), ("back\\slash", "back\\slash"), ("a\nb", "a\\nb"),
        ("a\\\tb", "a\\\\\\tb"),
        ("\u{1B}[31m", "\\u{1B}[31m"), ("\u{9B}x\u{7F}", "\\u{9B}x\\u{7F}"), ("a\u{202E}txt.exe", "a\\u{202E}txt.exe"),
        ("\u{2028}", "\\u{2028}"), ("\r\n", "\\r\\n"), ("", ""),
    ])
    func `what could drive a terminal is escaped, the rest is left alone`(text: String, escaped: String) {
        #expect(Quoting.escaped(text) == escaped)
    }
}
