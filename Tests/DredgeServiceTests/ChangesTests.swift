import Foundation
import TestServers
import Testing

@testable import DredgeService

/// A copy of a collection's chunks that follows by what `changes` answers.
private struct ChunkCopy {
    var chunks: [String: String] = [:]
    var sequence = "0"

    mutating func follow(_ bench: SearchBench, limit: Int) async throws {
        var cursor: String?
        while true {
            let page = try await bench.service.search.changes(
                "docs", since: sequence, limit: limit, cursor: cursor, for: bench.caller)
            #expect(page["removed"].items.count + page["added"].items.count <= limit)
            for gone in page["removed"].items {
                let start = "\(gone["document_id"]?.stringValue ?? ""):"
                chunks = chunks.filter { !$0.key.hasPrefix(start) }
            }
            for chunk in page["added"].items {
                chunks["\(chunk["document_id"]?.stringValue ?? ""):\(chunk["chunk_index"]?.text ?? "")"] =
                    chunk["content"]?.stringValue
            }
            guard let next = page["next_cursor"]?.stringValue else {
                sequence = page["sequence"]?.text ?? ""
                return
            }
            cursor = next
        }
    }
}

@Suite struct ChangesTests {
    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func aCopyThatFollowsHasWhatTheCollectionHasAndSearchFindsIt(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let bench = try await SearchBench(postingCountMax: [20, 200].randomElement(using: &generator) ?? 20)
        var (often, seldom) = (ChunkCopy(), ChunkCopy())
        var jobs: [String] = []
        for step in 0..<16 {
            switch Int.random(in: 0..<9, using: &generator) {
            case 0 where !bench.objects.isEmpty && step > 0:
                if let key = bench.objects.keys.sorted().randomElement(using: &generator) {
                    let id = try await bench.documentID(key)
                    if id != "doc_0" { try await bench.service.documents.delete("docs", id, for: bench.caller) }
                }
            case 1 where !jobs.isEmpty:
                _ = try await bench.service.jobs.rollBack(jobs.removeLast(), for: bench.caller)
            case 2 where step > 5:
                _ = try await bench.service.documents.deleteAll("docs", for: bench.caller)
                jobs = []
            case 3: try await bench.restart()
            case 4: try await bench.service.search.indexes.settle(bench.collectionID)
            default:
                for _ in 0...Int.random(in: 0..<4, using: &generator) {
                    bench.objects["\(Int.random(in: 0..<8, using: &generator)).txt"] = SearchTests.text(
                        Int.random(in: 1...90, using: &generator), &generator)
                }
                jobs.append(try await bench.index())
            }
            let expected = try await bench.chunks().mapValues { $0["content"]?.stringValue ?? "" }
            try await often.follow(bench, limit: Int.random(in: 1...5, using: &generator))
            #expect(often.chunks == expected, "seed \(seed), step \(step)")
            try await bench.compare(seed: seed, &generator, queryCount: 3)
            if step % 4 == 3 {
                try await seldom.follow(bench, limit: 500)
                #expect(seldom.chunks == expected, "seed \(seed), step \(step)")
            }
        }
        await bench.close()
    }

    private func changes(_ bench: SearchBench, since: String?, cursor: String? = nil) async throws -> JSON {
        try await bench.service.search.changes("docs", since: since, limit: 100, cursor: cursor, for: bench.caller)
    }

    @Test func tellsWhatCameBetweenTheEndsOfTwoJobs() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n", "b.txt": "pear\n"])
        #expect(try await changes(bench, since: nil)["added"].items == [])
        let first = try await bench.index()
        bench.objects["b.txt"] = "plum\n"
        bench.objects["c.txt"] = "cherry\n"
        let second = try await bench.index()
        let page = try await changes(bench, since: first)
        #expect(page["removed"].items.count == 1)
        #expect(page["added"].items.compactMap { $0["content"]?.stringValue } == ["plum\n", "cherry\n"])
        #expect(page["next_cursor"] == .null)
        let none = try await changes(bench, since: second)
        #expect(none["removed"].items == [] && none["added"].items == [])
        await bench.close()
    }

    @Test func saysWhenItDoesNotReachBackSoFar() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        let job = try await bench.index()
        let sequence = try await changes(bench, since: job)["sequence"]?.text
        let path = try await bench.searchPath
        try await bench.restart { try FileManager.default.removeItem(atPath: path) }
        for since in [sequence, job] {
            await #expect(throws: SearchReader.expired) { try await changes(bench, since: since) }
        }
        #expect(try await changes(bench, since: "0")["added"].items.count == 1)
        for (since, cursor) in [("job_unknown", nil), ("x", nil), ("0", "x"), ("0", "1.a.-1.0"), ("0", "1.a.1")] {
            let error = await #expect(throws: ServiceError.self) {
                try await changes(bench, since: since, cursor: cursor)
            }
            if case .refused = error { Issue.record("\(since) \(cursor ?? "")") }
        }
        await bench.close()
    }
}
