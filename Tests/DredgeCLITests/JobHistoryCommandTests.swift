import Foundation
import TestServers
import Testing

/// `plan --since` and what reads the jobs that go on from one another, over a bucket that changes.
@Suite struct JobHistoryCommandTests {
    private let server: ScriptedS3Server
    private let directory: TemporaryDirectory
    private let texts: [String: [UInt8]]

    init() async throws {
        server = try await ScriptedS3Server(.init())
        directory = try TemporaryDirectory()
        var sample = SampleText(seed: 12)
        texts = Dictionary(uniqueKeysWithValues: (10..<30).map { ("\($0).txt", sample.lines(byteCount: 900)) })
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - {name: docs, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: anonymous}
            """)
    }

    private func play(_ objects: [String: [UInt8]], faults: [ScriptedS3Server.Fault] = []) throws {
        try server.play(
            .init(objects: objects.sorted { $0.key < $1.key }.map { .init($0.key, body: $0.value) }, faults: faults))
    }

    private func dredge(_ arguments: [String], status: Int32 = 0) async throws -> DredgeBinary.Outcome {
        let outcome = try await DredgeBinary.run(arguments, environment: [:], directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        return outcome
    }

    private func plan(_ flags: [String] = [], status: Int32 = 0) async throws -> (url: String, error: String) {
        let arguments = ["plan", "c.yaml", "--results", "results", "--shards", "3", "--scratch", "scratch"]
        let outcome = try await dredge(arguments + flags, status: status)
        return (outcome.output.trimmingCharacters(in: .newlines), outcome.error)
    }

    private func workAndMerge(_ job: String, _ flags: [String] = [], status: Int32 = 0) async throws -> String {
        _ = try await dredge(["worker", "--job", job, "--shard-index", "any", "--no-progress"])
        return try await dredge(["merge", "--job", job] + flags, status: status).error
    }

    private func output(_ arguments: [String]) async throws -> String { try await dredge(arguments).output }

    @Test func `a job that goes on from another reads only what is new, and the readers see one store`() async throws {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        _ = try await workAndMerge(first)
        _ = try await dredge(["run", "c.yaml", "--no-progress"])

        var changed = texts
        changed["12.txt"] = nil
        changed["13.txt"] = Array("changed\n".utf8)
        changed["99.txt"] = Array("new\n".utf8)
        try play(changed)
        let (second, told) = try await plan(["--since", "latest"])
        #expect(told.contains("18 unchanged, 1 removed") && told.contains("2 objects"), "\(told)")
        #expect(try await plan(["--since", first]).url == second)
        func reads() throws -> Int { try server.requests().count { $0.action == .get } }
        let readCount = try reads()
        _ = try await workAndMerge(second)
        #expect(try reads() - readCount == 2)
        _ = try await dredge(["run", "c.yaml", "--no-progress"])

        let store = "s.chunks"
        for place in [second, "results"] {
            for command in [["digest"], ["digest", "--versions"], ["export"]] {
                #expect(try await output(["store"] + command + [store]) == output(["store"] + command + [place]))
            }
            let listed = try await output(["store", "ls", place])
            #expect(listed.contains("99.txt") && !listed.contains("12.txt"))
            #expect(try await output(["store", "show", place, "13.txt"]).contains("changed"))
            #expect(try await output(["store", "show", place, "14.txt"]).contains("14.txt"))
            _ = try await dredge(["store", "show", place, "12.txt"], status: 1)
            _ = try await dredge(["store", "verify", place])
            #expect(try await output(["store", "stats", place]).contains("20 indexed"))
        }
        // The first one is as it was.
        #expect(try await output(["store", "ls", first]).contains("12.txt"))
        _ = try await dredge(["merge", "--job", second, "--into", "merged.chunks"])
        #expect(try await output(["store", "digest", "merged.chunks"]) == output(["store", "digest", store]))

        // Nothing has changed: there is nothing to do, and the catalog says the same.
        let (third, nothing) = try await plan(["--since", "latest"])
        #expect(nothing.contains("20 unchanged, 0 removed"), "\(nothing)")
        _ = try await workAndMerge(third)
        #expect(try await output(["store", "digest", third]) == output(["store", "digest", store]))
    }

    @Test func `what fails keeps what is stored of it, and is read again by the next job`() async throws {
        defer { server.stop() }
        try play(texts)
        _ = try await workAndMerge(try await plan().url)
        var changed = texts
        changed["13.txt"] = Array("changed\n".utf8)
        let refused = ScriptedS3Server.Fault.error(on: .get, 403, "AccessDenied").forKey("13.txt").times(-1)
        try play(changed, faults: [refused])
        let second = try await plan(["--since", "latest"]).url
        _ = try await dredge(["worker", "--job", second, "--shard-index", "any", "--no-progress"], status: 2)
        _ = try await dredge(["merge", "--job", second], status: 2)
        #expect(try await output(["store", "ls", second, "--state", "failed"]).contains("an older version is stored"))
        #expect(!(try await output(["store", "show", second, "13.txt"]).contains("changed")))
        _ = try await dredge(["store", "verify", second])
        try play(changed)
        let third = try await plan(["--since", "latest"]).url
        _ = try await workAndMerge(third)
        #expect(try await output(["store", "show", third, "13.txt"]).contains("changed"))
    }

    @Test func `what may be a mistake is removed only when somebody confirms it`() async throws {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        _ = try await workAndMerge(first)
        try play([:])
        let (empty, withheld) = try await plan(["--since", "latest"], status: 2)
        #expect(withheld.contains("the removal of 20 documents is withheld"), "\(withheld)")
        _ = try await workAndMerge(empty, status: 2)
        #expect(try await output(["store", "ls", empty, "--state", "vanished"]).split(separator: "\n").count == 20)
        #expect(try await output(["store", "digest", empty]) == output(["store", "digest", first]))
        // They are listed again: nothing has to be read.
        try play(texts)
        let (again, told) = try await plan(["--since", "latest"])
        #expect(told.contains("20 unchanged"), "\(told)")
        _ = try await workAndMerge(again)
        #expect(try await output(["store", "ls", again, "--state", "indexed"]).split(separator: "\n").count == 20)
        try play([:])
        let gone = try await plan(["--since", "latest", "--confirm-deletions"]).url
        _ = try await workAndMerge(gone)
        #expect(try await output(["store", "ls", gone]).isEmpty)
        _ = try await dredge(["store", "verify", gone])
    }

    @Test func `a removal that a job withholds stays withheld in the store that is made of it`() async throws {
        defer { server.stop() }
        try play(texts)
        _ = try await workAndMerge(try await plan().url)
        try play([:])
        let empty = try await plan(["--since", "latest"], status: 2).url
        _ = try await workAndMerge(empty, ["--into", "s.chunks"], status: 2)
        let digest = try await output(["store", "digest", empty])
        // Once more changes nothing.
        _ = try await dredge(["merge", "--job", empty, "--into", "s.chunks"], status: 2)
        #expect(try await output(["store", "digest", "s.chunks"]) == digest)
        #expect(
            try await output(["store", "ls", "s.chunks", "--state", "vanished"]).split(separator: "\n").count == 20)
        var most = texts
        most["12.txt"] = nil
        most["13.txt"] = nil
        try play(most)
        // Two of twenty would go, had nobody withheld them before.
        let outcome = try await dredge(["run", "c.yaml", "--no-progress"], status: 2)
        #expect(outcome.error.contains("the removal of 2 documents is withheld"), "\(outcome)")
        #expect(try await output(["store", "digest", "s.chunks"]) == digest)
        _ = try await dredge(["store", "verify", "s.chunks"])
    }

    @Test func `what other filters leave out stays in the store that is made of a job that keeps it`() async throws {
        defer { server.stop() }
        try play(texts)
        _ = try await workAndMerge(try await plan().url)
        let config = try String(contentsOf: directory.url.appending(path: "c.yaml"), encoding: .utf8)
        try directory.write(
            "c.yaml", config.replacingOccurrences(of: "auth: anonymous", with: #"auth: anonymous, exclude: ["12*"]"#))
        let second = try await plan(["--since", "latest"], status: 2).url
        _ = try await workAndMerge(second, ["--into", "s.chunks"], status: 2)
        let digest = try await output(["store", "digest", second])
        let outcome = try await dredge(["run", "c.yaml", "--no-progress"], status: 2)
        #expect(outcome.error.contains("the removal of 1 document is withheld"), "\(outcome)")
        #expect(try await output(["store", "digest", "s.chunks"]) == digest)
    }

    @Test func `the first night reads everything`() async throws {
        defer { server.stop() }
        try play(texts)
        let (first, told) = try await plan(["--since", "latest"])
        #expect(told.contains("no job was merged in") && told.contains("20 objects"), "\(told)")
        _ = try await dredge(["status", "--job", first, "--exit-code"], status: 2)
        _ = try await workAndMerge(first)
        _ = try await dredge(["status", "--job", first, "--exit-code"])
    }

    @Test func `a job goes on from one that fits, and the latest catalog goes back only when it is said`() async throws
    {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        let notMerged = try await plan(["--since", first], status: 1).error
        #expect(notMerged.contains("has no catalog yet"), "\(notMerged)")
        _ = try await workAndMerge(first)
        var changed = texts
        changed["13.txt"] = Array("changed\n".utf8)
        try play(changed)
        let other = try await plan().url
        #expect(try await workAndMerge(other).contains("the latest catalog stays"))
        #expect(!(try await output(["store", "show", "results", "13.txt"]).contains("changed")))
        _ = try await workAndMerge(other, ["--make-latest"])
        #expect(try await output(["store", "show", "results", "13.txt"]).contains("changed"))

        for (line, told) in [
            ("bucket: other", "Its source 1 is \"docs\", s3://bucket/"), ("bucket: bucket", "other settings"),
        ] {
            try directory.write(
                "c.yaml",
                """
                store: s.chunks
                \(told == "other settings" ? "chunking: {max_tokens: 100}" : "")
                sources:
                  - {name: docs, \(line), endpoint_url: "\(server.endpointURL)", auth: anonymous}
                """)
            let refused = try await plan(["--since", "latest"], status: 1).error
            #expect(refused.contains(told), "\(refused)")
        }
    }

    @Test func `jobs that go on from one another come to an end that is told before`() async throws {
        defer { server.stop() }
        try play(["10.txt": texts["10.txt"] ?? []])
        _ = try await workAndMerge(try await plan().url)
        for count in 1..<64 {
            let (job, told) = try await plan(["--since", "latest"])
            #expect(told.contains("can go on from this one") == (count > 56), "\(count): \(told)")
            if count == 63 { #expect(told.contains("no job can go on"), "\(told)") }
            _ = try await dredge(["merge", "--job", job])
        }
        #expect(try await plan(["--since", "latest"], status: 1).error.contains("--make-latest"))
        #expect(try await output(["store", "stats", "results"]).contains("1 indexed"))
        _ = try await workAndMerge(try await plan().url, ["--make-latest"])
        #expect(try await plan(["--since", "latest"]).error.contains("1 unchanged"))
    }

    @Test func `a history that was changed is told of`() async throws {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        _ = try await workAndMerge(first)
        var changed = texts
        changed["13.txt"] = nil
        try play(changed)
        let second = try await plan(["--since", "latest"]).url
        _ = try await workAndMerge(second)
        _ = try await dredge(["store", "verify", second])
        let rows = URL(filePath: "\(second)manifests/settled.csv.gz")
        let bytes = try Data(contentsOf: rows)
        try bytes.prefix(bytes.count - 3).write(to: rows)
        let damaged = try await dredge(["store", "verify", second], status: 3).output
        #expect(damaged.contains("settled.csv.gz"), "\(damaged)")
        try bytes.write(to: rows)
        let catalog = URL(filePath: "\(first)catalog.json")
        let text = try String(contentsOf: catalog, encoding: .utf8)
        try (text + " ").write(to: catalog, atomically: true, encoding: .utf8)
        let other = try await dredge(["store", "ls", second], status: 3).error
        #expect(other.contains("\(first)catalog.json"), "\(other)")
    }

    @Test func `a source that is refused for a night keeps what is stored, and stops no other`() async throws {
        defer { server.stop() }
        try play(texts)
        _ = try await workAndMerge(try await plan().url)
        var changed = texts
        changed["13.txt"] = Array("changed\n".utf8)
        changed["99.txt"] = Array("new\n".utf8)
        try play(changed, faults: [ScriptedS3Server.Fault.error(on: .get, 403, "AccessDenied").times(-1)])
        let refused = try await plan(["--since", "latest"]).url
        _ = try await dredge(["worker", "--job", refused, "--shard-index", "any", "--no-progress"], status: 2)
        _ = try await dredge(["merge", "--job", refused], status: 2)
        #expect(try await output(["store", "ls", refused, "--state", "failed"]).split(separator: "\n").count == 2)
    }

    @Test func `sources that share a bucket are found by prefix, name and key`() async throws {
        defer { server.stop() }
        let source = "bucket: bucket, endpoint_url: \"\(server.endpointURL)\", auth: anonymous"
        try directory.write("c.yaml", "store: s.chunks\nsources:\n  - {name: b, \(source)}\n  - {name: a, \(source)}\n")
        try play(texts)
        for shardCount in [40, 3, 7] {
            let arguments = ["plan", "c.yaml", "--results", "results", "--shards", "\(shardCount)"]
            let job = try await output(arguments).trimmingCharacters(in: .newlines)
            _ = try await workAndMerge(job)
            for key in ["10.txt", "13.txt", "29.txt"] {
                #expect(try await output(["store", "ls", job, "--prefix", key]).split(separator: "\n").count == 2)
                for name in ["a", "b"] { _ = try await output(["store", "show", job, key, "--source", name]) }
            }
        }
    }

    @Test func `a catalog with another digest, order or number is refused`() async throws {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        _ = try await workAndMerge(first)
        let catalog = URL(filePath: "\(first)catalog.json")
        let text = try String(contentsOf: catalog, encoding: .utf8)
        let shards = try #require(text.firstRange(of: /"shards":\[(\{.*?\}),(\{.*?\}),(\{.*?\})\]/))
        let parts = text[shards].dropFirst(10).dropLast().replacing("},{", with: "}\n{").split(separator: "\n")
        let reversed = "\"shards\":[" + parts.reversed().joined(separator: ",") + "]"
        for other in [
            text.replacing(/"digest":"[0-9a-f]+"/, with: "\"digest\":\"hello\""),
            text.replacing(/"chunk_count":\d+/, with: "\"chunk_count\":9223372036854775807"),
            text.replacing(/"content_sum":"[0-9a-f]/, with: "\"content_sum\":\"x"),
            text.replacing(/"content_count":\d+/, with: "\"content_count\":21"),
            text.replacing(text[shards], with: reversed),
        ] {
            #expect(other != text)
            try other.write(to: catalog, atomically: true, encoding: .utf8)
            for arguments in [["store", "digest", first], ["store", "verify", first], ["store", "ls", first]] {
                let told = try await dredge(arguments, status: 3).error
                #expect(told.contains("catalog.json"), "\(told)")
            }
            #expect(try await plan(["--since", first], status: 3).error.contains("catalog.json"))
        }
    }

    @Test func `the latest catalog goes to a job that goes on from it over another one`() async throws {
        defer { server.stop() }
        try play(texts)
        let first = try await plan().url
        _ = try await workAndMerge(first)
        let latest = URL(filePath: "\(directory.url.path)/results/latest.json")
        let before = try Data(contentsOf: latest)
        var changed = texts
        changed["99.txt"] = Array("new\n".utf8)
        try play(changed)
        let second = try await plan(["--since", "latest"]).url
        _ = try await workAndMerge(second)
        try before.write(to: latest)
        changed["98.txt"] = Array("newer\n".utf8)
        try play(changed)
        let third = try await plan(["--since", second]).url
        #expect(!(try await workAndMerge(third).contains("the latest catalog stays")))
        #expect(try await output(["store", "ls", "results"]).contains("98.txt"))
    }
}
