import Foundation
import TestServers
import Testing

/// `dredge count`, through the real binary. The counts are tiktoken's (`len(enc.encode_ordinary(text))`).
@Suite struct CountCommandTests {
    private static let hello = "Hello, world!\n"  // o200k_base 4, cl100k_base 4
    private static let words = "tiktoken is great! 数え上げる\n"  // o200k_base 12, cl100k_base 13

    @Test func `a line for each file in the order given, and a total`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("b.txt", Self.hello)
        try directory.write("a.txt", Self.words)
        try directory.write("empty.txt", "")
        let outcome = try await DredgeBinary.run(
            ["count", "b.txt", "a.txt", "empty.txt", "b.txt"], directory: directory.url)
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        #expect(outcome.output == "4 b.txt\n12 a.txt\n0 empty.txt\n4 b.txt\n20 total\n")
    }

    @Test func `one file has no total`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.txt", Self.words)
        let outcome = try await DredgeBinary.run(
            ["count", "--tokenizer", "cl100k_base", "a.txt"], directory: directory.url)
        #expect(outcome.output == "13 a.txt\n")
    }

    @Test func `standard input has no name`() async throws {
        #expect(try await DredgeBinary.run(["count"], input: Data(Self.hello.utf8)).output == "4\n")
        #expect(try await DredgeBinary.run(["count"]).output == "0\n")
        #expect(try await DredgeBinary.run(["count", "-"], input: Data(Self.hello.utf8)).output == "4 -\n")
    }

    @Test func `an unreadable file is complained about, the others are counted, and the status is 1`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.txt", Self.hello)
        let outcome = try await DredgeBinary.run(["count", "none.txt", "a.txt", "."], directory: directory.url)
        #expect(outcome.status == 1)
        #expect(outcome.output == "4 a.txt\n4 total\n")
        #expect(outcome.error == "dredge: none.txt: No such file or directory\ndredge: .: Is a directory\n")
    }

    @Test func `a name that could drive the terminal is escaped`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("a\n\u{1B}[2J", Self.hello)
        let outcome = try await DredgeBinary.run(["count", "a\n\u{1B}[2J"], directory: directory.url)
        #expect(outcome.output == "4 a\\n\\u{1B}[2J\n")
    }

    @Test func `text that is not UTF-8 counts as its replacement does`() async throws {
        let directory = try TemporaryDirectory()
        let broken = try directory.write("broken.txt", Data("ab".utf8) + Data([0xFF]) + Data("cd".utf8))
        let replaced = try directory.write("replaced.txt", "ab\u{FFFD}cd")
        let outcome = try await DredgeBinary.run(["count", broken, replaced])
        let counts = outcome.output.split(separator: "\n").compactMap { $0.split(separator: " ").first }
        #expect(counts.count == 3 && counts[0] == counts[1])
    }

    @Test func `a reader that goes away is no error`() async throws {
        let directory = try TemporaryDirectory()
        // More output than a pipe holds, to a reader that takes one line.
        let name = String(repeating: "a", count: 200)
        try directory.write(name, Self.hello)
        let outcome = try await Program.run(
            "/bin/bash",
            [
                "-c",
                "set -o pipefail; \"$DREDGE\" count $(yes \"$NAME\" | head -n 1000) 2>error | head -n 1 >output",
            ], environment: ["PATH": "/usr/bin:/bin", "DREDGE": DredgeBinary.url.path, "NAME": name],
            directory: directory.url)
        #expect(outcome.status == 0)
        #expect(try directory.text("output") == "4 \(name)\n")
        #expect(try directory.text("error") == "")
    }
}
