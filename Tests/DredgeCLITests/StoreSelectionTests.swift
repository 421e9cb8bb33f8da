import Foundation
import TestServers
import Testing

/// Which objects `dredge store ls` and `export` are about, of a store and of a job in its place.
@Suite struct StoreSelectionTests {
    private let texts: [String: [UInt8]] = [
        "a.txt": Array("first\n".utf8), "letters/1.txt": Array("dear\n".utf8), "letters/2.txt": Array("sirs\n".utf8),
        "z.txt": Array("last\n".utf8),
    ]

    /// The keys of the objects that `export` has lines of.
    private func exported(_ bucket: ScriptedBucket, _ arguments: [String]) async throws -> [String] {
        try JSONLine.objects(try await bucket.output(["store", "export"] + arguments)).map {
            "\($0["source"] as? String ?? ""):\($0["key"] as? String ?? "")"
        }
    }

    @Test func `prefix, source, bucket and state choose the same objects of a store and of a job`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(texts)
        try await bucket.run()
        let job = try await bucket.job()
        for place in ["s.chunks", job] {
            for (options, expected) in [
                (["--prefix", "letters/1"], ["docs:letters/1.txt", "letters:letters/1.txt"]),
                (["--prefix", "letters/", "--source", "letters"], ["letters:letters/1.txt", "letters:letters/2.txt"]),
                (["--source", "docs", "--state", "indexed", "--prefix", "z"], ["docs:z.txt"]),
                (["--state", "failed"], []), (["--bucket", "other"], []), (["--prefix", "none"], []),
            ] {
                #expect(try await bucket.keys([place] + options) == expected, "\(place) \(options)")
                #expect(try await exported(bucket, [place] + options) == expected, "\(place) \(options)")
            }
        }
        for command in ["ls", "export"] {
            let refused = try await bucket.dredge(["store", command, "s.chunks", "--state", "lost"], status: 1)
            #expect(refused.error.contains("is not a state: pending, indexed"))
        }
    }

    @Test func `since a run there is what it or a later one has stored`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(texts)
        try await bucket.run()
        let stats = try JSONLine.object(try await bucket.output(["store", "stats", "--json", "s.chunks"]))
        let runs = try #require(stats["runs"] as? [[String: Any]])
        let first = try #require(runs.first?["id"] as? String)
        var changed = texts
        changed["a.txt"] = Array("changed\n".utf8)
        changed["new.txt"] = Array("new\n".utf8)
        try bucket.play(changed)
        try await bucket.run()
        for options in [["--since-run", "latest"], ["--since-run", "latest", "--source", "docs"]] {
            #expect(try await bucket.keys(["s.chunks"] + options) == ["docs:a.txt", "docs:new.txt"])
            #expect(try await exported(bucket, ["s.chunks"] + options) == ["docs:a.txt", "docs:new.txt"])
        }
        #expect(try await bucket.keys(["s.chunks", "--since-run", first]) == bucket.keys(["s.chunks"]))
        // What a run only listed again it has not stored.
        try await bucket.run()
        #expect(try await bucket.keys(["s.chunks", "--since-run", "latest"]).isEmpty)
        let none = try await bucket.dredge(["store", "export", "s.chunks", "--since-run", "none"], status: 1)
        #expect(none.error.contains("has no run \"none\". Its runs, newest first: "))
        #expect(none.error.hasSuffix(", \(first).\n") && none.output.isEmpty)
        let wrong = try await bucket.dredge(["store", "ls", "s.chunks", "--since", "latest"], status: 1)
        #expect(wrong.error == "dredge: --since is for jobs; what a run has stored is --since-run RUN.\n")
    }

    @Test func `since a job there is what it or a later one has stored`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(texts)
        let first = try await bucket.job()
        var changed = texts
        changed["a.txt"] = Array("changed\n".utf8)
        changed["z.txt"] = nil
        try bucket.play(changed)
        let second = try await bucket.job(["--since", "latest"])
        for since in ["latest", second, String(try #require(second.split(separator: "job-").last?.dropLast()))] {
            for place in [second, "results"] {
                #expect(try await bucket.keys([place, "--since", since]) == ["docs:a.txt"])
                #expect(try await exported(bucket, [place, "--since", since]) == ["docs:a.txt"])
            }
        }
        #expect(try await bucket.keys([second, "--since", first]) == bucket.keys([second]))
        let none = try await bucket.dredge(["store", "ls", first, "--since", second], status: 1)
        #expect(none.error.contains("is none of the jobs that this one stands for: "))
        let wrong = try await bucket.dredge(["store", "export", second, "--since-run", "latest"], status: 1)
        #expect(wrong.error == "dredge: a job has no runs; what a job has stored is --since JOB.\n")
    }
}
