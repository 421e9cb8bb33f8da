import DredgeBase
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeService

/// Searches of many windows, made without a service.
@Suite struct SearchRankingTests {
    private struct Chunk {
        var document: Int64
        var ordinal: Int
        var text: String
    }

    /// Documents of some chunks, in three segments of which the second is small. Every fifth is dead.
    private static func make(_ generator: inout SeededGenerator, at path: String) throws -> [Chunk] {
        let catalog = try SearchCatalog(path: path)
        defer { try? catalog.queue.close() }
        var (chunks, tokenizer, version) = ([Chunk](), SearchTokenizer(), Int64(0))
        for chunkCount in [5_000, 40, 2_500] {
            var (segment, count) = (SearchSegment(), 0)
            while count < chunkCount {
                version += 1
                let isLive = version % 5 != 0
                let length = Int.random(in: 1...90, using: &generator)
                for ordinal in 0..<length {
                    let text = SearchTests.text(Int.random(in: 1...9, using: &generator), &generator)
                    segment.add(Array(text.utf8), version: version, ordinal: ordinal, &tokenizer)
                    if isLive { chunks.append(Chunk(document: version, ordinal: ordinal, text: text)) }
                }
                if isLive {
                    let uri = "s3://bucket/\(version % 3)/\(version)"
                    try catalog.queue.write { [version] db in
                        try db.execute(
                            sql: "INSERT INTO document VALUES (?1, ?1, 1, '', ?2, ?3, 1, 1)",
                            arguments: [version, uri, length])
                    }
                }
                count += length
            }
            let id = try catalog.queue.write { try $0.takeSegmentID() }
            let content = try segment.write(to: SearchCatalog.segmentPath(path, id)) {}
            try catalog.queue.write { try $0.insert(SegmentRow(id: id, place: id, content: content)) }
        }
        return chunks
    }

    @Test func aQueryThatTakesTooLongIsGivenUp() throws {
        var generator = SeededGenerator(seed: 1)
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-ranking-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "x.search").path
        let chunks = try Self.make(&generator, at: path)
        let reader = try SearchReader(SearchCatalog(reading: path))
        let (words, _) = SearchTokenizer.words(of: try #require(chunks.first).text, countMax: 8)
        #expect {
            try reader.search(words, filter: nil, countMax: 10, deadline: Deadline(.zero))
        } throws: { error in
            if case ServiceError.refused(let refusal) = error { refusal.code == "query_timeout" } else { false }
        }
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func findsTheBestAsAPlainReferenceDoesWhateverItPassesOver(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-ranking-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "x.search").path
        let chunks = try Self.make(&generator, at: path)
        let plain = PlainBM25(
            Dictionary(uniqueKeysWithValues: chunks.map { ("\($0.document):\($0.ordinal)", $0.text) }))
        for isMerged in [false, true] {
            if isMerged {
                let catalog = try SearchCatalog(path: path)
                while try SearchMerging.step(catalog, check: {}, then: {}) {}
                try catalog.queue.close()
            }
            let reader = try SearchReader(try SearchCatalog(reading: path))
            for round in 0..<30 {
                let words = Set(
                    (0...round % 5).map { _ in "word\(Int(pow(400, Double.random(in: 0..<1, using: &generator))))" })
                let part = round % 3 == 0 ? "s3://bucket/\(round % 4)/" : nil
                let filter = part.map { part in
                    MetadataFilter.all([
                        .field("uri", .greaterOrEqual, .string(part)), .field("uri", .less, .string(part + "~")),
                    ])
                }
                var expected = plain.scores(words)
                if let part {
                    expected = expected.filter {
                        "s3://bucket/\((Int($0.key.split(separator: ":")[0]) ?? 0) % 3)/" == part
                    }
                }
                let countMax = [1, 10, 100][round / 3 % 3]
                let hits = try reader.search(words.map { Array($0.utf8) }, filter: filter, countMax: countMax)
                let best = expected.values.sorted(by: >).prefix(countMax)
                #expect(hits.count == best.count, "seed \(seed)")
                for (hit, score) in zip(hits, best) {
                    #expect(abs(hit.score - score) < 1e-3, "seed \(seed): \(words)")
                    #expect(abs(hit.score - (expected["\(hit.document):\(hit.ordinal)"] ?? -1)) < 1e-3, "seed \(seed)")
                }
            }
        }
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func `pages of a search with a condition are all that holds, equal ones in order`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-ranking-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "x.search").path
        let chunks = try Self.make(&generator, at: path)
        let reader = try SearchReader(try SearchCatalog(reading: path))
        // Some documents are not looked for; the others have an order of their own.
        var order = Array(Int32(0)..<Int32(reader.documents.count)).shuffled(using: &generator)
        for place in order.indices where place % 7 == 3 { order[place] = -1 }
        let places = Dictionary(uniqueKeysWithValues: reader.documents.enumerated().map { ($1.number, $0) })
        for round in 0..<40 {
            let words = (0...round % 3).map { _ in
                let word = "word\(Int(pow(400, Double.random(in: 0..<1, using: &generator))))"
                return Bool.random(using: &generator) ? word.dropLast() + "*" : word
            }
            let query = try WordQuery(words.joined(separator: " "), matchesAny: Bool.random(using: &generator))
            var condition = SearchCondition(query, order: order)
            let countMax = [1, 7, 300].randomElement(using: &generator) ?? 1
            var found: [SearchRanking.Place] = []
            // Of a great many, the first are enough.
            while found.count < countMax * 40 {
                var ranking = SearchRanking(
                    reader, filter: nil, condition: condition, countMax: countMax, deadline: Deadline(.seconds(600)))
                let page = try ranking.run(query.words)
                found += page
                if page.count < countMax { break }
                condition.after = page.last
            }
            let expected = chunks.filter { chunk in
                places[chunk.document].map { order[$0] >= 0 } ?? false && query.match(Array(chunk.text.utf8)) != nil
            }.map { "\($0.document):\($0.ordinal)" }
            let names = found.map { "\(reader.documents[Int($0.document)].number):\($0.ordinal)" }
            #expect(Set(names).count == names.count, "seed \(seed): \(words)")
            #expect(names.count == min(expected.count, max(names.count, countMax)), "seed \(seed): \(words)")
            #expect(Set(names).isSubset(of: expected), "seed \(seed): \(words)")
            let keys = found.map { (-Int64($0.score), order[Int($0.document)], $0.ordinal) }
            for (one, next) in zip(keys, keys.dropFirst()) { #expect(one < next, "seed \(seed): \(words)") }
            guard words.allSatisfy({ !$0.hasSuffix("*") }) else { continue }
            let plain = PlainBM25(
                Dictionary(uniqueKeysWithValues: chunks.map { ("\($0.document):\($0.ordinal)", $0.text) }))
            let scores = plain.scores(Set(words))
            for (name, place) in zip(names, found) {
                let score = Double(place.score) / Double(SearchRanking.one)
                #expect(abs(score - (scores[name] ?? -1)) < 1e-3, "seed \(seed): \(words)")
            }
        }
    }
}
