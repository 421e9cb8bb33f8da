import Foundation
import TestServers
import Testing

/// A bucket on a scripted server that two sources read, `docs` all of it and `letters` what begins with `letters/`; and
/// `dredge` on its stores and jobs.
final class ScriptedBucket: Sendable {
    let server: ScriptedS3Server
    let directory: TemporaryDirectory

    init(chunking: String = "{max_tokens: 64, overlap_tokens: 0}") async throws {
        server = try await ScriptedS3Server(.init())
        directory = try TemporaryDirectory()
        let place = "bucket: bucket, endpoint_url: \"\(server.endpointURL)\", auth: anonymous"
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            chunking: \(chunking)
            sources:
              - {name: docs, \(place)}
              - {name: letters, prefix: letters/, \(place)}
            """)
    }

    deinit { server.stop() }

    /// What the bucket has from now on.
    func play(_ objects: [String: [UInt8]], faults: [ScriptedS3Server.Fault] = []) throws {
        let sorted = objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        try server.play(.init(objects: sorted.map { .init($0.key, body: $0.value) }, faults: faults))
    }

    @discardableResult
    func dredge(_ arguments: [String], status: Int32 = 0) async throws -> DredgeBinary.Outcome {
        let outcome = try await DredgeBinary.run(arguments, directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        return outcome
    }

    func output(_ arguments: [String]) async throws -> String { try await dredge(arguments).output }

    /// What `dredge` prints, as bytes.
    func bytes(_ arguments: [String]) async throws -> [UInt8] {
        let outcome = try await Program.run(
            "/bin/sh", ["-c", #""$@" > output"#, "sh", DredgeBinary.url.path] + arguments, directory: directory.url)
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(arguments): \(outcome)")
        return Array(try Data(contentsOf: directory.url.appending(path: "output")))
    }

    /// Indexes the bucket into a store.
    func run(into store: String = "s.chunks", status: Int32 = 0) async throws {
        try await dredge(["run", "c.yaml", "--store", store, "--no-progress"], status: status)
    }

    /// Plans, works and merges a job; its URL.
    func job(_ flags: [String] = []) async throws -> String {
        let plan = ["plan", "c.yaml", "--results", "results", "--shards", "3", "--scratch", "scratch"]
        let job = try await output(plan + flags).trimmingCharacters(in: .newlines)
        try await dredge(["worker", "--job", job, "--shard-index", "any", "--no-progress"])
        try await dredge(["merge", "--job", job])
        return job
    }

    /// The keys that `ls` lists.
    func keys(_ arguments: [String]) async throws -> [String] {
        try JSONLine.objects(try await output(["store", "ls", "--json"] + arguments)).map {
            "\($0["source"] as? String ?? ""):\($0["key"] as? String ?? "")"
        }
    }
}
