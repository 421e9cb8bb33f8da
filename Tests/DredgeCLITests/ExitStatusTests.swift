import Dredge
import Foundation
import TestServers
import Testing

/// The real binary: what it prints where, and how it ends.
@Suite struct ExitStatusTests {
    @Test(arguments: [["--version"], ["--help"], ["run", "--help"], ["help", "index"]])
    func `asked for help or version it answers on standard output`(arguments: [String]) async throws {
        let outcome = try await DredgeBinary.run(arguments)
        #expect(outcome.status == 0)
        #expect(!outcome.output.isEmpty && outcome.error.isEmpty)
    }

    @Test func `the version is the second word of its first line`() async throws {
        let outcome = try await DredgeBinary.run(["--version"])
        #expect(outcome.output.hasPrefix("dredge \(Version.current)"))
        #expect(outcome.output.split(separator: "\n").count == 3)
    }

    @Test(arguments: [
        ["run"], ["index", "s3://abc"], ["nonsense"], ["run", "--nonsense", "c.yaml"], ["run", "/nonexistent/c.yaml"],
        ["index", "abc", "--store", "s"], ["count", "--tokenizer", "gpt"], ["run", "c.yaml", "--store", ""],
    ])
    func `wrong usage is status 1, with the reason on standard error`(arguments: [String]) async throws {
        let outcome = try await DredgeBinary.run(arguments)
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty && !outcome.error.isEmpty)
    }

    @Test func `a wrong config is status 1, with all its problems as file, line and column`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("c.yaml", "stoer: a\nsources:\n  - bucket: x\n")
        let outcome = try await DredgeBinary.run(["run", "c.yaml"], directory: directory.url)
        #expect(outcome.status == 1)
        #expect(
            outcome.error == """
                c.yaml:1:1: store is missing: write the path of the store's file, or use --store
                c.yaml:1:1: stoer: unknown key; did you mean store?
                c.yaml:3:5: sources[0]: auth is missing: give exactly one of assume_role, access_key, ambient, anonymous
                c.yaml:3:13: sources[0].bucket: "x" is not a bucket name: 3 to 63 lower-case letters, digits, dots and \
                hyphens

                """)
    }

    @Test func `a file of aliases made to explode ends with an error instead of hanging`() async throws {
        // As keys, aliases are compared with all that they stand for: 9^9 values here.
        var text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ")
            text += "l\(level): &l\(level) [\(items)]\n"
        }
        text += "? *l9\n: 1\n? *l9\n: 2\n"
        let directory = try TemporaryDirectory()
        let outcome = try await DredgeBinary.run(["run", try directory.write("bomb.yaml", text)])
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("bomb.yaml: the file takes more than 5 s to parse; use fewer aliases"))
    }

    @Test func `files that are no config files`() async throws {
        let directory = try TemporaryDirectory()
        let large = try directory.write("large.yaml", Data(repeating: UInt8(ascii: "#"), count: 1 << 21))
        let binary = try directory.write("binary.yaml", Data([0x73, 0xFF, 0xFE]))
        for (path, reason) in [
            (large, "is larger than 1MiB; is it a config file?"), (binary, "is not UTF-8 text"),
            (directory.url.path, "cannot be read: Is a directory"),
            (directory.url.path + "/none", "cannot be read: No such file or directory"),
        ] {
            let outcome = try await DredgeBinary.run(["run", path])
            #expect(outcome.status == 1)
            #expect(outcome.error == "\(path): \(reason)\n")
        }
    }

    @Test func `a byte order mark before a config is passed over`() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("marked.json", "\u{FEFF}{\"stoer\": \"a.chunks\"}")
        let outcome = try await DredgeBinary.run(["run", path])
        #expect(outcome.error.contains("marked.json:1:2: stoer: unknown key; did you mean store?"))
    }
}

@Suite struct OutputTests {
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func `output that can't be written is status 3`() async throws {
        let outcome = try await Program.run(
            "/bin/sh", ["-c", "exec \"$DREDGE\" --version >/dev/full"],
            environment: ["DREDGE": DredgeBinary.url.path])
        #expect(outcome.status == 3)
        #expect(outcome.error == "dredge: cannot write the output: No space left on device\n")
    }
}
