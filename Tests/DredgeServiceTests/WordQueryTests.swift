import Foundation
import TestServers
import Testing

@testable import DredgeService

@Suite struct WordQueryTests {
    /// The terms of a query, as text.
    private func terms(_ text: String) throws -> [String] {
        let query = try WordQuery(text)
        return query.terms.map { term in
            term.map { place in
                String(decoding: query.words[place].text, as: UTF8.self) + (query.words[place].isPrefix ? "*" : "")
            }.joined(separator: " ")
        }
    }

    @Test(arguments: [
        ("Blue whale", ["blue", "whale"]), ("\"Blue whale\" sea", ["blue whale", "sea"]),
        ("whal* sea", ["whal*", "sea"]), ("\"blue whal\"*", ["blue whal*"]), ("\"blue whal*\"", ["blue whal"]),
        ("3.14 e-mail", ["3 14", "e mail"]), ("Café", ["cafe"]),
        ("a OR b AND NOT c", ["a", "or", "b", "and", "not", "c"]),
        ("NEAR(a b, 5)", ["near a", "b", "5"]), ("col:x ^y -z", ["col x", "y", "z"]), ("-* * (sea)", ["sea"]),
        ("sea-*", ["sea"]), ("'; DROP TABLE x", ["drop", "table", "x"]), ("\"\" sea", ["sea"]),
        ("sea\"blue whale\"sky", ["sea", "blue whale", "sky"]), ("very very", ["very", "very"]), ("漢字", ["漢 字"]),
    ])
    func `a text is words, phrases and beginnings, and nothing in it is an operator`(
        text: String, expected: [String]
    ) throws {
        #expect(try terms(text) == expected)
    }

    @Test func `what asks for nothing is refused in plain words`() throws {
        #expect(throws: WordQuery.Problem.openQuotation) { try WordQuery("blue \"whale") }
        for text in ["", "  ", "*", "\"\"", "--- ?!"] {
            #expect(throws: WordQuery.Problem.noWord) { try WordQuery(text) }
        }
        let words = (0..<65).map { "w\($0)" }
        #expect(try WordQuery(words.dropLast().joined(separator: " ")).words.count == 64)
        #expect(throws: WordQuery.Problem.tooManyWords) { try WordQuery(words.joined(separator: " ")) }
    }

    @Test(arguments: [
        ("blue whale", false, true), ("whale blue", false, true), ("\"blue whale\"", false, true),
        ("\"whale blue\"", false, false), ("blue shark", false, false), ("blue shark", true, true),
        ("\"whale blue\" sings", true, true), ("\"whale blue\" shark", true, false), ("wha*", false, true),
        ("\"a blue wh\"*", false, true), ("\"blue blue\"", false, true), ("hale", false, false),
        ("\"sings sings\"", false, true), ("ECOUTE", false, true),
    ])
    func `a text has a term where its words follow upon each other`(
        text: String, matchesAny: Bool, isFound: Bool
    ) throws {
        let query = try WordQuery(text, matchesAny: matchesAny)
        let match = query.match(Array("A blue, blue-ish whale: a blue\nWhale sings, sings. Écoute!".utf8))
        #expect((match != nil) == isFound)
    }

    @Test func `an excerpt is about the place with the most of the words, cut between words`() throws {
        let filler = String(repeating: "lorem ipsum ", count: 40)
        let text = Array("whale " + filler + "the blue\n\twhale sings " + filler).map { $0 }
        let bytes = Array(String(text).utf8)
        let match = try #require(try WordQuery("blue whale").match(bytes))
        let excerpt = Excerpt.of(bytes, match)
        #expect(excerpt.contains("the blue whale sings") && excerpt.hasPrefix("…") && excerpt.hasSuffix("…"))
        #expect(excerpt.utf8.count < 2 * Excerpt.byteCount)
        for word in excerpt.split(whereSeparator: { $0.isWhitespace || $0 == "…" }) {
            #expect(["lorem", "ipsum", "the", "blue", "whale", "sings"].contains(word), "\(excerpt)")
        }
        let short = Array("blue whale".utf8)
        #expect(Excerpt.of(short, try #require(try WordQuery("whale").match(short))) == "blue whale")
    }

    @Test(arguments: [1, UInt64.random(in: 2 ... .max)])
    func `an excerpt of any bytes is valid, short and has a word that was looked for`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] = [
            Array("whale".utf8), Array(" ".utf8), Array("漢字".utf8), Array("é".utf8), [0xFF], [0xE6], Array("🐋".utf8),
            Array("long".utf8), [0x0A],
        ]
        for _ in 0..<300 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<200, using: &generator) {
                text += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }
            text += Array(" whale ".utf8)
            let match = try #require(try WordQuery("whale").match(text), "seed \(seed)")
            let excerpt = Excerpt.of(text, match)
            #expect(excerpt.contains("whale") && excerpt.utf8.count < 3 * Excerpt.byteCount, "seed \(seed): \(excerpt)")
        }
    }
}
