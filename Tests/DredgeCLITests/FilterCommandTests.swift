import Foundation
import TestServers
import Testing

/// Patterns, sizes and times by which objects are chosen.
@Suite struct FilterCommandTests {
    private let server: ScriptedS3Server
    private let directory: TemporaryDirectory
    private static let keys = ["a.txt", "b.md", "2025/c.txt", "2025/05/d.txt", "2025/05/e?.txt", "2026/f.txt"]

    init() async throws {
        server = try await ScriptedS3Server(
            .init(
                objects: Self.keys.sorted().enumerated().map { index, key in
                    .init(key, body: [UInt8](repeating: UInt8(ascii: "x"), count: 100 * (index + 1)))
                }))
        directory = try TemporaryDirectory()
    }

    /// The keys that are indexed, and the report.
    private func run(
        source: String, store: String = "s.chunks", status: Int32 = 0
    ) async throws -> (keys: [String], error: String) {
        try directory.write(
            "c.yaml",
            """
            store: \(store)
            sources:
              - {name: docs, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: {anonymous: true}, \(source)}
            """)
        let outcome = try await dredge(["run", "c.yaml", "--no-progress"], status: status)
        return (status == 1 ? [] : try await keys(of: store), outcome.error)
    }

    private func dredge(_ arguments: [String], status: Int32 = 0) async throws -> DredgeBinary.Outcome {
        let outcome = try await DredgeBinary.run(arguments, environment: [:], directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        return outcome
    }

    private func keys(of store: String) async throws -> [String] {
        let listed = try await dredge(["store", "ls", store, "--state", "indexed", "--json"])
        return try JSONLine.objects(listed.output).compactMap { $0["key"] as? String }
    }

    @Test func `a pattern without a slash matches at any depth, and one that matches nothing is told`() async throws {
        defer { server.stop() }
        let (keys, error) = try await run(source: #"include: ["*.md", "f.*", "*.csv"], exclude: ["*.bak"]"#)
        #expect(keys == ["2026/f.txt", "b.md"])
        #expect(error.contains(#"the pattern "*.csv" matched nothing"#), "\(error)")
        #expect(error.contains(#"the pattern "*.bak" matched nothing"#), "\(error)")
        #expect(!error.contains(#"the pattern "*.md""#), "\(error)")
        #expect(try await run(source: #"include: ["/*.txt"]"#, store: "t.chunks").keys == ["a.txt"])
    }

    @Test func `objects are chosen by size and by time`() async throws {
        defer { server.stop() }
        // In order of their keys, from 100 bytes on.
        let (keys, _) = try await run(source: "min_size: 200, max_size: 0.3KiB", status: 1)
        #expect(keys.isEmpty)
        #expect(
            try await run(source: "min_size: 200, max_size: 400").keys
                == ["2025/05/e?.txt", "2025/c.txt", "2026/f.txt"])
        let wrong = try await run(source: "min_size: 5, max_size: 4", status: 1)
        #expect(wrong.error.contains("c.yaml:3:") && wrong.error.contains("smallest size"), "\(wrong)")
        #expect(try await run(source: "modified_after: 2001-01-01", store: "t.chunks").keys.count == 6)
        #expect(try await run(source: "modified_after: 2101-01-01T00:00:00Z", store: "u.chunks").keys.isEmpty)
        let date = try await run(source: "modified_after: yesterday", status: 1)
        #expect(date.error.contains("2026-01-31"), "\(date)")
    }

    /// Keys are bytes; Swift takes "é" in one character and in two for equal.
    @Test func `patterns that only look the same are others`() async throws {
        defer { server.stop() }
        let (one, two) = ("\u{E9}", "e\u{301}")
        try server.play(.init(objects: [two, one].map { .init("2025/\($0).txt", body: Array("text\n".utf8)) }))
        func bytes(_ keys: [String]) -> [[UInt8]] { keys.map { Array($0.utf8) } }
        let first = try await run(source: "include: [\"\(one).txt\"]")
        #expect(bytes(first.keys) == bytes(["2025/\(one).txt"]))
        let second = try await run(source: "include: [\"\(two).txt\"]", status: 2)
        #expect(second.error.contains("Its filters have changed"), "\(second)")
        _ = try await dredge(
            [
                "index", "s3://bucket/2025/*\(two).txt", "--store", "t", "--endpoint-url", server.endpointURL,
                "--no-sign-request", "--no-progress",
            ])
        #expect(try await bytes(keys(of: "t")) == bytes(["2025/\(two).txt"]))
    }

    @Test func `a time that does not exist is refused, and a fraction of a second counts`() async throws {
        defer { server.stop() }
        for time in ["2026-02-30", "2026-04-31", "2026-01-01T25:00:00Z", "2026-01-01T23:60:00Z", "2026-2-28", "2026"] {
            let wrong = try await run(source: "modified_after: \"\(time)\"", status: 1)
            #expect(wrong.error.contains("is no date"), "\(time): \(wrong)")
        }
        for time in ["2024-02-29", "2026-01-31T23:59:59Z", "2026-01-31T23:59:59.250Z"] {
            _ = try await dredge([
                "index", "s3://bucket/", "--store", "t", "--endpoint-url", server.endpointURL, "--no-sign-request",
                "--modified-after", time, "--dry-run",
            ])
        }
    }

    @Test func `a URL with a star is a pattern, as in s5cmd`() async throws {
        defer { server.stop() }
        func index(_ url: String, _ flags: [String] = [], store: String) async throws -> [String] {
            _ = try await dredge(
                [
                    "index", url, "--store", store, "--endpoint-url", server.endpointURL, "--no-sign-request",
                    "--no-progress",
                ]
                    + flags)
            return try await keys(of: store)
        }
        let below = ["2025/05/d.txt", "2025/05/e?.txt", "2025/c.txt"]
        #expect(try await index("s3://bucket/2025/*.txt", store: "a") == below)
        #expect(try await index("s3://bucket/20*/?.txt", store: "b") == ["2025/05/d.txt", "2025/c.txt", "2026/f.txt"])
        #expect(try await index("s3://bucket/2025/0*", ["--max-size", "150"], store: "c") == ["2025/05/d.txt"])
        #expect(try await index("s3://bucket/*/c.txt", store: "e") == ["2025/c.txt"])
        #expect(try await index("s3://bucket/2025/*/c.txt", store: "f") == [])
        let both = try await dredge(["index", "s3://bucket/*", "--store", "d", "--include", "*.md"], status: 1)
        #expect(both.error.contains("give one of them"), "\(both)")
    }
}
