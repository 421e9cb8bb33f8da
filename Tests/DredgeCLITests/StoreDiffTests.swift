import Foundation
import TestServers
import Testing

/// `dredge store diff`, between stores and jobs.
@Suite struct StoreDiffTests {
    @Test func `what was added, removed and changed is listed, and status 2`() async throws {
        let bucket = try await ScriptedBucket()
        var texts = Dictionary(uniqueKeysWithValues: (10..<30).map { ("\($0).txt", Array("text \($0)\n".utf8)) })
        texts["letters/1.txt"] = Array("dear\n".utf8)
        try bucket.play(texts)
        try await bucket.run(into: "before.chunks")
        try await bucket.run(into: "after.chunks")
        let before = try await bucket.job()
        texts["10.txt"] = nil
        texts["20.txt"] = Array("changed\n".utf8)
        texts["letters/1.txt"] = Array("sirs\n".utf8)
        texts["zz.txt"] = Array("new\n".utf8)
        try bucket.play(texts)
        try await bucket.run(into: "after.chunks")
        let after = try await bucket.job(["--since", "latest"])

        for (old, new) in [("before.chunks", "after.chunks"), (before, after), ("before.chunks", after)] {
            let outcome = try await bucket.dredge(["store", "diff", old, new], status: 2)
            #expect(
                outcome.output == """
                    removed       8 B  s3://bucket/10.txt
                    changed       8 B  s3://bucket/20.txt
                    changed       5 B  s3://bucket/letters/1.txt
                    changed       5 B  s3://bucket/letters/1.txt
                    added         4 B  s3://bucket/zz.txt

                    """)
            #expect(outcome.error == "dredge: 1 added, 1 removed, 3 changed, 18 equal\n")
            let some = try await bucket.output(["store", "diff", old, new, "--prefix", "11"])
            #expect(some.isEmpty)
        }
        let lines = try JSONLine.objects(
            try await bucket.dredge(
                ["store", "diff", before, after, "--json", "--source", "letters"], status: 2
            ).output)
        #expect(lines.count == 2 && lines[0]["change"] as? String == "changed")
        #expect(lines[1]["command"] as? String == "store diff" && lines[1]["exit_code"] as? Int == 2)
        #expect((lines[0]["before"] as? [String: Any])?["bytes"] as? Int == 5)
        #expect((lines[0]["after"] as? [String: Any])?["etag"] is String)
        let back = try await bucket.dredge(["store", "diff", after, "before.chunks", "--prefix", "1"], status: 2)
        #expect(back.output == "added         8 B  s3://bucket/10.txt\n")
    }

    @Test func `equal content is status 0, whoever has made it, and other settings are a difference`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(["a.txt": Array("text\n".utf8)])
        try await bucket.run()
        let equal = try await bucket.dredge(["store", "diff", "s.chunks", try await bucket.job()])
        #expect(equal.output.isEmpty && equal.error == "dredge: 0 added, 0 removed, 0 changed, 1 equal\n")
        let config = try bucket.directory.text("c.yaml").replacing("max_tokens: 64", with: "max_tokens: 65")
        try bucket.directory.write("c.yaml", config)
        try await bucket.run(into: "other.chunks")
        let other = try await bucket.dredge(["store", "diff", "s.chunks", "other.chunks"], status: 2)
        #expect(other.error == "dredge: 0 added, 0 removed, 0 changed, 1 equal; the settings differ\n")
        try await bucket.dredge(["store", "diff", "s.chunks", "other.chunks", "--source", "none"], status: 1)
        try await bucket.dredge(["store", "diff", "s.chunks", "c.yaml"], status: 3)
    }
}
