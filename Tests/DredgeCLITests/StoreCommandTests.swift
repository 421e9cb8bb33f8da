import DredgeBase
import DredgeLedger
import DredgeStore
import Foundation
import TestServers
import Testing

/// `dredge store …` on a small store, through the real binary.
@Suite struct StoreCommandTests {
    private static let hostileKey = "b/\u{1B}[2J\n.txt"

    /// Three objects: two chunks (the second is not valid UTF-8), one that was skipped, one that failed.
    private func makeStore(_ directory: TemporaryDirectory) async throws -> String {
        let path = directory.url.appending(path: "s.chunks").path
        let store = try ChunkStore.open(
            at: path, settings: ["tokenizer": "o200k_base", "chunking.overlap_tokens": "0"])
        let run = try await store.begin(
            name: "67a1b2c3d4e5", version: "0.1.0",
            sources: [SourceRecord(name: "one", bucket: "acme", prefix: "", endpointURL: nil)])
        let source = run.sources[0].source
        func entry(_ key: String, _ size: UInt64, skip: SkipReason? = nil) -> ListingEntry {
            ListingEntry(
                key: Array(key.utf8), size: size, eTag: ETag("\"e-\(size)\""),
                lastModified: Date(timeIntervalSince1970: 1_700_000_000), skipReason: skip)
        }
        _ = try await store.record(
            [entry("a.txt", 9), entry(Self.hostileKey, 1_500), entry("c/", 0, skip: .folderMarker)], of: source,
            in: run.id, left: nil)
        _ = try await store.completeListing(of: source, in: run.id, isTrusted: true, rule: RemovalRule())
        let pending = try await store.pending(of: source, in: run.id, after: 0, limit: 10)
        let batch = store.makeBatch()
        let span = ChunkSpan(batch: batch.id, firstEntry: 0, firstOrdinal: 0, chunkCount: 2)
        for (ordinal, text) in [Array("ab\tc\n".utf8), [0x64, 0xFF, 0x65, 0x0A]].enumerated() {
            text.withUnsafeBytes {
                batch.append(
                    object: pending[0].id, ordinal: ordinal, byteOffset: UInt64(ordinal * 5), tokenCount: 3 + ordinal,
                    text: $0)
            }
        }
        try batch.seal()
        try store.finish(
            IndexedObject(
                id: pending[0].id, spans: [span], eTag: ETag("e-9"), size: 9, chunkCount: 2, tokenCount: 7,
                documentByteCount: 9))
        try store.settle(
            ObjectOutcome(
                object: pending[1].id, cause: .failed(reason: "accessDenied: no"), attemptCount: 3, requestID: "R1"))
        try await store.finish(run.id, outcome: .complete)
        try store.close()
        return path
    }

    @Test func `ls shows each object with its state, and escapes its key`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let all = try await DredgeBinary.run(["store", "ls", path])
        #expect(all.status == 0)
        #expect(
            all.output == """
                indexed        9 B         2 chunks             7 tokens  s3://acme/a.txt
                failed      1.5 kB access denied: no                      s3://acme/b/\\u{1B}[2J\\n.txt
                skipped        0 B folder marker                          s3://acme/c/

                """)
        let failed = try await DredgeBinary.run(["store", "ls", path, "--state", "failed", "--json"])
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(failed.output.utf8)) as? [String: Any])
        #expect(fields["key"] as? String == Self.hostileKey)
        #expect(fields["request_id"] as? String == "R1" && fields["attempts"] as? Int == 3)
        #expect(fields["last_modified"] as? String == "2023-11-14T22:13:20Z")
        #expect(try await DredgeBinary.run(["store", "ls", path, "--prefix", "c"]).output.hasSuffix("s3://acme/c/\n"))
        #expect(try await DredgeBinary.run(["store", "ls", path, "--bucket", "other"]).output.isEmpty)
        #expect(try await DredgeBinary.run(["store", "ls", path, "--state", "lost"]).status == 1)
    }

    @Test(arguments: [["a.txt"], ["s3://acme/a.txt"], ["a.txt", "--bucket", "acme"]])
    func `show gives the chunks with their places, and their bytes as they are`(key: [String]) async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let outcome = try await DredgeBinary.run(["store", "show", path] + key)
        #expect(
            outcome.output
                == "--- s3://acme/a.txt chunk 0: bytes 0..<5, 3 tokens\nab\tc\n--- s3://acme/a.txt chunk 1: "
                + "bytes 5..<9, 4 tokens\nd\u{FFFD}e\n"
        )
        let limited = try await DredgeBinary.run(["store", "show", path, "--limit", "1"] + key)
        #expect(limited.output == "--- s3://acme/a.txt chunk 0: bytes 0..<5, 3 tokens\nab\tc\n")
    }

    @Test func `show begins with the chunk that is asked for`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let all = try await DredgeBinary.run(["store", "show", path, "a.txt", "--json"]).output.split(separator: "\n")
        #expect(all.count == 2)
        for (options, lines) in [
            (["--first", "0"], all[...]), (["--first", "1"], all[1...]), (["--first", "0", "--limit", "1"], all[..<1]),
            (["--first", "1", "--limit", "\(Int.max)"], all[1...]),
        ] {
            let outcome = try await DredgeBinary.run(["store", "show", path, "a.txt", "--json"] + options)
            #expect(outcome.status == 0 && outcome.output.split(separator: "\n") == Array(lines), "\(options)")
        }
        let none = try await DredgeBinary.run(["store", "show", path, "a.txt", "--first", "2"])
        #expect(none.status == 0 && none.output.isEmpty && none.error.contains("has fewer than 3 chunks"))
        #expect(try await DredgeBinary.run(["store", "show", path, "a.txt", "--first=-1"]).status == 1)
    }

    @Test func `show says why there is nothing to show`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let failed = try await DredgeBinary.run(["store", "show", path, Self.hostileKey])
        #expect(failed.status == 0 && failed.output.isEmpty)
        #expect(
            failed.error == "dredge: s3://acme/b/\\u{1B}[2J\\n.txt has no chunks; it is failed: access denied: no\n")
        let missing = try await DredgeBinary.run(["store", "show", path, "none"])
        #expect(missing.status == 1 && missing.error.contains("none"))
    }

    @Test func `export writes a line of JSON for each chunk, to standard output or into a file`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let printed = try await DredgeBinary.run(["store", "export", path])
        #expect(
            printed.output == """
                {"source":"one","bucket":"acme","prefix":"","key":"a.txt","etag":"e-9",\
                "version_id":null,"last_modified":"2023-11-14T22:13:20Z",\
                "chunk_id":"e575bb7962b370194e0cd66212c612d8","ordinal":0,"byte_offset":0,"byte_length":5,\
                "tokens":3,"text":"ab\\tc\\n"}
                {"source":"one","bucket":"acme","prefix":"","key":"a.txt","etag":"e-9",\
                "version_id":null,"last_modified":"2023-11-14T22:13:20Z",\
                "chunk_id":"393d5d46633278a28ecb72178e64832f","ordinal":1,"byte_offset":5,"byte_length":4,\
                "tokens":4,"text":"d\u{FFFD}e\\n",\
                "base64":"ZP9lCg=="}

                """)
        let written = try await DredgeBinary.run(["store", "export", path, "-o", "x.jsonl"], directory: directory.url)
        #expect(written.status == 0 && written.output.isEmpty)
        #expect(try directory.text("x.jsonl") == printed.output)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
        #expect(!names.contains { $0.contains("partial") })
    }

    @Test func `show prints the lines of an export`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let shown = try await DredgeBinary.run(["store", "show", path, "a.txt", "--json"])
        let exported = try await DredgeBinary.run(["store", "export", path])
        #expect(shown.status == 0 && !shown.output.isEmpty)
        #expect(shown.output == exported.output)
    }

    @Test func `an export that can't be written is a clear error and leaves nothing behind`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let outcome = try await DredgeBinary.run(
            ["store", "export", path, "-o", "none/x.jsonl"], directory: directory.url)
        #expect(outcome.status == 3)
        #expect(outcome.error == "dredge: none/x.jsonl cannot be written: No such file or directory\n")
        #expect(try await DredgeBinary.run(["store", "export", path, "-o", path]).status == 1)
    }

    @Test func `stats, verify and digest`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let stats = try await DredgeBinary.run(["store", "stats", path]).output
        #expect(stats.contains("  tokenizer: o200k_base\n") && stats.contains("  67a1b2c3d4e5: complete after "))
        let json = try await DredgeBinary.run(["store", "stats", "--json", path]).output
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(fields["chunk_count"] as? Int == 2 && fields["token_count"] as? Int == 7)
        let sound = try await DredgeBinary.run(["store", "verify", path])
        #expect(sound.status == 0)
        #expect(sound.output == "The store is sound.\nChecked: 1 object, 2 chunks, 1 batch, 9 B of text.\n")
        var digests: Set<String> = []
        for options in [[], ["--versions"]] {
            let digest = try await DredgeBinary.run(["store", "digest", path] + options).output
            #expect(digest.count == 65 && digest.last == "\n" && digest.dropLast().allSatisfy(\.isHexDigit))
            digests.insert(digest)
        }
        #expect(digests.count == 2)
    }

    @Test(arguments: [
        ["ls"], ["show", "a.txt"], ["export"], ["export", "-o", "x"], ["forget"], ["forget", "--key", "a.txt"],
    ])
    func `a source that the store has not is status 1, and those that it has are named`(command: [String]) async throws
    {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        func run(_ source: String) async throws -> DredgeBinary.Outcome {
            try await DredgeBinary.run(
                ["store", command[0], path] + command.dropFirst() + ["--source", source], directory: directory.url)
        }
        let mistyped = try await run("eno")
        #expect(mistyped.status == 1 && mistyped.output.isEmpty)
        #expect(mistyped.error == "dredge: \(path) has no source \"eno\". It has: \"one\".\n")
        #expect(try await DredgeBinary.run(["store", "ls", path, "--state", "indexed"]).output.contains("a.txt"))
        let right = try await run("one")
        #expect(right.status == 0 && right.error.isEmpty)
    }

    @Test func `repair drops what is damaged, and says what`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let sound = try await DredgeBinary.run(["store", "repair", path])
        #expect(sound.status == 0 && sound.output == "Sound: nothing to repair.\n")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // The text of a chunk: LZ4 leaves one so short as it is.
        let place = try #require(bytes.range(of: Data("ab\tc\n".utf8)))
        bytes[place.lowerBound] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let verified = try await DredgeBinary.run(["store", "verify", path])
        #expect(verified.status == 3 && verified.output.hasPrefix("The store is damaged: "))
        #expect(verified.output.contains("`dredge store repair` drops what is damaged"))
        let repaired = try await DredgeBinary.run(["store", "repair", path])
        #expect(repaired.status == 0)
        #expect(
            repaired.output.hasPrefix("Repaired: 0 rows and 1 batch dropped, 1 object to be read again.\n  batch 1: "))
        #expect(try await DredgeBinary.run(["store", "verify", path]).status == 0)
        #expect(try await DredgeBinary.run(["store", "ls", path, "--state", "pending"]).output.contains("a.txt"))
        let json = try await DredgeBinary.run(["store", "repair", "--json", path]).output
        #expect(json.contains(#""dropped_batch_count":0"#))
    }

    @Test func `compact and forget say what they removed`() async throws {
        let directory = try TemporaryDirectory()
        let path = try await makeStore(directory)
        let compacted = try await DredgeBinary.run(["store", "compact", path])
        #expect(compacted.status == 0 && compacted.output.hasPrefix("Compacted: "))
        #expect(compacted.output.hasSuffix(" now, 0 chunks of no object removed.\n"))
        #expect(try await DredgeBinary.run(["store", "forget", path]).status == 1)
        #expect(try await DredgeBinary.run(["store", "forget", path, "--prefix", ""]).status == 1)
        let json = try await DredgeBinary.run(["store", "forget", path, "--json", "--key", "none"])
        #expect(json.status == 0)
        #expect(json.output.contains(#""forgotten_object_count":0,"#) && json.output.contains(#""object_count":3,"#))
        let nothing = try await DredgeBinary.run(["store", "forget", path, "--prefix", "none"])
        #expect(nothing.status == 0)
        #expect(nothing.output.hasPrefix("No object matches: none is forgotten; 3 are left. "))
        let forgotten = try await DredgeBinary.run(["store", "forget", path, "--source", "one", "--prefix", "a"])
        #expect(forgotten.status == 0 && forgotten.output.hasPrefix("Forgotten: 1 object; 2 are left. "))
        #expect(try await DredgeBinary.run(["store", "export", path]).output.isEmpty)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(bytes.range(of: Data("ab\tc\n".utf8)) == nil && bytes.range(of: Data("a.txt".utf8)) == nil)
    }

    @Test(arguments: ["ls", "stats", "export", "verify", "digest", "repair", "compact"])
    func `what is no store is status 3, and is left as it is`(command: String) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("notes.txt", "not a store")
        for name in [path, directory.url.path + "/none"] {
            let outcome = try await DredgeBinary.run(["store", command, name])
            #expect(outcome.status == 3)
            #expect(outcome.output.isEmpty && outcome.error.hasPrefix("dredge: "))
        }
        #expect(try directory.text("notes.txt") == "not a store")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["notes.txt"])
    }
}
