import Foundation
import TestServers
import Testing

/// `dredge store du`, on stores and on jobs in their place.
@Suite struct StoreUsageTests {
    private let texts: [String: [UInt8]] = [
        "a.txt": Array("one\n".utf8), "letters/1.txt": Array("one two\n".utf8), "letters/x/2.txt": Array("one\n".utf8),
        "letters/x/3.txt": Array("one\n".utf8), "letters/z.txt": Array("one\n".utf8), "z/4.txt": Array("one\n".utf8),
    ]

    private func rows(_ text: String) throws -> [String] {
        try JSONLine.objects(text).map { row in
            let name = (row["prefix"] ?? row["source"]) as? String ?? "?"
            return "\(name) "
                + ["documents", "bytes", "chunks", "tokens"].map { "\(row[$0] ?? "?")" }
                .joined(separator: " ")
        }
    }

    @Test func `folders are counted with all that is below them, and sources with all that is theirs`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(texts)
        try await bucket.run()
        let job = try await bucket.job()
        let docs = ["--source", "docs"]
        for place in ["s.chunks", job] {
            for (options, expected) in [
                (docs + ["--depth", "0"], [" 6 28 6 13"]),
                (docs, ["letters/ 4 20 4 9", "z/ 1 4 1 2", " 6 28 6 13"]),
                (
                    ["--by", "prefix", "--depth", "7"] + docs,
                    ["letters/x/ 2 8 2 4", "letters/ 4 20 4 9", "z/ 1 4 1 2", " 6 28 6 13"]
                ),
                (docs + ["--prefix", "letters/"], ["letters/x/ 2 8 2 4", "letters/ 4 20 4 9"]),
                (docs + ["--prefix", "letters/x"], ["letters/x/ 2 8 2 4", "letters/ 2 8 2 4"]),
                (["--by", "source"], ["docs 6 28 6 13", "letters 4 20 4 9"]), (["--prefix", "none"], []),
            ] {
                let printed = try await bucket.output(["store", "du", place, "--json"] + options)
                #expect(try rows(printed) == expected, "\(place) \(options)")
            }
        }
        #expect(
            try await bucket.output(["store", "du", "s.chunks", "--prefix", "z/"])
                == "          1 documents      4 B           1 chunks               2 tokens  s3://bucket/z/\n")
        for wrong in [["--depth=-1"], ["--by", "source", "--depth", "1"], ["--by", "key"]] {
            try await bucket.dredge(["store", "du", "s.chunks"] + wrong, status: 1)
        }
    }
}
