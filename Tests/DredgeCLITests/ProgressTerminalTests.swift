import Foundation
import Logging
import TestServers
import Testing

@testable import Dredge
@testable import DredgeCLI

/// Progress as a person sees it on a terminal, and as a log has it.
@Suite(.timeLimit(.minutes(30))) struct ProgressTerminalTests {
    /// A program on a terminal of its own; what it writes goes to standard output.
    private static let onTerminal = """
        import os, pty, sys
        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
        """

    private func runOnTerminal(_ flags: [String]) async throws -> Program.Outcome {
        let directory = try TemporaryDirectory()
        let server = try await ScriptedS3Server(
            .init(objects: (1...3).map { .init("\($0).txt", body: Array(repeating: 97, count: 1_000 * $0)) }))
        defer { server.stop() }
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - {name: a, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: anonymous}
              - {name: b, bucket: bucket, prefix: "1", endpoint_url: "\(server.endpointURL)", auth: anonymous}
            """)
        return try await Program.run(
            "python3", ["-c", Self.onTerminal, DredgeBinary.url.path, "run", "c.yaml"] + flags,
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm"],
            directory: directory.url)
    }

    @Test func `on a terminal a line updates itself, ends at 100 percent, and is gone when the report comes`()
        async throws
    {
        let outcome = try await runOnTerminal([])
        #expect(outcome.status == 0, "\(outcome)")
        var frames = outcome.output.components(separatedBy: "\r\u{1B}[K")
        let cost = try #require(frames.firstIndex { $0.hasPrefix("To read: ") })
        #expect(frames.remove(at: cost) == "To read: 4 objects, 7.0 kB. Requests: 2 LISTs, 4 GETs.\r\n")
        let last = try #require(frames.dropLast().last)
        #expect(last.hasPrefix("4/4 objects  100 %  7.0 kB/7.0 kB  "), "\(frames)")
        #expect(last.hasSuffix("  2/2 sources"), "\(frames)")
        #expect(try #require(frames.last).hasPrefix("Complete: run "))
        #expect(frames.dropLast().allSatisfy { $0.count < 80 && !$0.contains("\n") })
    }

    @Test func `on a terminal with a log each event has a line, and quiet shows nothing`() async throws {
        let verbose = try await runOnTerminal(["-v"])
        #expect(verbose.output.contains(" info run ended "), "\(verbose)")
        #expect(!verbose.output.contains("100 %"))
        let quiet = try await runOnTerminal(["-q"])
        #expect(quiet.status == 0 && quiet.output.isEmpty, "\(quiet)")
    }

    @Test func `in a log a line of progress has its time, and in JSON its numbers`() throws {
        var progress = RunProgress()
        (progress.listedCount, progress.doneCount) = (10, 4)
        progress.sources = ["a", "b"].map { SourceProgress(name: $0) }
        progress.waits = [SourceWait(source: "a", since: Date(timeIntervalSince1970: 0), reason: "down")]
        let text = CommandLog(format: .text).progress("4/10+ objects", progress)
        #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info 4\/10\+ objects\n/) != nil, "\(text)")
        let json = CommandLog(format: .json).progress("4/10+ objects", progress)
        #expect(json.hasSuffix("}\n") && !json.dropLast().contains("\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["message"] as? String == "progress")
        #expect(object["listed"] as? Int == 10 && object["done"] as? Int == 4)
        #expect(object["listing_complete"] as? Bool == false)
        #expect(object["open_sources"] as? [String] == ["a", "b"])
        #expect((object["waiting_for"] as? [[String: String]])?.first?["since"] == "1970-01-01T00:00:00Z")
    }

    @Test(arguments: ["plain", "two words", "a=b", "\"q\"", "back\\slash", "é\u{1B}[31m\n", "\u{202E}", ""])
    func `whatever a value has in it, a line stays one line, and JSON gives it back`(value: String) throws {
        let date = Date(timeIntervalSince1970: -0.0015)
        let text = CommandLog(format: .text).line(date, .notice, "said", ["key": "\(value)"])
        #expect(text.hasPrefix("1969-12-31T23:59:59.998Z info said key="))
        #expect(text.hasSuffix("\n") && !text.dropLast().contains("\n") && !text.contains("\u{1B}"))
        let json = CommandLog(format: .json).line(
            date, .critical, "said", ["key": "\(value)", "n": .stringConvertible(7)])
        #expect(
            json.unicodeScalars.allSatisfy {
                $0 == "\n" || !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 32
            })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["key"] as? String == value)
        #expect(object["level"] as? String == "error" && object["n"] as? Int == 7)
    }
}
