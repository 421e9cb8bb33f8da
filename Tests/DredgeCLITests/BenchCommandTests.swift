import Foundation
import TestServers
import Testing

/// `dredge bench`, through the real binary. What the figures are depends on the machine; that all are there does not.
@Suite struct BenchCommandTests {
    @Test func `each stage of a file's text is measured, and nothing is left`() async throws {
        let directory = try TemporaryDirectory()
        var maker = TextMaker(seed: 20_261_131)
        try directory.write("text.txt", Data(maker.text(byteCount: 2 << 20)))
        let scratch = directory.url.appending(path: "scratch")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
        let outcome = try await DredgeBinary.run(
            ["bench", "--file", "text.txt", "--scratch", scratch.path, "--seconds", "5", "--json"],
            directory: directory.url)
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let stages = try #require(report["stages"] as? [[String: Any]])
        #expect(
            stages.map { $0["stage"] as? String } == ["scan", "count", "chunk", "compress", "write", "sign", "parse"])
        for stage in stages { #expect(try #require(stage["per_second"] as? Double) > 0) }
        let run = try #require(report["run"] as? [String: Any])
        #expect(try #require(run["fetched_byte_count"] as? Int) > 0)
        #expect((run["time"] as? [String: Any])?["bottleneck"] is String)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func `a text too small to measure with is refused, and so is a folder that can't be written to`() async throws
    {
        let directory = try TemporaryDirectory()
        try directory.write("small.txt", "Hello")
        let small = try await DredgeBinary.run(["bench", "--file", "small.txt"], directory: directory.url)
        #expect(small.status == 1 && small.error.contains("1 MiB or more"))
        let missing = try await DredgeBinary.run(
            ["bench", "--stages-only", "--scratch", "none/here"], directory: directory.url)
        #expect(missing.status == 3 && missing.error.contains("--scratch"))
        let wrong = try await DredgeBinary.run(["bench", "--seconds", "0"])
        #expect(wrong.status == 1 && wrong.error.contains("from 1 to 3600"))
    }
}
