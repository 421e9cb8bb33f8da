import Foundation
import TestServers
import Testing

/// `Examples/python/dredge_store.py` and `Examples/store_views.sql`, which read a store without Dredge.
@Suite struct StoreExampleTests {
    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Examples")

    /// A store with two sources, texts that are not UTF-8, and a document of an older version than is listed.
    private func makeStore() async throws -> ScriptedBucket {
        let bucket = try await ScriptedBucket(chunking: "{max_tokens: 48, overlap_tokens: 8}")
        var sample = SampleText(seed: 5)
        var texts = Dictionary(uniqueKeysWithValues: (0..<12).map { ("\($0).txt", sample.lines(byteCount: 4_000)) })
        for key in ["letters/1.txt", "letters/é \".txt"] { texts[key] = sample.lines(byteCount: 3_000) }
        try bucket.play(texts)
        try await bucket.run()
        texts["3.txt"] = Array("changed\n".utf8)
        texts["4.txt"] = Array("changed\n".utf8)
        try bucket.play(
            texts, faults: [ScriptedS3Server.Fault.error(on: .get, 403, "AccessDenied").forKey("4.txt").times(-1)])
        try await bucket.run(status: 2)
        return bucket
    }

    /// Runs a program of Python in the store's directory; what it printed.
    private func python(_ arguments: [String], in bucket: ScriptedBucket) async throws -> String {
        let outcome = try await Program.run(
            try Python.pinned(), ["-B"] + arguments, environment: ["PYTHONPATH": Self.examples.path + "/python"],
            directory: bucket.directory.url)
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome)")
        return outcome.output
    }

    @Test func `the reader in Python gives what export does`() async throws {
        let bucket = try await makeStore()
        let reader = Self.examples.appending(path: "python/dredge_store.py").path
        for prefix in ["", "letters/", "1", "none"] {
            let theirs = try JSONLine.objects(try await python([reader, "s.chunks", prefix], in: bucket))
            let ours = try JSONLine.objects(
                try await bucket.output(["store", "export", "s.chunks", "--prefix", prefix]))
            #expect(NSArray(array: theirs) == NSArray(array: ours), "\(prefix)")
            #expect(theirs.isEmpty == (prefix == "none"))
            guard prefix.isEmpty else { continue }
            #expect(Set(ours.map { $0["last_modified"] is NSNull }) == [true, false])
            #expect(
                ours.contains { $0["base64"] != nil } && Set(ours.compactMap { $0["source"] as? String }).count == 2)
            let names = Set(ours.map { "\($0["chunk_id"] ?? "")" })
            let places = Set(ours.map { "\($0["key"] ?? "") \($0["ordinal"] ?? "")" })
            #expect(names.count == places.count && names.count < ours.count)
        }
        let documents = try await python(
            [
                "-c",
                """
                import threading
                import dredge_store
                # DuckDB goes on with an iterator on threads of its own.
                chunks = dredge_store.Store("s.chunks").chunks()
                next(chunks)
                thread = threading.Thread(target=lambda: list(chunks))
                thread.start()
                thread.join()
                for document in dredge_store.Store("s.chunks").documents():
                    print(document.source + ":" + document.key, document.chunk_count)
                """,
            ], in: bucket)
        let listed = try JSONLine.objects(try await bucket.output(["store", "ls", "--json", "s.chunks"])).map {
            "\($0["source"] ?? ""):\($0["key"] ?? "") \($0["chunks"] ?? "")\n"
        }
        #expect(documents == listed.joined() && listed.count == 16)
        let none = try await Program.run(
            try Python.pinned(), ["-B", reader, "c.yaml"], directory: bucket.directory.url)
        #expect(none.status == 1 && none.error.contains("is no store of Dredge"))
    }

    /// Neither package is needed for anything else.
    @Test func `where pandas or pyarrow are installed, they get a row for each chunk`() async throws {
        let bucket = try await makeStore()
        let printed = try await python(
            [
                "-c",
                """
                import importlib.util
                import dredge_store
                store = dredge_store.Store("s.chunks")
                count = sum(1 for _ in store.chunks())
                if importlib.util.find_spec("pandas"):
                    frame = store.pandas()
                    assert len(frame) == count and list(frame.columns) == dredge_store.COLUMNS
                if importlib.util.find_spec("pyarrow"):
                    table = store.arrow(source="docs")
                    assert table.column_names == dredge_store.COLUMNS
                    assert table.to_pylist()[0]["text"] == next(store.chunks(source="docs")).text
                    assert sum(len(batch) for batch in store.arrow_reader(row_count=7)) == count
                print(count)
                """,
            ], in: bucket)
        let exported = try JSONLine.objects(try await bucket.output(["store", "export", "s.chunks"]))
        #expect(printed == "\(exported.count)\n")
    }

    @Test func `the views in SQL show what ls does, and write nothing`() async throws {
        let bucket = try await makeStore()
        let before = try Data(contentsOf: bucket.directory.url.appending(path: "s.chunks"))
        let printed = try await python(
            [
                "-c",
                """
                import sqlite3, sys
                store = sqlite3.connect("file:s.chunks?mode=ro", uri=True)
                store.executescript(open(sys.argv[1]).read())
                def ask(columns, view):
                    for row in store.execute(f"SELECT {columns} FROM {view} ORDER BY bucket, key_bytes, source"):
                        print(*row)
                ask("source, key, state, etag, size", "objects")
                ask("source, key, etag, chunks, tokens", "documents")
                print(*store.execute("SELECT count(*), count(outcome), count(began) FROM runs").fetchone())
                print(*store.execute("SELECT count(*) FROM documents WHERE last_modified IS NULL").fetchone())
                print(*store.execute("SELECT count(*) FROM documents JOIN runs ON stored_by = run").fetchone())
                """,
                Self.examples.appending(path: "store_views.sql").path,
            ], in: bucket)
        let listed = try JSONLine.objects(try await bucket.output(["store", "ls", "--json", "s.chunks"]))
        func lines(_ names: [String]) -> [String] {
            listed.map { object in names.map { "\(object[$0] ?? "")" }.joined(separator: " ") }
        }
        let expected =
            lines(["source", "key", "state", "etag", "size"])
            + lines(["source", "key", "stored_etag", "chunks", "tokens"]) + ["2 2 2", "1", "16"]
        #expect(printed.split(separator: "\n").map(String.init) == expected)
        #expect(try Data(contentsOf: bucket.directory.url.appending(path: "s.chunks")) == before)
    }
}
