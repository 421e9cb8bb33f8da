import Foundation
import TestServers
import Testing

@testable import DredgeService

@Suite struct SearchTests {
    /// Words of very different frequencies.
    static func text(_ count: Int, _ generator: inout SeededGenerator) -> String {
        (0..<count).map { index in
            let rank = Int(pow(400, Double.random(in: 0..<1, using: &generator)))
            let word = index % 7 == 0 ? "Word\(rank)," : "word\(rank)"
            return word + (index % 9 == 8 ? "\n" : " ")
        }.joined()
    }

    @Test(arguments: [1, 2, UInt64.random(in: 3 ... .max)])
    func ranksAsAPlainReferenceDoesAlsoAfterRewritingAndDeletion(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let bench = try await SearchBench(postingCountMax: [64, 1_000].randomElement(using: &generator) ?? 64)
        for index in 0..<60 {
            bench.objects["a/\(index).txt"] = Self.text(Int.random(in: 1...300, using: &generator), &generator)
        }
        try await bench.index()
        try await bench.compare(seed: seed, &generator)
        for index in 0..<5 { bench.objects["a/\(index).txt"] = Self.text(80, &generator) }
        bench.objects["b/new.txt"] = Self.text(500, &generator)
        try await bench.index()
        try await bench.compare(seed: seed, &generator)
        try await bench.service.documents.delete("docs", bench.documentID("a/7.txt"), for: bench.caller)
        try await bench.compare(seed: seed, &generator)
        for index in 0..<40 { bench.objects["a/\(index).txt"] = Self.text(80, &generator) }
        try await bench.index()
        try await bench.compare(seed: seed, &generator)
        await bench.close()
    }

    @Test func answersEveryFieldOfAResult() async throws {
        let bench = try await SearchBench(["x/report.txt": "The quick brown fox.\n"])
        try await bench.index(metadata: ["year": 2024])
        let answer = try await bench.ask("FOX", ["rerank": true, "top_k": 3, "search_results": false])
        let result = try #require(answer["search_results"].items.first)
        #expect(answer["success"] == true && answer["query"] == "FOX" && answer["top_k"] == 3)
        #expect(answer["total_results"] == 1 && answer["warnings"].items.count == 1)
        #expect(answer["request_id"] != nil && answer["execution_time_ms"] != nil)
        #expect(result["content"] == "The quick brown fox.\n" && result["chunk_index"] == 0)
        #expect(result["uri"] == "s3://bucket/x/report.txt" && result["filename"] == "report.txt")
        #expect(result["byte_offset"] == 0 && result["byte_length"] == 21 && result["metadata"] == ["year": 2024])
        #expect(result["document_id"] != nil && result["etag"] != nil && result["token_count"] != nil)
        let permissions = try FileManager.default.attributesOfItem(atPath: try await bench.searchPath)[
            .posixPermissions]
        #expect(permissions as? Int == 0o600)
        await bench.close()
    }

    @Test func takesAnyTextAsAQuery() async throws {
        let bench = try await SearchBench(["a.txt": "naïve CAFÉ 東京 \"AND\" x* y-z 🙂\n"])
        try await bench.index()
        let odd = [
            "\"", "'", "a OR b NOT", "NEAR(a b, 1)", "*", "-", "(", "{a}:b", "^a", "\u{0}", "\u{FEFF}\u{202E}", "%_;--",
            "\u{301}", "🙂", String(repeating: "a\" OR ", count: 150_000), String(repeating: "z", count: 1_000_000),
        ]
        for query in odd { _ = try await bench.ask(query) }
        #expect(try await bench.ask("\"-*")["warnings"].items.count == 1)
        for query in ["NAIVE", "cafe\u{301}", "café", "京", "and", "\"x\""] {
            #expect(try await bench.found(query) == ["a.txt"], "\(query)")
        }
        let many = (0..<100).map { "w\($0)" }.joined(separator: " ")
        #expect(try await bench.ask(many)["warnings"].items.count == 1)
        await bench.close()
    }

    @Test func findsThePresentTextOfADocumentThatWasGoneInBetween() async throws {
        let bench = try await SearchBench(["a.txt": "first alphasecret\n", "b.txt": "other\n"])
        try await bench.index()
        #expect(try await bench.found("alphasecret") == ["a.txt"])
        // No text: the document goes, and its batch.
        bench.objects["a.txt"] = "\u{0}\u{1}\u{2}\u{0}"
        try await bench.index()
        #expect(try await bench.found("alphasecret") == [])
        bench.objects["a.txt"] = "final omegasecret\n"
        try await bench.index()
        #expect(try await bench.found("omegasecret") == ["a.txt"])
        #expect(try await bench.found("alphasecret") == [])
        #expect(try await bench.chunks().values.contains { $0["content"] == "final omegasecret\n" })
        await bench.close()
    }

    @Test func refusesWhatItCanNotDo() async throws {
        let bench = try await SearchBench()
        for (body, status) in [
            (["query": "a", "inference": true], "inference_not_supported"),
            (["query": "a", "stream": true], "invalid"), (["query": "", "top_k": 3], "invalid"), ([:], "invalid"),
            (["query": "a", "top_k": 101], "invalid"), (["query": "a", "top_k": 0], "invalid"),
            (["query": "a", "limit": 1], "invalid"),
            (["query": "a", "metadata_filter": ["a": ["$near": 1]]], "invalid"),
        ] as [(JSON, String)] {
            let error = await #expect(throws: ServiceError.self) {
                try await bench.service.search.query("docs", body, for: bench.caller)
            }
            switch error {
            case .invalid: #expect(status == "invalid", "\(body)")
            case .refused(let refusal): #expect(refusal.code == status, "\(body)")
            case nil: break
            }
        }
        #expect(try await bench.found("anything") == [])
        let foreign = Caller(keyID: "key", organization: "another", environment: .development)
        await #expect(throws: ServiceError.notFound("collection")) {
            try await bench.service.search.query("docs", ["query": "a"], for: foreign)
        }
        await bench.close()
    }

    @Test func filtersByWhatJobsAttachedAndByPlace() async throws {
        let bench = try await SearchBench(["a/one.txt": "apple\n"])
        try await bench.index(metadata: ["year": 2023, "tags": ["red", "ripe"]])
        bench.objects["b/two.txt"] = "apple\n"
        try await bench.index(metadata: ["year": .number(2024.5), "draft": true])
        for (filter, expected) in [
            (["year": 2023], ["a/one.txt"]), (["year": ["$gt": 2023]], ["b/two.txt"]),
            (["tags": "red"], ["a/one.txt"]), (["tags": ["$nin": ["red"]]], ["b/two.txt"]),
            (["$or": [["draft": true], ["tags": ["$in": ["ripe", "x"]]]]], ["a/one.txt", "b/two.txt"]),
            (["filename": "two.txt"], ["b/two.txt"]), (["uri": ["$lt": "s3://bucket/b"]], ["a/one.txt"]),
            (["missing": ["$ne": 1]], ["a/one.txt", "b/two.txt"]), (["missing": 1], []),
            ([:], ["a/one.txt", "b/two.txt"]),
        ] as [(JSON, [String])] {
            #expect(try await bench.found("apple", ["metadata_filter": filter]).sorted() == expected, "\(filter.text)")
        }
        await bench.close()
    }
}

@Suite struct SearchDeletionTests {
    @Test func nothingOfADeletedDocumentStaysInTheSearchFile() async throws {
        let bench = try await SearchBench(["secret-plan.txt": "zanzibarium apple\n", "b.txt": "apple pear\n"])
        try await bench.index(metadata: ["note": "marmalade"])
        for trace in ["zanzibarium", "secret-plan", "marmalade"] {
            #expect(try await bench.searchFileHas(trace))
        }
        try await bench.service.documents.delete("docs", bench.documentID("secret-plan.txt"), for: bench.caller)
        for trace in ["zanzibarium", "secret-plan"] { #expect(try await !bench.searchFileHas(trace)) }
        #expect(try await bench.found("zanzibarium") == [])
        #expect(try await bench.found("apple") == ["b.txt"])
        #expect(try await bench.service.documents.deleteAll("docs", for: bench.caller) == 1)
        for trace in ["apple", "b.txt", "marmalade"] { #expect(try await !bench.searchFileHas(trace)) }
        #expect(try await bench.found("apple") == [])
        await bench.close()
    }

    @Test(arguments: [10, 60, ServiceLimits.searchPostingCountMax])
    func whatWasDeletedOrReplacedIsInNoSegment(postingCountMax: Int) async throws {
        let bench = try await SearchBench(postingCountMax: postingCountMax)
        for index in 0..<24 { bench.objects["\(index).txt"] = "rareword\(index)x apple pear plum\n" }
        try await bench.index()
        for index in 0..<10 { bench.objects["\(index).txt"] = "newword\(index)x apple\n" }
        try await bench.index()
        for index in 15..<21 {
            try await bench.service.documents.delete("docs", bench.documentID("\(index).txt"), for: bench.caller)
        }
        for index in 0..<10 { #expect(try await bench.found("rareword\(index)x") == []) }
        for index in 15..<21 { #expect(try await bench.found("rareword\(index)x") == []) }
        let words = try await bench.wordsOfFiles()
        #expect(
            words.filter { $0.hasPrefix("rare") }.sorted()
                == ((10..<15).map { "rareword\($0)x" } + (21..<24).map { "rareword\($0)x" }))
        #expect(words.filter { $0.hasPrefix("new") }.count == 10)
        await bench.close()
    }

    @Test func deletingOneDocumentTakesWhatWasReplacedBeforeAlong() async throws {
        let bench = try await SearchBench(["a.txt": "zanzibarium\n", "b.txt": "apple\n"])
        for index in 0..<20 { bench.objects["c\(index)"] = "filler\n" }
        try await bench.index()
        bench.objects["a.txt"] = "pear\n"
        try await bench.index()
        #expect(try await bench.found("zanzibarium") == [])
        try await bench.service.documents.delete("docs", bench.documentID("b.txt"), for: bench.caller)
        #expect(try await !bench.searchFileHas("zanzibarium"))
        #expect(try await bench.found("pear") == ["a.txt"])
        await bench.close()
    }

    @Test func aJobThatIsRolledBackLeavesNoWord() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        bench.objects["b.txt"] = "zanzibarium apple\n"
        let job = try await bench.index()
        #expect(try await bench.found("zanzibarium") == ["b.txt"])
        _ = try await bench.service.jobs.rollBack(job, for: bench.caller)
        #expect(try await bench.found("zanzibarium") == [])
        #expect(try await !bench.searchFileHas("zanzibarium"))
        #expect(try await bench.found("apple") == ["a.txt"])
        await bench.close()
    }

    @Test func aDeletedCollectionLeavesNoFile() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        let path = try await bench.searchPath
        #expect(FileManager.default.fileExists(atPath: path))
        try await bench.service.collections.delete("docs", for: bench.caller)
        #expect(!FileManager.default.fileExists(atPath: path))
        await bench.close()
    }
}

@Suite struct SearchRecoveryTests {
    @Test func aFileThatIsMissingDamagedOrBehindIsMadeBeforeTheFirstQuery() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        let path = try await bench.searchPath
        let old = try Data(contentsOf: URL(filePath: path))
        bench.objects["b.txt"] = "apple pear\n"
        try await bench.index(metadata: ["kind": "fruit"])
        let cases: [(String, () throws -> Void)] = [
            ("missing", { try FileManager.default.removeItem(atPath: path) }),
            ("behind", { try old.write(to: URL(filePath: path)) }),
            ("empty", { try Data().write(to: URL(filePath: path)) }),
            ("no database", { try Data(repeating: 7, count: 9_000).write(to: URL(filePath: path)) }),
            ("with a leftover", { try Data("x".utf8).write(to: URL(filePath: path + "-new")) }),
        ]
        for (name, damage) in cases {
            try await bench.restart(damage)
            #expect(try await bench.found("pear") == ["b.txt"], "\(name)")
            #expect(try await bench.found("apple").sorted() == ["a.txt", "b.txt"], "\(name)")
            #expect(
                try await bench.found("apple", ["metadata_filter": ["kind": "fruit"]]) == ["b.txt"], "\(name)")
        }
        await bench.close()
    }
}

@Suite struct PostingListTests {
    private static func postings(_ generator: inout SeededGenerator) -> [Posting] {
        var (chunk, postings) = (UInt32(0), [Posting]())
        for _ in 0..<Int.random(in: 1...1_000, using: &generator) {
            chunk += UInt32(pow(10_000, Double.random(in: 0..<1, using: &generator))) - 1
            postings.append(Posting(chunk: chunk, count: UInt32.random(in: 1...3, using: &generator)))
            chunk += 1
        }
        return postings
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func postingsAreReadAsTheyWereWritten(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var writer = PostingWriter(TermFrequency(averageLength: 3))
        for _ in 0..<30 {
            let postings = Self.postings(&generator)
            let end = (postings.last?.chunk ?? 0) + 1
            for posting in postings { writer.append(posting, length: 3) }
            writer.finish { count, bytes in
                #expect(count == postings.count)
                var (cursor, found, first) = (
                    PostingCursor(bytes, postingCount: count, chunkCount: Int(end)), [Posting](), UInt32(0)
                )
                var expected: [Posting] = []
                while first < end {
                    let stop = min(end, first + UInt32.random(in: 1...5_000, using: &generator))
                    let inWindow = postings.filter { first..<stop ~= $0.chunk }
                    let impact = cursor.impact(from: first, to: stop)
                    let most = inWindow.map { TermFrequency(averageLength: 3).factor($0.count, length: 3) }.max()
                    #expect(Float(impact ?? 0) / 255 >= most ?? 0, "seed \(seed)")
                    if Bool.random(using: &generator) {
                        expected += inWindow
                        cursor.forEach(from: first, to: stop) { found.append(Posting(chunk: $0, count: $1)) }
                    }
                    first = stop
                }
                #expect(cursor.isSound && found == expected, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func bytesThatAreNoPostingsAreNoHarm(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var writer = PostingWriter(TermFrequency(averageLength: 3))
        for round in 0..<400 {
            let postings = Self.postings(&generator)
            for posting in postings { writer.append(posting, length: 3) }
            writer.finish { count, bytes in
                var bytes = bytes
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                if round % 2 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
                var cursor = PostingCursor(bytes, postingCount: count, chunkCount: 5_000)
                cursor.forEach(from: 0, to: 5_000) { chunk, _ in #expect(chunk < 5_000) }
            }
        }
    }
}
