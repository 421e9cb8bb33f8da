import Foundation
import TestServers
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `dredge store search`, against FTS5 of Python's SQLite over what `dredge store export` prints.
@Suite(.timeLimit(.minutes(30))) struct StoreSearchTests {
    /// What a search printed.
    private struct Found {
        var hits: [[String: Any]]
        var outcome: [String: Any]
        var error: String
        /// Source, key and ordinal of each.
        var names: [String] {
            hits.map { "\($0["source"] ?? "") \($0["key"] ?? "") \($0["ordinal"] ?? "")" }
        }
    }

    private func search(_ bucket: ScriptedBucket, _ arguments: [String]) async throws -> Found {
        let outcome = try await DredgeBinary.run(
            ["store", "search", "s.chunks", "--json"] + arguments, directory: bucket.directory.url)
        var lines = try JSONLine.objects(outcome.output)
        let last = try #require(lines.last, "\(outcome)")
        lines.removeLast()
        #expect(outcome.status == (lines.isEmpty ? 1 : 0), "\(arguments): \(outcome)")
        #expect(last["hit_count"] as? Int == lines.count && last["command"] as? String == "store search", "\(outcome)")
        return Found(hits: lines, outcome: last, error: outcome.error)
    }

    private func build(_ bucket: ScriptedBucket, _ flags: [String] = []) async throws {
        try await bucket.dredge(["store", "search", "s.chunks", "--build"] + flags)
    }

    // MARK: The twin

    /// The chunks that FTS5 finds for each expression, as `Found.names`, sorted.
    private func twin(_ bucket: ScriptedBucket, _ expressions: [String]) async throws -> [[String]] {
        try await bucket.dredge(["store", "export", "s.chunks", "--output", "chunks.jsonl"])
        let script = """
            import json, sqlite3, sys
            db = sqlite3.connect(":memory:")
            db.execute("CREATE VIRTUAL TABLE t USING fts5(name UNINDEXED, text, tokenize='unicode61')")
            for line in open(sys.argv[1], encoding="utf-8"):
                chunk = json.loads(line)
                name = f"{chunk['source']} {chunk['key']} {chunk['ordinal']}"
                db.execute("INSERT INTO t VALUES (?, ?)", (name, chunk["text"]))
            for expression in json.load(sys.stdin):
                print(json.dumps(sorted(row[0] for row in db.execute("SELECT name FROM t WHERE t MATCH ?",
                                                                     (f"text : ({expression})",)))))
            """
        let outcome = try await Program.run(
            try Python.pinned(), ["-c", script, bucket.directory.url.appending(path: "chunks.jsonl").path],
            input: try JSONSerialization.data(withJSONObject: expressions))
        try #require(outcome.status == 0, "\(outcome)")
        return try outcome.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String])
        }
    }

    private static let vocabulary =
        (0..<40).map { "word\($0)" } + [
            "whale", "Whale", "whaler", "café", "CAFÉ", "cafe", "Ärger", "наука", "НАУКА", "3", "14",
        ]

    private static func word(_ generator: inout SeededGenerator) -> String {
        let count = Double(vocabulary.count)
        return vocabulary[Int(pow(count, Double.random(in: 0..<1, using: &generator))) % vocabulary.count]
    }

    private static func text(_ generator: inout SeededGenerator) -> [UInt8] {
        var text = ""
        for _ in 0..<Int.random(in: 1..<150, using: &generator) {
            text += word(&generator)
            text +=
                [" ", " ", " ", ", ", "\n", "-", ".", " \"", "* ", "(", "\t"].randomElement(using: &generator) ?? " "
        }
        return Array(text.utf8)
    }

    /// A query, and the same for FTS5.
    private static func query(_ generator: inout SeededGenerator) -> (text: String, isAny: Bool, expression: String) {
        let isAny = Bool.random(using: &generator)
        var (texts, expressions) = ([String](), [String]())
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                let phrase = (0..<Int.random(in: 2...3, using: &generator)).map { _ in word(&generator) }
                    .joined(separator: " ")
                texts.append("\"\(phrase)\"")
                expressions.append("\"\(phrase)\"")
            case 1:
                let start = String(word(&generator).prefix(Int.random(in: 1...5, using: &generator)))
                texts.append(start + "*")
                expressions.append("\"\(start)\" *")
            case 2:
                let (one, other) = (word(&generator), word(&generator))
                texts.append("\(one)-\(other)")
                expressions.append("\"\(one) \(other)\"")
            default:
                let word = word(&generator)
                texts.append(word)
                expressions.append("\"\(word)\"")
            }
        }
        return (texts.joined(separator: " "), isAny, expressions.joined(separator: isAny ? " OR " : " AND "))
    }

    @Test func `finds what FTS5 finds, after any changes of the bucket, in one order whatever was built when`()
        async throws
    {
        let given = ProcessInfo.processInfo.environment["DREDGE_TEST_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: 0...999_999)
        print("StoreSearchTests: DREDGE_TEST_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let bucket = try await ScriptedBucket(chunking: "{max_tokens: 40, overlap_tokens: 8}")
        var texts: [String: [UInt8]] = [:]
        for number in 0..<60 { texts["\(number % 3 == 0 ? "letters/" : "")\(number).txt"] = Self.text(&generator) }
        for round in 0..<4 {
            if round > 0 {
                for key in texts.keys.sorted().shuffled(using: &generator).prefix(6) {
                    texts[key] = Bool.random(using: &generator) ? nil : Self.text(&generator)
                }
                for number in 0..<4 { texts["new \(round) \(number)"] = Self.text(&generator) }
            }
            try bucket.play(texts)
            try await bucket.dredge(["run", "c.yaml", "--no-progress", "--confirm-deletions"])
            let queries = (0..<12).map { _ in Self.query(&generator) }
            let expected = try await twin(bucket, queries.map(\.expression))
            if round > 0 {
                // The index is behind: less may be found, never what the store has not.
                for (query, names) in zip(queries, expected).prefix(3) {
                    let found = try await search(
                        bucket, ["--limit", "10000", query.text] + (query.isAny ? ["--any"] : []))
                    #expect(Set(found.names).isSubset(of: names), "seed \(seed): \(query)")
                    #expect(found.error.contains("not searched: ") && found.error.contains("--build"), "\(found.error)")
                }
            }
            try await build(bucket)
            let fresh = "fresh\(round)"
            try await build(bucket, ["--index", fresh])
            for (query, names) in zip(queries, expected) {
                let arguments = [query.text] + (query.isAny ? ["--any"] : [])
                let found = try await search(bucket, ["--limit", "10000"] + arguments)
                #expect(found.names.sorted() == names, "seed \(seed): \(query)")
                #expect(found.outcome["unsearched_count"] as? Int == 0 && found.outcome["gone_count"] as? Int == 0)
                let keys = try found.hits.map { hit in
                    (
                        -(try #require(hit["score"] as? Double)), try #require(hit["source"] as? String),
                        Array(try #require(hit["key"] as? String).utf8).map(Int.init),
                        try #require(hit["ordinal"] as? Int)
                    )
                }
                for (one, next) in zip(keys, keys.dropFirst()) {
                    let isBefore =
                        (one.0, one.1) != (next.0, next.1)
                        ? (one.0, one.1) < (next.0, next.1)
                        : one.2 != next.2 ? one.2.lexicographicallyPrecedes(next.2) : one.3 < next.3
                    #expect(isBefore, "seed \(seed): \(query)")
                }
                let first = try await search(bucket, ["--limit", "3", "--index", fresh] + arguments)
                #expect(first.names == Array(found.names.prefix(3)), "seed \(seed): \(query)")
            }
        }
    }

    // MARK: What a user sees

    private static let texts = [
        "a.txt": Array("The Blue Whale sings.\n".utf8), "b.txt": Array("A whale is blue; see 3.14.\n".utf8),
        "letters/c.txt": Array("Dear whale,\nyours\n".utf8), "d.txt": Array("nothing of it\n".utf8),
    ]

    @Test func `prints score, source, key, chunk and excerpt, and says what it lacks`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(Self.texts)
        try await bucket.run()
        let digest = try await bucket.output(["store", "digest", "s.chunks"])
        let store = try Data(contentsOf: bucket.directory.url.appending(path: "s.chunks"))
        let none = try await bucket.dredge(["store", "search", "s.chunks", "whale"], status: 3)
        #expect(none.output.isEmpty && none.error.contains("`dredge store search s.chunks --build`"), "\(none)")
        #expect(none.error.contains("less than 1 MB"))
        let built = try await bucket.output(["store", "search", "s.chunks", "--build"])
        #expect(built.hasPrefix("5 documents indexed or taken out; the index has 5 documents of 5 chunks, in "))
        let found = try await bucket.dredge(["store", "search", "s.chunks", "blue", "whale"])
        let lines = found.output.split(separator: "\n").map { $0.split(separator: "  ").map(String.init) }
        #expect(
            lines.map { Array($0[1...]) } == [
                ["docs", "s3://bucket/a.txt", "0", "The Blue Whale sings."],
                ["docs", "s3://bucket/b.txt", "0", "A whale is blue; see 3.14."],
            ])
        #expect(found.error.isEmpty && lines.allSatisfy { Double($0[0].trimmingCharacters(in: .whitespaces)) != nil })
        for (arguments, names) in [
            (["\"blue whale\""], ["docs a.txt 0"]), (["3.14"], ["docs b.txt 0"]), (["sing*"], ["docs a.txt 0"]),
            (["sings", "dear", "--any", "--source", "letters"], ["letters letters/c.txt 0"]),
            (["whale", "--prefix", "letters/", "--limit", "1"], ["docs letters/c.txt 0"]),
            (["whale", "--prefix", "letters/"], ["docs letters/c.txt 0", "letters letters/c.txt 0"]),
        ] {
            #expect(try await search(bucket, arguments).names == names, "\(arguments)")
        }
        for arguments in [["whale", "shark"], ["\"whale blue\""], ["whale", "--prefix", "x"]] {
            let outcome = try await bucket.dredge(["store", "search", "s.chunks"] + arguments, status: 1)
            #expect(outcome.output.isEmpty && outcome.error.hasPrefix("dredge: no chunk has "), "\(outcome)")
        }
        for text in ["AND", "NEAR(", "text:", "^", "NOT whale", "'", "a\"b\"c", "%", "-", "--"] {
            let outcome = try await DredgeBinary.run(
                ["store", "search", "s.chunks", "--", text], directory: bucket.directory.url)
            #expect(outcome.status == 1 && !outcome.error.contains("SQL"), "\(text): \(outcome)")
        }
        let open = try await bucket.dredge(["store", "search", "s.chunks", "\"blue"], status: 1)
        #expect(open.error.contains("a quotation mark is not closed"))
        try await bucket.dredge(["store", "search", "s.chunks", "whale", "--source", "nobody"], status: 1)
        try await bucket.dredge(["store", "search", "s.chunks"], status: 1)
        try await bucket.dredge(["store", "search", "s.chunks", "whale", "--limit", "0"], status: 1)
        #expect(try await bucket.output(["store", "digest", "s.chunks"]) == digest)
        #expect(try Data(contentsOf: bucket.directory.url.appending(path: "s.chunks")) == store)
    }

    @Test func `a change of the store is told, and what it has not is not found`() async throws {
        let bucket = try await ScriptedBucket()
        var texts = Self.texts
        try bucket.play(texts)
        try await bucket.run()
        try await build(bucket)
        texts["a.txt"] = Array("A shark.\n".utf8)
        texts["b.txt"] = nil
        texts["e.txt"] = Array("Another whale.\n".utf8)
        try bucket.play(texts)
        try await bucket.dredge(["run", "c.yaml", "--no-progress", "--confirm-deletions"])
        let stale = try await search(bucket, ["whale"])
        #expect(stale.names == ["docs letters/c.txt 0", "letters letters/c.txt 0"])
        #expect(
            stale.error == """
                dredge: 2 documents of the store are not searched: they are new or changed since the index was built. \
                1 document of the index is no longer in the store. To update the index: `dredge store search s.chunks \
                --build`

                """)
        #expect(stale.outcome["unsearched_count"] as? Int == 2 && stale.outcome["gone_count"] as? Int == 1)
        let updated = try await search(bucket, ["whale", "--build"])
        #expect(updated.names.first == "docs e.txt 0" && updated.hits.count == 3)
        #expect((updated.outcome["built"] as? [String: Any])?["changed_document_count"] as? Int == 3)
        // What is forgotten leaves no word in the index.
        try await bucket.dredge(["store", "forget", "s.chunks", "--key", "e.txt"])
        #expect(!FileManager.default.fileExists(atPath: bucket.directory.url.appending(path: "s.chunks.search").path))
        // A store that was made anew has other runs, whatever else is the same.
        try await build(bucket)
        for suffix in ["", "-wal", "-shm"] { unlink(bucket.directory.url.appending(path: "s.chunks").path + suffix) }
        try await bucket.run()
        let other = try await bucket.dredge(["store", "search", "s.chunks", "whale"], status: 3)
        #expect(other.error.contains("is of another store"), "\(other)")
        try await build(bucket)
        #expect(try await search(bucket, ["whale"]).hits.count == 3)
        // Compacting keeps the index.
        try await bucket.dredge(["store", "compact", "s.chunks"])
        #expect(try await search(bucket, ["whale"]).error.isEmpty)
    }

    @Test func `an index with a hole where a number was is damaged, and built anew`() async throws {
        let bucket = try await ScriptedBucket()
        try bucket.play(Self.texts)
        try await bucket.run()
        try await build(bucket)
        let script = """
            import sqlite3, sys
            catalog = sqlite3.connect(sys.argv[1], isolation_level=None)
            catalog.execute("PRAGMA writable_schema = 1")
            edit = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
            strict, lax = "version INTEGER NOT NULL", "version INTEGER"
            catalog.execute(edit, (strict, lax))
            catalog.close()
            catalog = sqlite3.connect(sys.argv[1], isolation_level=None)
            catalog.execute("UPDATE document SET version = NULL WHERE number = (SELECT min(number) FROM document)")
            catalog.execute("PRAGMA writable_schema = 1")
            catalog.execute(edit, (lax, strict))
            """
        let index = bucket.directory.url.appending(path: "s.chunks.search").path
        let broken = try await Program.run(try Python.pinned(), ["-c", script, index])
        try #require(broken.status == 0, "\(broken)")
        let found = try await bucket.dredge(["store", "search", "s.chunks", "whale"], status: 3)
        #expect(found.error.contains("is damaged"), "\(found)")
        try await build(bucket)
        #expect(try await !search(bucket, ["whale"]).hits.isEmpty)
    }

    @Test
    func `what is no index is left alone, and a store in a place that nobody may write to has its index elsewhere`()
        async throws
    {
        let bucket = try await ScriptedBucket()
        try bucket.play(Self.texts)
        try await bucket.run()
        try bucket.directory.write("notes", "my notes\n")
        for name in ["notes", "c.yaml"] {
            let before = try bucket.directory.text(name)
            let outcome = try await bucket.dredge(
                ["store", "search", "s.chunks", "--build", "--index", name], status: 3)
            #expect(outcome.error.contains("is no search index") && outcome.error.contains("name another path"))
            try await bucket.dredge(["store", "search", "s.chunks", "whale", "--index", name], status: 3)
            #expect(try bucket.directory.text(name) == before)
        }
        let same = try await bucket.dredge(
            ["store", "search", "s.chunks", "--build", "--index", "./s.chunks"], status: 3)
        #expect(same.error.contains("is a file of the store itself"))
        let log = try await bucket.dredge(
            ["store", "search", "s.chunks", "--build", "--index", "s.chunks-wal"], status: 3)
        #expect(log.error.contains("is a file of the store itself"))
        let nowhere = try await bucket.dredge(
            ["store", "search", "s.chunks", "--build", "--index", "nowhere/x"], status: 3)
        #expect(nowhere.error.contains("no directory nowhere"), "\(nowhere)")
        let folder = bucket.directory.url.appending(path: "folder")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            at: bucket.directory.url.appending(path: "s.chunks"), to: folder.appending(path: "s.chunks"))
        chmod(folder.appending(path: "s.chunks").path, 0o400)
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700) }
        let arguments = ["store", "search", "folder/s.chunks", "--index", "x"]
        try await bucket.dredge(arguments + ["--build"])
        let found = try await bucket.dredge(arguments + ["whale"])
        #expect(found.output.split(separator: "\n").count == 4 && found.error.isEmpty, "\(found)")
        let job = try await bucket.dredge(["store", "search", "folder", "whale"], status: 1)
        #expect(job.error.contains("dredge merge --job JOB --into FILE"))
    }

    @Test func `builds that are killed or run side by side end as one that was alone`() async throws {
        let seed = UInt64.random(in: 0...999_999)
        print("StoreSearchTests: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let bucket = try await ScriptedBucket()
        var texts: [String: [UInt8]] = [:]
        for number in 0..<300 { texts["\(number).txt"] = (0..<20).flatMap { _ in Self.text(&generator) } }
        try bucket.play(texts)
        try await bucket.run()
        let expected = try await twin(bucket, ["\"whale\" AND \"word1\""])[0]
        for kill in 0..<8 {
            let build = try DredgeBinary.start(
                ["store", "search", "s.chunks", "--build"], directory: bucket.directory.url)
            let milliseconds = Int.random(in: 0..<(100 + 300 * kill), using: &generator)
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { build.send(SIGKILL) }
            _ = await build.wait()
            let outcome = try await DredgeBinary.run(
                ["store", "search", "s.chunks", "whale", "word1", "--json", "--limit", "10000"],
                directory: bucket.directory.url)
            let lines = try JSONLine.objects(outcome.output)
            let names = lines.dropLast().map { "\($0["source"] ?? "") \($0["key"] ?? "") \($0["ordinal"] ?? "")" }
            #expect(Set(names).isSubset(of: expected), "seed \(seed): \(outcome)")
            let isThere = !outcome.error.contains("has no search index")
            #expect(isThere ? outcome.status < 2 : outcome.status == 3, "seed \(seed): \(outcome)")
        }
        async let one = DredgeBinary.run(["store", "search", "s.chunks", "--build"], directory: bucket.directory.url)
        async let other = DredgeBinary.run(["store", "search", "s.chunks", "--build"], directory: bucket.directory.url)
        for outcome in [try await one, try await other] {
            #expect(
                outcome.status == 0
                    || outcome.status == 3 && outcome.error.contains("is being built by another process"),
                "\(outcome)")
        }
        let found = try await search(bucket, ["whale", "word1", "--limit", "10000"])
        #expect(found.names.sorted() == expected && found.error.isEmpty, "seed \(seed)")
    }
}
